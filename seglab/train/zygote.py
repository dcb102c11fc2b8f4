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
from typing import Any

from seglab.train.failure import reason
from seglab.train.limits import limit_memory

NICE = 5  # below the web process: the pages come first
ANSWER_LIMIT = 4000  # bytes that a pipe writes in one piece, whoever else writes


def warm() -> None:
    """Load and touch what every task needs, in one thread."""
    import torch
    import torch._dynamo  # optimisers load it on their first use, which takes a second

    from seglab.data.domains import DOMAINS
    from seglab.nets.unet import UNet
    from seglab.train.batches import make_batch
    from seglab.train.config import TrainConfig
    from seglab.train.examples import opened

    torch.set_num_threads(1)
    with torch.no_grad():
        UNet(1, 2, 2, 8)(torch.zeros(1, 1, 32, 32))
    for name in DOMAINS:  # the first batch of each domain's usual training
        config = TrainConfig(data=name)
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

    try:
        answer(pipe, id=task["id"], result=TASKS[task["do"]](task, server_gone))
    except Exception as error:
        few = isinstance(error, MemoryError) and task["do"] != "train"
        answer(pipe, id=task["id"], error="there is not enough memory for this" if few else reason(error)[:1000])


def fork_worker(task: dict[str, Any], pipe: int) -> int:
    """Fork a worker for `task`; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.nice(NICE)
    try:
        if task["do"] == "train":
            limit_memory()
        work(task, pipe)
    finally:
        os._exit(0)


def serve(pipe: int) -> None:
    """Fork workers for the tasks that arrive until the server is gone."""
    awake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    workers: dict[int, int] = {}
    rest = b""
    while True:
        ready, _, _ = select.select([0, awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            reap(workers, pipe)
        if 0 in ready:
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                task = json.loads(line)
                workers[fork_worker(task, pipe)] = task["id"]


def reap(workers: dict[int, int], pipe: int) -> None:
    """Tell the server which workers have ended, and how."""
    while workers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        answer(pipe, id=workers.pop(pid), exit=os.waitstatus_to_exitcode(status))


def main(single: bool) -> None:
    """Take over the pipes (anything printed goes to standard error instead) and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = os.dup(1)
    os.dup2(2, 1)
    warm()
    answer(pipe, ready=os.getpid())
    if single:
        line = sys.stdin.buffer.readline()
        threading.Thread(target=_await_end, daemon=True).start()
        if line:
            work(json.loads(line), pipe)
    else:
        serve(pipe)


if __name__ == "__main__":
    main("--single" in sys.argv[1:])
