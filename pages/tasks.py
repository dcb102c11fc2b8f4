"""Tasks: one image, many questions: what, where, which pixels, which one of them?"""

from seglab.lessons.labs.tasks import TASKS
from seglab.ui.lab import begin, end

begin(TASKS)
end(TASKS)
