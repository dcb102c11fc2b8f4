"""The zygote: a process with torch loaded and warm that forks a worker for every task.

Started as ``python -m seglab.train.zygote`` with pipes. A task is one line of JSON on standard input, ``{"id": 1, "do": "train", …}``; an
answer is one line on standard output: ``{"id": 1, "result": …}`` or ``{"id": 1, "error": "…"}`` from the worker, then
``{"id": 1, "exit": code}`` from the zygote. It runs no kernels in threads and touches neither CUDA nor autograd, none of which survive a
fork. With ``--single`` (where fork is not to be had) it does one task itself and ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from seglab.train.failure import no_memory, reason
from seglab.train.limits import limit_memory
from seglab.train.spare import Spare, name, rehearse

NICE = 10  # below the web process and the browser: the pages come first
PICTURES = ("segment", "seams")  # tasks that take a picture of any size
LIMITED = ("train", *PICTURES)  # tasks of which a person's settings or picture decides how much memory they take
ANSWER_LIMIT = 4000  # bytes that a pipe writes in one piece, whoever else writes


def warm() -> None:
    """Load and touch what every task needs, in one thread."""
    import torch
    import torch._dynamo  # optimisers load it on their first use, which takes a second

    from seglab.data.domains import DOMAINS
    from seglab.nets.unet import UNet
    from seglab.train import job, stopping, tasks  # noqa: F401
    from seglab.train.batches import make_batch
    from seglab.train.config import TrainConfig
    from seglab.train.examples import opened

    torch.set_num_threads(1)
    with torch.no_grad():
        UNet(1, 2, 2, 8)(torch.zeros(1, 1, 32, 32))
    for domain in DOMAINS:  # the first batch of each domain's usual training
        config = TrainConfig(data=domain)
        make_batch(opened(config), config, 0, {})


_ended = threading.Event()


def _await_end() -> None:
    """After its one task nothing more comes on standard input but the end."""
    sys.stdin.buffer.read()
    _ended.set()


def server_gone() -> bool:
    """Whether the process at the other end of standard input has ended."""
    if not hasattr(select, "poll"):
        return _ended.is_set()
    watch = select.poll()
    watch.register(0, select.POLLHUP)
    return any(happened & (select.POLLHUP | select.POLLERR) for _, happened in watch.poll(0))


def answer(pipe: int, **said: Any) -> None:
    """One line to the server, in one piece."""
    line = json.dumps(said)
    if len(line) > ANSWER_LIMIT:
        line = json.dumps({"id": said.get("id"), "error": "the answer is too long"})
    os.write(pipe, (line + "\n").encode())


def work(task: dict[str, Any], pipe: int) -> None:
    """Do one task and answer; an error becomes a sentence."""
    from seglab.train.tasks import TASKS

    name(f"seglab {task['do']}")
    try:
        answer(pipe, id=task["id"], result=TASKS[task["do"]](task, server_gone))
    except Exception as error:
        few = no_memory(error) and task["do"] != "train"
        told = "there is not enough memory for this" + (" picture: a smaller one needs less" if task["do"] in PICTURES else "")
        answer(pipe, id=task["id"], error=told if few else reason(error)[:1000])


def fork_worker(task: dict[str, Any], pipe: int, spare: Spare) -> int:
    """Fork a worker for `task`; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        spare.close()
        begin_work(task["do"] in LIMITED)
        work(task, pipe)
    finally:
        os._exit(0)


def begin_work(limited: bool) -> None:
    """What a process that was just forked does first."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setpgrp()
    os.nice(NICE)
    if limited:
        limit_memory()


def give_way() -> None:
    """Let this process and its workers come after pages and browsers also where the kernel shares a core by session.

    There a process's own priority counts within its session only (Linux, sched(7): autogroup).
    """
    with suppress(OSError):  # no such kernel; or started by hand, and a session's first process already
        os.setsid()
        Path("/proc/self/autogroup").write_text(str(NICE), encoding="ascii")


def serve(pipe: int) -> None:
    """Fork workers for the tasks that arrive until the server is gone."""
    awake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    workers: dict[int, dict[str, Any]] = {}
    spare = Spare(lambda: begin_work(limited=True), lambda line: work(json.loads(line), pipe))
    rest = b""
    while True:
        if not any(task["do"] == "train" for task in workers.values()):  # its rehearsal would take their cores
            spare.fork()
        ready, _, _ = select.select([0, awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            reap(workers, spare, pipe)
        if 0 in ready:
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                task = json.loads(line)
                ahead = spare.give(line) if task["do"] == "train" else None
                workers[ahead or fork_worker(task, pipe, spare)] = task


def reap(workers: dict[int, dict[str, Any]], spare: Spare, pipe: int) -> None:
    """Tell the server which workers have ended, and how."""
    while workers or spare.pid:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        if pid == spare.pid:
            spare.lose()
        elif pid in workers:
            answer(pipe, id=workers.pop(pid)["id"], exit=os.waitstatus_to_exitcode(status))


def main(single: bool) -> None:
    """Take over the pipes (anything printed goes to standard error instead) and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = os.dup(1)
    os.dup2(2, 1)
    warm()
    answer(pipe, ready=os.getpid())
    if single:
        rehearse()
        line = sys.stdin.buffer.readline()
        threading.Thread(target=_await_end, daemon=True).start()
        if line:
            work(json.loads(line), pipe)
    else:
        give_way()
        serve(pipe)


if __name__ == "__main__":
    main("--single" in sys.argv[1:])
