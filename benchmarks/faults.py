"""What faults do to a study, and to one of Optuna's: one command that makes the table of docs/faults.md.

    python benchmarks/faults.py                  1,000 SIGKILLs and all else: some fifteen minutes on two cores
    python benchmarks/faults.py --quick          about a twentieth of it
    python benchmarks/faults.py --only kills     one of: kills, creation, restarts, disk, clock, files; may be repeated
    python benchmarks/faults.py --docs           put the table into docs/faults.md

Each attack ends with a look at what is left: a result is *told* when `tell` (Optuna: the callback after it) had returned and a line
about it had been written into another file; *lost* if it is not in the study with its very value; a trial is *stuck* if it still counts as
running after the study has been taken up again and has done three more trials; *twice* if a task has two results or a number two trials;
a process has *crashed* if it ended by itself with an error. Each attack is made on real processes, real files and a real server.
"""

import argparse
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import optuna
from measure import HERE, ROOT, facts

from storage import server

sys.path.insert(0, str(ROOT))

import fault_files
import optuna_children
from fault_files import Row

from tests.harness import Nursery, PostgresServer, acknowledged, eventually, hands_of, journal_of, runs, small_disk, told
from tunewright.events import Failed, Told
from tunewright.samplers import Random
from tunewright.study import Study

__all__: list[str] = []

OURS: Final = "Tunewright"
PEER: Final = "Optuna"


class Size(NamedTuple):
    """How often each attack is made; for Optuna, what `peer` says."""

    kills: int
    mixed: int
    creations: int
    restarts: int
    disks: int
    jumps: int
    files: int
    peer_kills: int
    peer_creations: int
    peer_restarts: int
    peer_disks: int


FULL: Final = Size(400, 100, 50, 20, 5, 60, 20, 30, 10, 5, 2)
QUICK: Final = Size(20, 5, 3, 2, 1, 10, 5, 10, 2, 1, 1)


class Place(NamedTuple):
    """Where an attack happens: two nurseries, a server, and a folder that is emptied by nobody."""

    ours: Nursery
    peer: Nursery
    postgres: PostgresServer
    folder: Path
    chance: random.Random

    def file(self, name: str) -> Path:
        """A path that is not there yet."""
        return self.folder / f"{name}-{len(list(self.folder.iterdir()))}-{self.chance.randrange(10**6)}"

    def url(self, store: str) -> str:
        """A new, empty store."""
        if store == "PostgreSQL":
            return self.postgres.database()
        return f"{'journal:' if store == 'journal file' else 'sqlite:///'}{self.file('study')}.db"


# ---- what is left ------------------------------------------------------------------------------------------------------------------


def left_of_ours(place: Place, url: str, side: Path, *, resume: bool = True) -> tuple[int, int, int, int]:
    """Told, lost, stuck, twice."""
    if resume:
        place.ours.ended(place.ours.start("seek", url, side, 0, 1))
    entries = journal_of(url, "killed")  # the file is whole, and the journal has no gap, or this raises
    safe, kept = acknowledged(side), told(entries)
    study = Study.load(url, name="killed", sampler=Random())
    results = Counter((entry.trial, entry.event.index) for entry in entries if isinstance(entry.event, Told | Failed))
    stuck = study.history.running + len(study.history.open_tasks)
    if not study.replay().same:
        raise SystemExit(f"{url}: the decisions cannot be made again.")
    study.storage.close()
    return len(safe), len(safe.items() - kept.items()), stuck, sum(count - 1 for count in results.values())


def left_of_peer(place: Place, url: str, side: Path, name: str = "killed", heartbeat: str = "") -> tuple[int, int, int, int]:
    """The same of Optuna."""
    if name == "killed":
        place.peer.ended(place.peer.start("seek", url, side, 3, heartbeat))
    lines = [line.split() for line in side.read_text(encoding="ascii").splitlines()] if side.exists() else []
    safe = {int(number): float.fromhex(value) for number, value in lines}
    trials = optuna_children.opened(url, name).get_trials(deepcopy=False)
    kept = {trial.number: trial.value for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE}
    stuck = sum(trial.state == optuna.trial.TrialState.RUNNING for trial in trials)
    return (
        len(safe),
        len(safe.items() - kept.items()),
        stuck,
        len(lines) - len(safe) + len(trials) - len({t.number for t in trials}),
    )


