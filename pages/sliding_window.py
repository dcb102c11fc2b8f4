"""Sliding window: classify the middle of every patch, one after the other; then the same in a single pass."""

from seglab.lessons.labs.sliding_window import SLIDING_WINDOW
from seglab.ui.lab import begin, end

begin(SLIDING_WINDOW)
end(SLIDING_WINDOW)
