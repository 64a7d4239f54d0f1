"""The processes that the tests of this folder start, kill and interrupt: `children.py NAME ARGUMENT …`.

`nursery` loads Tunewright once and then forks a child for each line that it reads, so that a process to kill costs milliseconds;
whatever runs in the child runs as in any other process. The others can also be started by themselves.
"""

import ctypes
import json
import os
import platform
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import tunewright as tw
from tunewright import param
from tunewright.events import Told
from tunewright.processes import machine as name_of_machine
from tunewright.processes import started
from tunewright.samplers import Grid, Random, Sampler
from tunewright.schedulers import PBT, Once
from tunewright.storage import sql
from tunewright.study import Study

SPACE: Final = tw.SearchSpace(
    {
        "x": tw.Float(-5.0, 5.0),
        "rate": tw.Float(1e-6, 1.0, log=True),
        "depth": tw.Int(1, 30),
        "kind": tw.Categorical(["plain", "deep", None, 1, "1"]),
        "slope": tw.Float(0.0, 1.0),
    },
    when={"slope": param("kind") == "deep"},
)
FINITE: Final = tw.SearchSpace({"a": tw.Int(1, 6), "b": tw.Categorical(["p", "q", "r"]), "c": tw.Bool()})
LINE: Final = tw.SearchSpace({"x": tw.Float(0.0, 1.0)})
LOSS: Final = tw.Metric("loss", "minimize")


def mark(path: str, text: str) -> None:
    """Add a line to a side file, so that it outlives this process from the moment this returns."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.write(file, f"{text}\n".encode())
    os.close(file)


def wait_for(path: str, seconds: float = 60.0) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + seconds
    while not Path(path).exists():
        if time.monotonic() > end:
            raise SystemExit(f"{path} did not come")
        time.sleep(0.001)


# ---- killed at random ----------------------------------------------------------------------------------------------------------


def seek(url: str, acknowledged: str, trials: str, folds: str, longest: str = "0.004") -> None:
    """Optimize tasks of up to so many seconds; each result goes to the side file after its tell has returned."""

    def note(_: Any, entry: Any) -> None:
        told = entry.event
        mark(acknowledged, f"{entry.position} {entry.trial} {told.index} {told.values['loss'].hex()}")

    def objective(live: Any) -> float:
        luck = int.from_bytes(os.urandom(7), "big") / 2**56
        live.report(1, loss=luck)
        live.report(2, loss=-luck)
        if float(longest):
            time.sleep(luck * float(longest))
        return luck / 3.0

    study = Study(SPACE, LOSS, sampler=Random(), scheduler=Once(folds=int(folds)), storage=url, name="killed", seed=7)
    goal = int(trials) or len(study.history) + 3
    study.optimize(objective, trials=goal, listeners=[note])


def breed(url: str, side: str, workers: str) -> None:
    """Train a population until it has come to its end. Each beginning of a task says what it found; each acknowledged result is noted."""

    def note(_: Any, entry: Any) -> None:
        if isinstance(entry.event, Told):
            mark(side, f"told {entry.trial} {entry.event.index} {entry.event.values['loss'].hex()}")

    def objective(live: Any) -> float:
        steps: list[float] = []
        if live.resume_from is not None:
            steps = json.loads(Path(live.resume_from, "steps").read_text(encoding="ascii"))
        while len(steps) < live.budget:  # a checkpoint holds the configuration of each epoch
            steps.append(live["x"])
            time.sleep(0.002)
            if len(steps) % 2 == 0:
                with live.save_checkpoint() as folder:
                    (folder / "steps").write_text(json.dumps(steps), encoding="ascii")
        return sum(steps)

    study = Study(LINE, LOSS, sampler=Random(), scheduler=PBT(4, 40, population=8), storage=url, name="bred", seed=7)
    study.optimize(objective, workers=int(workers), listeners=[note], retries=20)
    mark(side, "over")


def toil(url: str, acknowledged: str, hands: str, trials: str) -> None:
    """As `seek`, with two workers in processes of their own, which say in a side file who they are; a task is tried until it is done."""

    def note(_: Any, entry: Any) -> None:
        told = entry.event
        if isinstance(told, Told):
            mark(acknowledged, f"{entry.position} {entry.trial} {told.index} {told.values['loss'].hex()}")

    def objective(live: Any) -> float:
        mark(hands, f"{os.getpid()} {started(os.getpid())}")
        luck = int.from_bytes(os.urandom(7), "big") / 2**56
        live.report(1, loss=luck)
        time.sleep(luck * 0.1)
        return luck / 3.0

    study = Study(SPACE, LOSS, sampler=Random(), storage=url, name="killed", seed=7)
    goal = int(trials) or len(study.history) + 3
    study.optimize(objective, trials=goal, workers=2, retries=1_000, listeners=[note])


def jump(url: str, acknowledged: str, jumps: str) -> None:
    """`seek` for as long as Python's clock has jumped so many times, a day forth or back, ten times a second."""
    really, shift = time.time, [0.0]
    time.time = lambda: really() + shift[0]

    def leap() -> None:
        for number in range(int(jumps)):
            time.sleep(0.1)
            shift[0] = (0.0, 86400.0, -86400.0)[(number + 1) % 3]
        mark(acknowledged + ".jumped", str(jumps))

    threading.Thread(target=leap, daemon=True).start()
    while not Path(acknowledged + ".jumped").exists():
        seek(url, acknowledged, "0", "1")


