"""Tasks: one image, many questions: what, where, which pixels, which one of them?"""

from seglab.lessons.labs.tasks import TASKS
from seglab.ui.lab import begin, end
from seglab.ui.tasks import tasks_panel

begin(TASKS)
tasks_panel()
end(TASKS)
