"""Turns: few scripts run at a time, those who came first go first, and nobody holds up the others."""

from __future__ import annotations

import asyncio
from typing import Any

from conftest import awaited
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from seglab.ui import collecting
from seglab.ui.collecting import Collector
from seglab.ui.guard import Limits, Watched
from seglab.ui.turns import Turn, Turns

NEVER = 1e6  # seconds
ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY, ForwardMsg.FINISHED_EARLY_FOR_RERUN)


async def rest() -> None:
    """Let all that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_so_many_at_a_time_in_the_order_in_which_they_came() -> None:
    async def tried() -> None:
        turns, began, had = Turns(2, NEVER), list[int](), dict[int, Turn]()

        async def come(number: int) -> None:
            had[number] = await turns.take()
            began.append(number)

        everybody = [asyncio.ensure_future(come(number)) for number in range(5)]
        await rest()
        assert began == [0, 1]
        had[1].give_back()
        had[1].give_back()  # once more changes nothing
        await rest()
        assert began == [0, 1, 2]
        for number in (0, 2):
            had[number].give_back()
        await rest()
        assert began == [0, 1, 2, 3, 4]
        for number in (3, 4):
            had[number].give_back()
        await asyncio.gather(*everybody)
        assert turns.out == 0

    awaited(tried())


def test_whoever_leaves_the_line_holds_nobody_up() -> None:
    async def tried() -> None:
        turns = Turns(1, NEVER)
        first = await turns.take()
        second, third, fourth = (asyncio.ensure_future(turns.take()) for _ in range(3))
        await rest()
        second.cancel()  # while it waits
        await rest()
        first.give_back()
        third.cancel()  # in the moment in which its turn came
        (await fourth).give_back()
        assert third.cancelled()
        assert turns.out == 0

    awaited(tried())


def test_a_turn_that_lasts_too_long_counts_no_more() -> None:
    async def tried() -> None:
        turns = Turns(1, 0.01)
        slow = await turns.take()
        await turns.take()
        assert slow.over
        slow.give_back()
        assert turns.out == 1  # the second one's, which nobody gave back

    awaited(tried())


class Visitor:
    """A socket that the guard watches: `say` is what the browser sends, `heard` what Streamlit hears."""

    def __init__(self, turns: Turns) -> None:
        self.coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: list[str | None] = []
        self.watched = Watched(Limits(), turns, self.coming.get, self._sent)
        self.task = asyncio.ensure_future(self._listen())

    async def _sent(self, message: Any) -> None:
        pass

    async def _listen(self) -> None:
        while (message := await self.watched.receive())["type"] == "websocket.receive":
            self.heard.append(BackMsg.FromString(message["bytes"]).WhichOneof("type"))

    def say(self, asked: BackMsg) -> None:
        self.coming.put_nowait({"type": "websocket.receive", "bytes": asked.SerializeToString()})

    async def tell(self, said: ForwardMsg) -> None:
        await self.watched.send({"type": "websocket.send", "bytes": said.SerializeToString()})
        await rest()

    async def leave(self) -> None:
        self.coming.put_nowait({"type": "websocket.disconnect", "code": 1001})
        self.watched.end()
        await self.task


def rerun() -> BackMsg:
    asked = BackMsg()
    asked.rerun_script.page_name = "fcn"
    return asked


def test_a_rerun_waits_until_another_visitors_script_has_finished() -> None:
    async def tried(end: Any) -> None:
        turns = Turns(1, NEVER)
        one, two = Visitor(turns), Visitor(turns)
        one.say(rerun())
        await rest()
        two.say(BackMsg(app_heartbeat=True))
        two.say(rerun())
        await rest()
        assert (one.heard, two.heard) == (["rerun_script"], ["app_heartbeat"])
        one.say(rerun())  # of the one whose turn it is
        await rest()
        assert one.heard == ["rerun_script", "rerun_script"]
        await one.tell(ForwardMsg(ref_hash="some of the page"))
        assert two.heard == ["app_heartbeat"]
        await one.tell(ForwardMsg(script_finished=end))
        assert two.heard == ["app_heartbeat", "rerun_script"]
        await one.leave()
        await two.leave()
        assert turns.out == 0

    for end in ENDS:
        awaited(tried(end))


def test_a_visitor_who_goes_gives_the_turn_back() -> None:
    async def tried() -> None:
        turns = Turns(1, NEVER)
        one, two = Visitor(turns), Visitor(turns)
        one.say(rerun())
        two.say(rerun())
        await rest()
        await one.leave()
        await rest()
        assert two.heard == ["rerun_script"]
        await two.leave()

    awaited(tried())


def test_everything_is_looked_through_once_many_have_left_and_nobody_is_served(monkeypatch: Any) -> None:
    monkeypatch.setattr(collecting, "SOON", 0)

    async def tried() -> None:
        busy, times = [True], list[int]()
        collector = Collector(lambda: busy[0], lambda: times.append(collector.gone))
        for others in range(collecting.SOME - 1):
            collector.left(others)
        await rest()
        assert (collector.gone, collector._planned) == (collecting.SOME - 1, False)
        collector.left(3 * collecting.SOME + 3)  # among so many others it is too few
        assert not collector._planned
        collector.left(3 * collecting.SOME + 3)
        assert collector._planned
        await rest()
        assert times == []
        busy[0] = False
        await rest()
        assert (times, collector.gone, collector._planned) == ([0], 0, False)

    awaited(tried())
