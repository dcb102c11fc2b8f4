"""Sliding window: classify the middle of every patch, one after the other; then the same in a single pass."""

from seglab.lessons.labs.sliding_window import SLIDING_WINDOW
from seglab.ui.lab import begin, end
from seglab.ui.sliding_window import sliding_window

begin(SLIDING_WINDOW)
sliding_window()
end(SLIDING_WINDOW)
