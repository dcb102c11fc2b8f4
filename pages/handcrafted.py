"""Without a network: a threshold, a watershed and kernels by hand, beside a network on the same images."""

from seglab.lessons.labs.handcrafted import HANDCRAFTED
from seglab.ui.handcrafted import handcrafted_panel
from seglab.ui.lab import begin, end

begin(HANDCRAFTED)
handcrafted_panel()
end(HANDCRAFTED)
