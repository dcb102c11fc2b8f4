"""Use it: a trained network, a picture of any size, a threshold, tiles, and what it says of things that it never learned."""

from seglab.lessons.labs.use import USE
from seglab.ui.lab import begin, end
from seglab.ui.use import use_panel

begin(USE)
use_panel()
end(USE)
