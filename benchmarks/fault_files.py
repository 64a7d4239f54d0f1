"""Faults of files: torn logs, damaged and cut files, locks whose holder was killed. `faults.py` makes the table."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import optuna
import optuna_children

from tests.harness import Nursery, acknowledged, eventually, journal_of, runs, told
from tunewright.errors import TunewrightError
from tunewright.events import Entry, Told
from tunewright.storage import connect
from tunewright.storage.doctor import examine
from tunewright.study import Study

__all__ = ["Row", "after_full_disk", "after_full_disk_of_peer", "attacks"]


class Row(NamedTuple):
    """A line of the table."""

    attack: str
    tool: str
    times: int
    told: int
    lost: int
    stuck: int
    twice: int
    crashed: int
    note: str = ""


def after_full_disk(url: str, side: Path) -> tuple[int, int, int, int]:
    """Told, lost, stuck, twice; `journal_of` raises where something counts twice."""
    lines = [line.split() for line in side.read_text(encoding="ascii").splitlines()] if side.exists() else []
    kept = {
        entry.position: (entry.trial, entry.event.values["loss"])
        for entry in journal_of(url, "line")
        if isinstance(entry.event, Told)
    }
    lost = sum(kept.get(int(at)) != (int(trial), float.fromhex(value)) for at, trial, value in lines)
    return len(lines), lost, Study.load(url).history.running, 0


def after_full_disk_of_peer(url: str, side: Path) -> tuple[int, int, int, int]:
    """The same of Optuna; a study that cannot be loaded has lost everything."""
    lines = [line.split() for line in side.read_text(encoding="ascii").splitlines()] if side.exists() else []
    try:
        trials = optuna_children.opened(url, "line").get_trials(deepcopy=False)
    except Exception:  # noqa: BLE001  whatever it raises
        return len(lines), len(lines), 0, 0
    kept = {trial.number: trial.value for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE}
    lost = sum(kept.get(int(number)) != float.fromhex(value) for number, value in lines)
    return len(lines), lost, sum(trial.state == optuna.trial.TrialState.RUNNING for trial in trials), 0


def attacks(ours: Nursery, peer: Nursery, folder: Path, server: str, times: int, chance: random.Random) -> Iterator[Row]:
    """All attacks on files.

    Args:
        ours, peer: where processes come from.
        folder: for the files.
        server: the address of an empty PostgreSQL database.
        times: how often each.
        chance: where the damage is.
    """
    yield torn_log(ours, folder, times, chance)
    yield torn_journal_of_peer(folder, times, chance)
    yield from damaged(ours, peer, folder, times, chance)
    yield stale_right(ours, f"sqlite:///{folder / 'right.db'}", folder, times, "SQLite")
    yield stale_right(ours, server, folder, times, "PostgreSQL")
    yield stale_lock_of_peer(peer, folder)


# ---- the end of a log is missing -----------------------------------------------------------------------------------------------


def torn_log(nursery: Nursery, folder: Path, times: int, chance: random.Random) -> Row:
    """Kill a process that writes, cut its write-ahead log anywhere, open it, and go on."""
    path, side, safe, bad = folder / "torn.db", folder / "torn.side", 0, 0
    log = path.with_name("torn.db-wal")
    pid = nursery.start("seek", f"sqlite:///{path}", side, 10**9, 1)
    eventually(lambda: len(acknowledged(side)) > 200)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not runs(pid))
    whole = log.read_bytes()
    shutil.copy(path, folder / "torn.base")
    known = entries_of(path)
    for number in range(times):
        copy = folder / f"torn-{number}.db"
        shutil.copy(folder / "torn.base", copy)
        copy.with_name(copy.name + "-wal").write_bytes(whole[: chance.randrange(len(whole))])
        there = entries_of(copy)
        bad += there != known[: len(there)]
        safe += len(there)
        nursery.ended(nursery.start("seek", f"sqlite:///{copy}", folder / f"torn-{number}.side", 0, 1))
        journal_of(f"sqlite:///{copy}", "killed")
    note = f"{times - bad} of {times} hold a whole beginning of the journal and went on; lost is what the cut took off"
    return Row("the log is cut off anywhere, SQLite", "Tunewright", times, len(told(known)), 0, 0, 0, bad, note)


def entries_of(path: Path) -> list[Entry]:
    storage = connect(f"sqlite:///{path}")
    entries = list(storage.read(storage.open("killed").id))
    storage.close()
    return entries


def torn_journal_of_peer(folder: Path, times: int, chance: random.Random) -> Row:
    """Cut the last record of a journal file, do one trial, and look whether the study can be loaded."""
    url, gone, errors = f"journal:{folder / 'torn.log'}", 0, Counter[str]()
    study = optuna_children.opened(url, "line")
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=50)
    whole = (folder / "torn.log").read_bytes()
    last = len(whole.splitlines()[-1])
    for number in range(times):
        copy = folder / f"torn-{number}.log"
        copy.write_bytes(whole[: len(whole) - chance.randrange(1, last)])
        try:
            optuna_children.opened(f"journal:{copy}", "line").optimize(
                lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=1
            )
            optuna_children.opened(f"journal:{copy}", "line")
        except Exception as error:  # noqa: BLE001  whatever it raises
            gone += 1
            errors[type(error).__name__] += 1
    note = f"after the next trial {gone} of {times} studies cannot be loaded any more: {', '.join(errors)}"
    return Row("the last record is cut off, journal file", "Optuna", times, 50 * times, 50 * gone, 0, 0, gone, note)


# ---- damage --------------------------------------------------------------------------------------------------------------------


def damaged(ours: Nursery, peer: Nursery, folder: Path, times: int, chance: random.Random) -> Iterator[Row]:
    """Overwrite a hundred bytes anywhere, or cut the file anywhere."""
    paths = {"Tunewright": folder / "whole.db", "Optuna": folder / "whole-peer.db"}
    ours.ended(ours.start("count_to", f"sqlite:///{paths['Tunewright']}", 500))
    peer.ended(peer.start("count_to", f"sqlite:///{paths['Optuna']}", 100), seconds=600)
    spots = [(chance.choice(("overwritten", "cut")), chance.random()) for _ in range(times)]
    for tool, path in paths.items():
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole, values = path.read_bytes(), values_of(tool, path)
        found, saved = Counter[str](), []
        for number, (how, where) in enumerate(spots):
            copy, spot = folder / f"{tool}-damaged-{number}.db", int(where * (len(whole) - 100))
            noise = chance.randbytes(100)
            copy.write_bytes(whole[:spot] if how == "cut" else whole[:spot] + noise + whole[spot + 100 :])
            try:
                found["as before" if values_of(tool, copy) == values else "other values, and no word"] += 1
            except TunewrightError:
                found["a sentence"] += 1
            except Exception as error:  # noqa: BLE001  whatever it raises
                found[f"{type(error).__module__}.{type(error).__name__}"] += 1
            if tool == "Tunewright":
                saved.append(rescued(copy, values))
        note = "when opened: " + ", ".join(f"{count} × {what}" for what, count in found.most_common())
        if saved:
            note += f"; `tunewright doctor --mend` has {sum(saved) / len(saved):.0%} of the results, in the worst case {min(saved):.0%}"
        raw = sum(count for what, count in found.items() if "." in what)
        quiet = found["other values, and no word"]
        yield Row("the file is overwritten or cut, SQLite", tool, times, len(values), quiet, 0, 0, raw, note)


def values_of(tool: str, path: Path) -> dict[int, float]:
    """Every result in a file."""
    if tool == "Optuna":
        trials = optuna_children.opened(f"sqlite:///{path}", "line").get_trials(deepcopy=False)
        return {trial.number: float(trial.value or 0.0) for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE}
    study = Study.load(f"sqlite:///{path}")
    try:
        return {trial.number: float(trial.value or 0.0) for trial in study.history.trials if trial.value is not None}
    finally:
        study.storage.close()


def rescued(path: Path, values: dict[int, float]) -> float:
    """The share of the results that can be had after the doctor's visit."""
    with contextlib.suppress(TunewrightError):
        examine(f"sqlite:///{path}", mend=True)
    kept = path.with_name(f"{path.stem}.salvaged.db")
    for candidate in (kept, path):
        with contextlib.suppress(TunewrightError, OSError):
            if candidate.exists():
                there = sorted(values_of("Tunewright", candidate).values())
                return len(set(there) & set(values.values())) / len(values)
    return 0.0


# ---- locks whose holder is dead ------------------------------------------------------------------------------------------------


def stale_right(nursery: Nursery, url: str, folder: Path, times: int, store: str) -> Row:
    """Kill the holder of the right to ask, and see how long the next one waits."""
    waits = []
    for number in range(times):
        side = folder / f"thinks-{store}-{number}"
        pid = nursery.start("think", url, side)
        eventually(side.exists)
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        Study.load(url).ask()
        waits.append(time.monotonic() - begun)
    note = f"the next one asked after {sorted(waits)[len(waits) // 2]:.2f} s (at most {max(waits):.2f} s)"
    return Row(f"the holder of the lock is killed, {store}", "Tunewright", times, 0, 0, 0, 0, 0, note)


def stale_lock_of_peer(nursery: Nursery, folder: Path) -> Row:
    """The same of a journal file's lock."""
    path = folder / "held.log"
    study = optuna_children.opened(f"journal:{path}", "line")
    pid = nursery.start("hold", path)
    eventually(path.with_name(path.name + ".held").exists)
    os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    study.ask()
    note = f"the next one asked after {time.monotonic() - begun:.1f} s"
    return Row("the holder of the lock is killed, journal file", "Optuna", 1, 0, 0, 0, 0, 0, note)
