"""Turns: how many scripts run at a time, and who is next.

Every session has a thread of its own, and Python lets one of them work at a time. If all three hundred of a hall worked at once, each
would be as late as the last; so whoever asks for a rerun waits for a turn, and is done soon after it has one.
"""

from __future__ import annotations

import asyncio
from collections import deque

from google.protobuf.message import DecodeError
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

LONGEST_LAST = 400  # bytes of a run's last message at most; longer ones are not read


class Turns:
    """`most` at a time; a turn that lasts longer than `patience` seconds counts no more, since it waits for something else."""

    def __init__(self, most: int = 8, patience: float = 0.5) -> None:
        self.most, self.patience = most, patience
        self.out = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> Turn:
        """A turn, once those who asked earlier have had theirs."""
        if self.out < self.most and not self._waiting:
            self.out += 1
        else:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._free()  # it came in the very moment in which nobody wanted it any more
                raise
        return Turn(self)

    def _free(self) -> None:
        """One turn is over: the next one's begins."""
        while self._waiting:
            next_one = self._waiting.popleft()
            if not next_one.done():
                next_one.set_result(None)
                return
        self.out -= 1


class Turn:
    """One turn, until it is given back or has lasted too long."""

    def __init__(self, turns: Turns) -> None:
        self._turns: Turns | None = turns
        self._late = asyncio.get_running_loop().call_later(turns.patience, self.give_back)

    def give_back(self) -> None:
        """It is over; to be called as often as one likes."""
        if self._turns is not None:
            self._late.cancel()
            turns, self._turns = self._turns, None
            turns._free()

    @property
    def over(self) -> bool:
        """Whether it was given back, or lasted too long."""
        return self._turns is None


def is_last(data: bytes) -> bool:
    """Whether a message of Streamlit's says that a script has finished.

    >>> is_last(ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY).SerializeToString())
    True
    >>> is_last(ForwardMsg(ref_hash="12").SerializeToString()), is_last(b"no message")
    (False, False)
    """
    if len(data) > LONGEST_LAST:
        return False
    try:
        return str(ForwardMsg.FromString(data).WhichOneof("type")) == "script_finished"
    except DecodeError:
        return False