# ---- several processes ---------------------------------------------------------------------------------------------------------


def create(url: str, gate: str, side: str) -> None:
    """Create one and the same study at the same moment as others, and do one trial."""
    wait_for(gate)
    study = Study(SPACE, LOSS, sampler=Random(), storage=url, name="one", seed=3)
    task = study.ask()
    study.tell(task, 0.25)
    mark(side, f"ok {task.trial}")


def share(url: str, gate: str, side: str, trials: str, workers: str) -> None:
    """One of several coordinators with the same goal, each in a process group of its own."""
    os.setpgrp()
    wait_for(gate)

    def objective(live: Any) -> float:
        mark(side, str(live.trial))
        time.sleep(0.003)
        return float(live["x"])

    study = Study(SPACE, LOSS, sampler=Random(), storage=url, name="shared", seed=3)
    study.optimize(objective, trials=int(trials), workers=int(workers))


def far(url: str, machine: str, side: str, back: str, trials: str) -> None:
    """Share a study from another machine: a network namespace, and a host's name, of its own.

    `back`: a file; the second task waits for it. Empty: none does.
    """
    system = ctypes.CDLL(None, use_errno=True)
    with Path("/var/run/netns", machine).open("rb") as network:
        if system.setns(network.fileno(), 0x40000000) or system.unshare(0x04000000):  # CLONE_NEWNET, CLONE_NEWUTS
            raise OSError(ctypes.get_errno(), f"no namespace {machine}")
    socket.sethostname(machine)
    platform._uname_cache = None  # type: ignore[attr-defined]  # whoever forked this has looked already
    name_of_machine.cache_clear()
    begun: list[int] = []

    def objective(live: Any) -> float:
        begun.append(live.trial)
        mark(side, f"{live.trial} {machine}")
        if back and len(begun) == 2:
            mark(back + ".awaited", str(live.trial))
            wait_for(back, 300.0)
        time.sleep(0.1)
        return float(live["x"])

    study = Study(SPACE, LOSS, sampler=Random(), storage=url, name="far", seed=3)
    study.optimize(objective, trials=int(trials))


def exhaust(url: str, gate: str, sampler: str) -> None:
    """One of several processes that try a finite space, without a limit."""
    wait_for(gate)
    samplers: dict[str, Callable[[], Sampler]] = {"random": Random, "grid": lambda: Grid(levels=6)}
    study = Study(FINITE, LOSS, sampler=samplers[sampler](), storage=url, name="finite", seed=5)

    def objective(live: Any) -> float:
        time.sleep(0.002)
        return float(live["a"])

    study.optimize(objective)


class Thinks(Sampler):
    """Thinks for very long, and says that it began."""

    def __init__(self, side: str) -> None:
        self.side = side

    def propose(self, space: Any, history: Any, rng: Any) -> Any:
        mark(self.side, "thinking")
        time.sleep(600)
        return space.sample(rng)


def think(url: str, side: str) -> None:
    """Hold the right to ask until killed."""
    Study(LINE, LOSS, sampler=Thinks(side), storage=url, name="line", seed=0).ask()


# ---- workers that die ----------------------------------------------------------------------------------------------------------


def _segfault() -> None:
    ctypes.string_at(0)


def _exit() -> None:
    os._exit(1)


def _abort() -> None:
    os.abort()


def _out_of_memory() -> None:
    """What the system's out-of-memory killer does to a process."""
    os.kill(os.getpid(), signal.SIGKILL)


DEATHS: Final = {"segfault": _segfault, "exit": _exit, "abort": _abort, "oom": _out_of_memory}


def die(url: str, how: str, trials: str) -> None:
    """Workers that die in every trial with x > 0.7."""
    death = DEATHS[how]

    def objective(live: Any) -> float:
        if live["x"] > 0.7:
            death()
        time.sleep(0.002)
        return float(live["x"])

    study = Study(LINE, LOSS, sampler=Random(), storage=url, name="line", seed=11)
    study.optimize(objective, trials=int(trials), workers=2)


def leave(url: str, side: str) -> None:
    """A coordinator with two workers that outlast it, unless somebody ends them."""

    def objective(_: Any) -> float:
        mark(side, str(os.getpid()))
        time.sleep(600)
        return 0.0

    Study(LINE, LOSS, sampler=Random(), storage=url, name="line", seed=0).optimize(objective, trials=2, workers=2)


def climb(url: str, side: str) -> None:
    """Two workers; each epoch is a checkpoint. The first to arrive never comes beyond its third epoch."""
    first = not Path(side).exists()

    def objective(live: Any) -> dict[str, Any]:
        begun = 0 if live.resume_from is None else int((Path(live.resume_from) / "epoch").read_text(encoding="ascii"))
        for epoch in range(begun + 1, 6):
            with live.save_checkpoint() as folder:
                (folder / "epoch").write_text(str(epoch), encoding="ascii")
            live.report(epoch, loss=float(live["x"]))
            if first and epoch == 3:
                mark(side, str(os.getpid()))
                time.sleep(600)
        return {"loss": float(live["x"]), "begun": begun}

    study = Study(LINE, LOSS, sampler=Random(), storage=url, name="line", seed=0)
    study.optimize(objective, trials=4, workers=2)


