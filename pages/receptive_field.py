"""Receptive field: what one output cell can see of the image, and what it really looks at."""

from seglab.lessons.labs.receptive_field import RECEPTIVE_FIELD
from seglab.ui.lab import begin, end

begin(RECEPTIVE_FIELD)
end(RECEPTIVE_FIELD)
