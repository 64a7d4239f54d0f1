"""What a report says that no history knows: the test scores, the data, the commands to go on with."""

import math
from typing import Final

import msgspec

from tunewright.analysis.summary import Difference, sentence_on_difference
from tunewright.analysis.text import number
from tunewright.history import History

__all__ = ["HELD", "ReportExtras", "Rows", "Score", "held_note", "held_trial", "verdict"]

HELD: Final = "The model file of tunewright tune holds this trial"
"""How the comment begins that names the trial whose model was kept."""


def held_trial(history: History) -> int | None:
    """The trial whose model `tunewright tune` has kept, as it noted in the study; None: none, or of another kind of study."""
    for entry in reversed(history.comments):
        text = getattr(entry.event, "text", "")
        if entry.trial >= 0 and text.startswith(f"{HELD} (") and text.endswith(")"):  # as `tune` writes it, not what a person did
            return entry.trial
    return None


def held_note(history: History) -> str:
    """A sentence where the model file holds another trial than the best; "" elsewhere."""
    held = held_trial(history)
    if held is None or not history.feasible.any() or history.best.number == held:
        return ""
    text = history.trial(held).note or "see its comment"
    return (
        f"The model file of tunewright tune holds trial {held} ({text}), not the best of the study, trial {history.best.number}: what is known "
        "does not make that one better beyond luck, or it came later."
    )


class Score(msgspec.Struct, frozen=True):
    """A score on data that the search never saw, with the bounds of its 95 % interval (NaN: none known)."""

    name: str
    value: float
    low: float = math.nan
    high: float = math.nan


class Rows(msgspec.Struct, frozen=True):
    """A table of plain text; a heading that begins with "#" stands over numbers, and the first cell of a row heads it."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class ReportExtras(msgspec.Struct, frozen=True, kw_only=True):
    """All that is optional in a report.

    Attributes:
        lead: a line under the title: what was tuned, on what.
        facts: (name, text) about the task and its data, for the table of what was searched.
        tables: further tables of what was searched (model families, columns of the data).
        test: the winner's score first, then those that it is to be seen beside: the default's, the baseline's.
        test_note: what the test data were.
        gain: winner minus default, compared row by row on the test data; positive is better.
        winner: number of the trial that was kept, which the headline is about; default: the best.
        kept: where it is kept ("in the model file").
        verdict: the plain sentence on the test scores; default: written from `gain`, or from the intervals.
        gap: the plain sentence on over- and underfitting; default: written from the training scores.
        train: name of the training score in `Measurement.info`; default: as `training.train_key` finds it.
        notes: remarks to be read before the numbers are used.
        sampler: what proposed the configurations; default: as the history names it.
        study, url, seed: where the study is, and the seed of its decisions.
        commands: (what it does, command) to go on with.
        environment: (name, text); default: as the last process wrote it into the study.
    """

    lead: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[Rows, ...] = ()
    test: tuple[Score, ...] = ()
    test_note: str = ""
    gain: Difference | None = None
    winner: int | None = None
    kept: str = ""
    verdict: str = ""
    gap: str = ""
    train: str = ""
    notes: tuple[str, ...] = ()
    sampler: str = ""
    study: str = ""
    url: str = ""
    seed: int | None = None
    commands: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


def verdict(extras: ReportExtras, sign: float) -> str:
    """What the test scores mean, in plain words; "" without test scores.

    Args:
        extras: with the scores.
        sign: of the metric: +1 where smaller is better, -1 where larger is.
    """
    if extras.verdict or not extras.test:
        return extras.verdict
    winner, *others = extras.test
    said = []
    for i, other in enumerate(others):
        versus = f"the {other.name}" if not other.name.startswith(("the ", "a ")) else other.name
        if i == 0 and extras.gain is not None:
            said.append(sentence_on_difference(extras.gain, versus))
        else:
            said.append(_beside(winner, other, versus, sign))
    return " ".join(said)


def _beside(winner: Score, other: Score, versus: str, sign: float) -> str:
    gain = sign * (other.value - winner.value)
    size = number(abs(gain), 3)
    unknown = math.isnan(winner.low), math.isnan(other.low)
    if any(unknown):
        word = "better" if gain > 0 else "worse"
        of = (
            "no intervals known"
            if all(unknown)
            else "of which no interval is known"
            if unknown[1]
            else "its own interval is not known"
        )
        return f"{size} {word} than {versus} ({of})." if gain else f"As good as {versus}."
    if winner.low <= other.high and other.low <= winner.high:
        side = f", {size} {'better' if gain > 0 else 'worse'}" if gain else ""
        return f"Beside {versus} the intervals overlap{side}: the difference may be noise."
    return f"Clearly {'better' if gain > 0 else 'worse'} than {versus}, by {size}: the intervals do not overlap."