# ---- attacks -----------------------------------------------------------------------------------------------------------------------


def hunt(nursery: Nursery, start: Callable[[], int], kills: int, side: Path, chance: random.Random) -> int:
    """Kill one of two processes again and again, and at last both; how many had ended by themselves."""
    pair, crashed = [start(), start()], 0
    for _ in range(kills - 2):
        random_moment(side, chance)
        victim = chance.randrange(2)
        crashed += shoot(pair[victim], nursery)
        pair[victim] = start()
    random_moment(side, chance)
    return crashed + sum(shoot(pid, nursery) for pid in pair)


def random_moment(side: Path, chance: random.Random) -> None:
    """Now and then while processes start, else a little after the next few results: 3 s at most."""
    end = time.monotonic() + (3.0 if chance.random() < 0.5 else chance.uniform(0.0, 0.4))
    more = bytes_of(side) + chance.randrange(30, 200)  # a result is a line of some 30 characters
    while time.monotonic() < end and bytes_of(side) <= more:
        time.sleep(0.001)
    time.sleep(chance.uniform(0.0, 0.02))


def bytes_of(side: Path) -> int:
    return side.stat().st_size if side.exists() else 0


def shoot(pid: int, nursery: Nursery) -> bool:
    """SIGKILL; whether it had ended by itself before."""
    by_itself = not runs(pid)
    if not by_itself:
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not runs(pid))
    elif nursery.printed(pid):
        print(f"  a process ended by itself: {nursery.printed(pid).strip().splitlines()[-1][:200]}", flush=True)
    return by_itself


def last_error(text: str, most: int = 0) -> str:
    """The name of the error by which a process ended, and what it said."""
    line = next((line for line in reversed(text.splitlines()) if re.match(r"[\w.]*(Error|Lost|Locked)\b", line)), "?")
    return re.sub(r"/\S*/", "", line)[:most] if most else line.partition(":")[0]


def kills(place: Place, size: Size) -> Iterator[Row]:
    for store in ("SQLite", "PostgreSQL"):
        url, side = place.url(store), place.file("side")
        crashed = hunt(place.ours, partial(place.ours.start, "seek", url, side, 10**9, 1), size.kills, side, place.chance)
        yield Row(f"SIGKILL, two coordinators, {store}", OURS, size.kills, *left_of_ours(place, url, side), crashed)
        yield mixed(place, size.mixed, store)
    cases = (("SQLite", ""), ("SQLite", "heartbeat"), ("PostgreSQL", ""), ("journal file", ""))
    for store, heartbeat in cases:
        url, side = place.url(store), place.file("side")
        optuna_children.opened(url, "killed")
        crashed = hunt(
            place.peer, partial(place.peer.start, "seek", url, side, 10**9, heartbeat), size.peer_kills, side, place.chance
        )
        time.sleep(5.0 if heartbeat else 0.0)  # longer than the grace that it was given
        left = left_of_peer(place, url, side, heartbeat=heartbeat)
        what = f"SIGKILL, two processes, {store}"
        yield Row(what, f"{PEER}{', heartbeat 1 s' if heartbeat else ''}", size.peer_kills, *left, crashed)


def mixed(place: Place, count: int, store: str) -> Row:
    """Kill a coordinator with two workers, or one of the workers."""
    url, side, hands = place.url(store), place.file("side"), place.file("hands")
    begin = partial(place.ours.start, "toil", url, side, hands, 10**9)
    coordinator, shots = begin(), Counter[str]()
    while shots["workers"] + shots["coordinators"] < count:
        random_moment(side, place.chance)
        working = hands_of(hands)
        if working and place.chance.random() < 0.6:
            os.kill(place.chance.choice(working), signal.SIGKILL)
            shots["workers"] += 1
        else:
            shots["crashed"] += shoot(coordinator, place.ours)
            shots["coordinators"] += 1
            coordinator = begin()
    eventually(hands.exists)
    shoot(coordinator, place.ours)
    left = left_of_ours(place, url, side)
    eventually(lambda: not hands_of(hands))
    note = f"{shots['workers']} workers, {shots['coordinators']} coordinators; no worker was left behind"
    return Row(f"SIGKILL, workers and their coordinator, {store}", OURS, count, *left, shots["crashed"], note)


