"""Receptive field: what one output cell can see of the image, and what it really looks at."""

from seglab.lessons.labs.receptive_field import RECEPTIVE_FIELD
from seglab.ui.lab import begin, end
from seglab.ui.receptive_field import receptive_field_panel

begin(RECEPTIVE_FIELD)
receptive_field_panel()
end(RECEPTIVE_FIELD)
