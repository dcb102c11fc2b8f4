"""Compare: runs laid over each other, and experiments that answer one question with five seeds."""

from seglab.lessons.labs.compare import COMPARE
from seglab.ui.compare import compare_panel
from seglab.ui.lab import begin, end

begin(COMPARE)
compare_panel()
end(COMPARE)
