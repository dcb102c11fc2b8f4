"""Other pictures out: the same network to denoise, sharpen, enlarge, fill and colour."""

from seglab.lessons.labs.restore import RESTORE
from seglab.ui.lab import begin, end
from seglab.ui.restore import restore_panel

begin(RESTORE)
restore_panel()
end(RESTORE)
