"""Network builder: choose a network and the size of an image, and see every shape on the way, or where it breaks."""

from seglab.lessons.labs.builder import BUILDER
from seglab.ui.builder import builder
from seglab.ui.lab import begin, end

begin(BUILDER)
builder()
end(BUILDER)
