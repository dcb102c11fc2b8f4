"""FCN: from a coarse map of scores back to the pixels: in one leap of 32, or in steps with finer maps added."""

from seglab.lessons.labs.fcn import FCN
from seglab.ui.fcn import fcn_panel
from seglab.ui.lab import begin, end

begin(FCN)
fcn_panel()
end(FCN)