# ---- what an objective may do --------------------------------------------------------------------------------------------------


class CannotTravel(Exception):
    """An exception that no pickle can hold."""

    def __init__(self) -> None:
        super().__init__("no pickle holds me")
        self.lock = threading.Lock()


class CannotSpeak(Exception):
    """An exception whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


class NeedsTwo(Exception):
    """An exception that is pickled and cannot be unpickled."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def _raise(error: BaseException) -> Any:
    raise error


BEHAVIOURS: Final[list[Callable[[], Any]]] = [
    lambda: sys.exit(3),
    lambda: sys.exit("with a text"),
    lambda: _raise(CannotTravel()),
    lambda: _raise(CannotSpeak()),
    lambda: _raise(NeedsTwo("one", "two")),
    lambda: _raise(GeneratorExit()),
    lambda: _raise(SystemError("deep")),
    lambda: threading.Lock(),
    lambda: lambda: 1.0,
    lambda: {"loss": 1.0, "info": threading.Lock()},
    lambda: {"loss": 2.0, "info": {"nested": [float("nan"), object]}},
    lambda: _deep(),
]
"""What the n-th trial does."""


def _deep() -> Any:
    return _deep()


def misbehave(url: str, workers: str) -> None:
    """Every behaviour once, then a good one."""

    def objective(live: Any) -> Any:
        return BEHAVIOURS[live.trial]() if live.trial < len(BEHAVIOURS) else 0.5

    study = Study(LINE, LOSS, sampler=Random(), storage=url, name="line", seed=0)
    study.optimize(objective, trials=len(BEHAVIOURS) + 1, workers=int(workers))


def linger(url: str, side: str, seconds: str, workers: str, trials: str = "1000") -> None:
    """Long trials, to be interrupted; each says when it begins and when it ends."""

    def objective(live: Any) -> float:
        mark(side, f"begin {live.trial}")
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            time.sleep(0.01)
        mark(side, f"end {live.trial}")
        return 1.0

    study = Study(LINE, LOSS, sampler=Random(), storage=url, name="line", seed=0)
    study.optimize(objective, trials=int(trials), workers=int(workers))
    mark(side, "returned")


def linger_in_a_group(url: str, side: str, seconds: str, workers: str) -> None:
    """`linger` as leader of a process group, to which a terminal would send Ctrl-C."""
    os.setpgrp()
    linger(url, side, seconds, workers)


# ---- faults of the disk --------------------------------------------------------------------------------------------------------


def fill(url: str, side: str, text: str) -> None:
    """Optimize with results that are `text` characters long, until an error stops it; tells what was acknowledged."""

    def objective(live: Any) -> dict[str, Any]:
        return {"loss": float(live["x"]), "log": os.urandom(int(text) // 2).hex()}

    def note(_: Any, entry: Any) -> None:
        if isinstance(entry.event, Told):
            mark(side, f"{entry.position} {entry.trial} {entry.event.values['loss'].hex()}")

    study = Study(LINE, LOSS, sampler=Random(), storage=url, name="line", seed=0)
    study.optimize(objective, trials=100_000, listeners=[note])


def count_to(url: str, trials: str) -> None:
    """Take the line up to a number of finished trials."""
    study = Study(LINE, LOSS, sampler=Random(), storage=url, name="line", seed=0)
    study.optimize(lambda live: float(live["x"]), trials=int(trials) or len(study.history))


def outlive(url: str, side: str) -> None:
    """Many short trials, while the test does something to the file."""

    def objective(live: Any) -> float:
        mark(side, str(live.trial))
        time.sleep(0.005)
        return float(live["x"])

    study = Study(LINE, LOSS, sampler=Random(), storage=url, name="line", seed=0)
    study.optimize(objective, trials=100_000)


# ---- starting ------------------------------------------------------------------------------------------------------------------

CHILDREN: Final[dict[str, Callable[..., None]]] = {
    child.__name__: child
    for child in (
        breed,
        climb,
        count_to,
        create,
        die,
        exhaust,
        far,
        fill,
        jump,
        leave,
        linger,
        linger_in_a_group,
        misbehave,
        outlive,
        seek,
        share,
        think,
        toil,
    )
}


def nursery(children: Mapping[str, Callable[..., None]] = CHILDREN) -> None:
    """Read lines `["name", "argument", …, "log file"]`; fork a child for each and print its process number."""
    assert sql is not None  # loaded here once, so that no child need load it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries the dead
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        name, *arguments, log = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: whoever kills the nursery ends its children
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdin.close()
            children[name](*arguments)
            mark(log, "done")
            sys.exit(0)  # as a script ends
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    {**CHILDREN, "nursery": nursery}[sys.argv[1]](*sys.argv[2:])
