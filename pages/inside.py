"""Look inside: the maps and weights of a trained network, in the stage, and what moves its answers."""

from seglab.lessons.labs.inside import INSIDE
from seglab.ui.inside import inside_panel
from seglab.ui.lab import begin, end

begin(INSIDE)
inside_panel()
end(INSIDE)
