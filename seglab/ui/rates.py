"""How often a visitor may ask, and what becomes of requests that come faster: they are joined, and none is lost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

MOST_HELD = 20  # requests of different kinds (of fragments, of pages) that wait for their turn at a time


class Bucket:
    """Takes `most` at once, then `rate` a second."""

    def __init__(self, rate: float, most: float, now: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.most, self.now = rate, most, now
        self.level, self.then = most, now()

    def _fill(self) -> None:
        now = self.now()
        self.level, self.then = min(self.most, self.level + (now - self.then) * self.rate), now

    def take(self) -> bool:
        """Whether one more may come now."""
        self._fill()
        if self.level < 1:
            return False
        self.level -= 1
        return True

    def wait(self) -> float:
        """Seconds until the next one may come."""
        self._fill()
        return max(0.0, (1 - self.level) / self.rate)


class Held:
    """Requests to rerun that came too fast, in their order. One that asks for the same as the last one takes its place."""

    def __init__(self) -> None:
        self.waiting: deque[BackMsg] = deque()

    def add(self, asked: BackMsg) -> bool:
        """Keep a request for later; False where too many are kept already."""
        if self.waiting and kind(self.waiting[-1]) == kind(asked):
            press(asked, self.waiting.pop())
        elif len(self.waiting) >= MOST_HELD:
            return False
        self.waiting.append(asked)
        return True

    def __bool__(self) -> bool:
        return bool(self.waiting)


def kind(asked: BackMsg) -> tuple[str, ...]:
    """What a request asks for: requests of one kind may be joined."""
    state = asked.rerun_script
    return state.page_script_hash, state.page_name, state.fragment_id


def press(later: BackMsg, earlier: BackMsg) -> None:
    """Let a later request know of the buttons that were pressed with an earlier one, which it would otherwise replace."""
    known = {widget.id: widget for widget in later.rerun_script.widget_states.widgets}
    for widget in earlier.rerun_script.widget_states.widgets:
        if pressed(widget):
            if widget.id not in known:
                later.rerun_script.widget_states.widgets.append(widget)
            elif not pressed(known[widget.id]) and known[widget.id].WhichOneof("value") == widget.WhichOneof("value"):
                known[widget.id].CopyFrom(widget)


def pressed(widget: WidgetState) -> bool:
    """Whether a widget's value holds for one run only, and is set: a button that was pressed, a line that was sent."""
    field = widget.WhichOneof("value")
    if field in ("trigger_value", "json_trigger_value"):
        return bool(getattr(widget, field))
    return field in ("string_trigger_value", "chat_input_value") and bool(getattr(widget, field).ByteSize())
