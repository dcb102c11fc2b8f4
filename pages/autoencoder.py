"""Autoencoder: an image through a few numbers and back; whether a U-Net is one; what its bottleneck and its error tell without labels."""

from seglab.lessons.labs.autoencoder import AUTOENCODER
from seglab.ui.autoencoder import autoencoder_panel
from seglab.ui.lab import begin, end

begin(AUTOENCODER)
autoencoder_panel()
end(AUTOENCODER)
