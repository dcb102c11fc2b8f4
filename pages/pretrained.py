"""A head start: an encoder that learned elsewhere, a new decoder, and few labelled images."""

from seglab.lessons.labs.pretrained import PRETRAINED
from seglab.ui.lab import begin, end
from seglab.ui.pretrained import pretrained_panel

begin(PRETRAINED)
pretrained_panel()
end(PRETRAINED)