def creation(place: Place, size: Size) -> Iterator[Row]:
    for nursery, tool, rounds in ((place.ours, OURS, size.creations), (place.peer, PEER, size.peer_creations)):
        for store in ("SQLite", "PostgreSQL"):
            well, errors = 0, Counter[str]()
            for _ in range(rounds):
                url, gate, side = place.url(store), place.file("gate"), place.file("side")
                processes = [nursery.start("create", url, gate, side) for _ in range(8)]
                time.sleep(0.1)
                gate.touch()
                eventually(lambda crew=processes: not any(map(runs, crew)))  # type: ignore[misc]
                well += len(set(side.read_text("ascii").splitlines())) if side.exists() else 0
                for pid in processes:
                    if not nursery.printed(pid).endswith("done\n"):
                        errors[last_error(nursery.printed(pid))] += 1
            note = ", ".join(f"{count} × {error}" for error, count in errors.most_common(3))
            crashed = 8 * rounds - well
            yield Row(f"8 processes create one study at once, {store}", tool, rounds, well, 0, 0, 0, crashed, note)


def restarts(place: Place, size: Size) -> Iterator[Row]:
    for nursery, tool, count in ((place.ours, OURS, size.restarts), (place.peer, PEER, size.peer_restarts)):
        url, side, said = place.url("PostgreSQL"), place.file("side"), Counter[str]()
        if tool == PEER:
            optuna_children.opened(url, "killed")
        begin = partial(nursery.start, "seek", url, side, 10**9, *(["1"] if tool == OURS else []))
        pair = [begin(), begin()]
        for _ in range(count):
            results, end = bytes_of(side), time.monotonic() + 20.0
            while bytes_of(side) < results + 200 and time.monotonic() < end:  # until both are at work again: some seven results
                time.sleep(0.01)
            time.sleep(place.chance.uniform(0.5, 1.0))
            place.postgres.stop("immediate")
            place.postgres.start()
            time.sleep(0.5)
            said.update(last_error(nursery.printed(pid)) for pid in pair if not runs(pid))
            pair = [pid if runs(pid) else begin() for pid in pair]
        for pid in pair:
            shoot(pid, nursery)
        left = left_of_ours(place, url, side) if tool == OURS else left_of_peer(place, url, side)
        note = ", ".join(f"{times} × {error}" for error, times in said.most_common(3))
        yield Row("the server crashes and comes back, two processes at work, PostgreSQL", tool, count, *left, said.total(), note)


def disk(place: Place, size: Size) -> Iterator[Row]:
    cases = (
        (place.ours, OURS, "SQLite", size.disks),
        (place.peer, PEER, "SQLite", size.peer_disks),
        (place.peer, PEER, "journal file", size.peer_disks),
    )
    for nursery, tool, store, times in cases:
        sums, said, well = [0, 0, 0, 0], Counter[str](), 0
        for _ in range(times):
            folder, side = place.file("disk"), place.file("side")
            with small_disk(folder) as why:
                if why:
                    break
                ballast = folder / "ballast"
                ballast.write_bytes(bytes(place.chance.randrange(900_000, 1_300_000)))
                url = f"{'journal:' if store == 'journal file' else 'sqlite:///'}{folder / 'line.db'}"
                pid = nursery.start("fill", url, side, 1000)
                eventually(lambda pid=pid: not runs(pid), 120)  # type: ignore[misc]
                said[last_error(nursery.printed(pid), 90)] += 1
                ballast.unlink()
                more = nursery.start("count_to", url, 0 if tool == OURS else 3)
                eventually(lambda pid=more: not runs(pid), 120)  # type: ignore[misc]
                well += nursery.printed(more).endswith("done\n")
                left = fault_files.after_full_disk(url, side) if tool == OURS else fault_files.after_full_disk_of_peer(url, side)
                sums = [a + b for a, b in zip(sums, left, strict=True)]
        if not said:
            print(f"  no full disk: {why}", flush=True)
            continue
        note = f"went on when there was space: {well} of {times}; said: {said.most_common(1)[0][0]}"
        yield Row(f"the disk is full, {store}", tool, times, *sums, times - well, note)


def clock(place: Place, size: Size) -> Iterator[Row]:
    for store in ("SQLite", "PostgreSQL"):
        url, side = place.url(store), place.file("side")
        pair = [place.ours.start("jump", url, side, size.jumps), place.ours.start("seek", url, side, 10**9, 1)]
        place.ours.ended(pair[0], seconds=600)
        crashed = not runs(pair[1])
        shoot(pair[1], place.ours)
        left = left_of_ours(place, url, side)
        note = "Python's clock in one of two processes, by a day forth or back; not the system's"
        yield Row(f"the clock jumps, {store}", OURS, size.jumps, *left, int(crashed), note)


def files(place: Place, size: Size) -> Iterator[Row]:
    yield from fault_files.attacks(place.ours, place.peer, place.folder, place.postgres.database(), size.files, place.chance)


ATTACKS: Final[dict[str, Callable[[Place, Size], Iterator[Row]]]] = {
    "kills": kills,
    "creation": creation,
    "restarts": restarts,
    "disk": disk,
    "clock": clock,
    "files": files,
}


# ---- the table ---------------------------------------------------------------------------------------------------------------------


KEPT: Final = ROOT / "benchmarks" / "results" / "faults.json"
"""Attack -> its rows, and what they were measured with: what was not done this time keeps its rows."""


def keep(name: str, rows: list[Row], about: str) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept[name] = {"about": about, "rows": [list(row) for row in rows]}
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table(found: dict[str, dict[str, Any]]) -> str:
    """As Markdown."""
    head = ("attack", "tool", "times", "told", "lost", "stuck", "twice", "crashed", "")
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "--:|" * 6 + "---|"]
    done = [(name, found[name]) for name in ATTACKS if name in found]
    lines += [f"| {' | '.join(str(value).replace('|', '/') for value in row)} |" for _, one in done for row in one["rows"]]
    return "\n".join([*lines, "", *(f"- {name}: {one['about']}" for name, one in done)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about a twentieth of it")
    parser.add_argument("--only", choices=ATTACKS, action="append", help="one attack; may be repeated")
    parser.add_argument(
        "--docs", action="store_true", help="put the table into docs/faults.md; what is not done this time keeps its rows"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moments and victims")
    chosen = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    size, found = QUICK if chosen.quick else FULL, {}
    command = f"python benchmarks/faults.py {' '.join(sys.argv[1:])}".strip()
    with tempfile.TemporaryDirectory(prefix="tw-") as text, server() as postgres:
        folder = Path(text)
        children = ROOT / "tests" / "faults" / "children.py"
        for name in ("logs", "peer"):
            (folder / name).mkdir()
        with Nursery(children, folder / "logs") as ours, Nursery(HERE / "optuna_children.py", folder / "peer") as peer:
            place = Place(ours, peer, postgres, folder, random.Random(chosen.seed))
            for name in chosen.only or ATTACKS:
                begun, rows = os.getloadavg()[0], []
                for row in ATTACKS[name](place, size):
                    rows.append(row)
                    print(f"{time.strftime('%H:%M:%S')} load {os.getloadavg()[0]:.1f} {tuple(row)}", flush=True)
                known = facts()
                load = f"load {begun:.1f} to {os.getloadavg()[0]:.1f}"
                about = f"`{command}`, {known['versions']}; {known['machine']}; {load}"
                found[name] = {"about": about, "rows": [list(row) for row in rows]}
                if not chosen.quick:
                    keep(name, rows, about)
    print(f"\n{table(found)}")
    if chosen.docs:
        page = ROOT / "docs" / "faults.md"
        before, _, rest = page.read_text(encoding="utf-8").partition("<!-- table -->\n")
        after = rest.partition("<!-- end of table -->")[2]
        made = table(json.loads(KEPT.read_text(encoding="utf-8")))
        page.write_text(f"{before}<!-- table -->\n{made}\n<!-- end of table -->{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
