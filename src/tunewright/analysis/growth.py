"""What a model gains by learning from all rows.

The model of a fold learns from a share r of the rows, the one that is shipped from all of them, so scores on folds are too low. By how
much follows from one more point of the learning curve: models that learn from half of their fold's training rows, judged on the same
test rows. Where the error falls off as c + b m^-a with m rows,

    score(n) - score(r n) = g (score(r n) - score(r n / 2)),     g = (1 - r^a) / (2^a - 1)

(with groups, what whole groups came next to a half stands for 1/2), and a lies between a half and 1 for most learners [1]. The mean of g at these two is taken, and half their distance counts as its
standard deviation: 0.23 +- 0.03 for five folds, 0.11 +- 0.01 for ten.

With c no better than the best that the metric can reach, such a curve falls by no more than 1 - r^a of the distance to it, however far chance
made the scores of the halves fall: a bad half of a few rows would else make the model of all rows a perfect one.

[1] Viering & Loog, The Shape of Learning Curves: A Review, IEEE TPAMI 45, 2023, section 4.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from tunewright.analysis.summary import objective
from tunewright.analysis.verdict import Generalization, said, turned
from tunewright.analysis.winner import Estimate, default_of, reach, within
from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.typing import Array

__all__ = ["Growth", "Halved", "grown", "growth"]

_EXPONENTS: Final = (0.5, 1.0)


class Halved(NamedTuple):
    """Scores of configurations that learned from half of each fold's training rows.

    Attributes:
        scores: of the first metric, shape (configurations, folds); NaN where a fit failed.
        share: the rows that a fold's model learns from, of all.
        part: the rows of that share that these learned from: a half, or what whole groups came next to it.
        remarks: what failed, one line for each kind.
    """

    scores: Array
    share: float
    part: float = 0.5
    remarks: tuple[str, ...] = ()


class Growth(NamedTuple):
    """By how much a loss falls when the model learns from all rows, and the standard deviation of that."""

    value: float
    deviation: float


def growth(falls: Array, share: float, overlap: float, part: float = 0.5, room: float = math.inf) -> Growth:
    """From the half of each fold's training rows to the whole of them, and so to all rows.

    Args:
        falls: by how much the loss on each fold fell from half of its training rows to all of them, shape (folds,), 1 or more.
        share: the rows that a fold's model learns from, of all; in (0, 1].
        overlap: test rows for each training row.
        part: the rows of that share that stand for a half; in (0, 1).
        room: how far the loss on the folds is from the best that there can be, at least 0.

    Returns:
        The growth. Its deviation is that of the mean over the folds (Nadeau & Bengio 2003, eq. (9)) and of the exponent; from one
        fold, as large as the growth itself.
    """
    least, most = sorted((1 - share**a) / (part**-a - 1) for a in _EXPONENTS)
    factor, doubt, mean = (least + most) / 2, (most - least) / 2, float(falls.mean())
    spread = float(falls.std(ddof=1)) * math.sqrt(1 / len(falls) + overlap) if len(falls) > 1 else abs(mean)
    bound = room * (1 - sum(share**a for a in _EXPONENTS) / len(_EXPONENTS)) if math.isfinite(room) else math.inf
    return Growth(min(factor * mean, bound), math.hypot(factor * spread, doubt * mean))


def grown(found: Generalization, history: History, judge: Any) -> Generalization:  # noqa: ANN401  a cross-validation, from above
    """The same for models that learn from all rows: winner and default are fitted to half of each fold's training rows.

    The gain, and which of the two is recommended, stay as the folds have them: where the growths would have decided otherwise they were
    mostly chance (docs/honest-benchmark.md).

    Args:
        found: what folds or kept predictions say.
        history: of the study.
        judge: its `CrossValidation`.

    Raises:
        StudyError: the objective is no cross-validation, or no such fit can be judged.
    """
    if not hasattr(judge, "halved"):
        raise StudyError(
            "What all rows bring is learned from fits on fewer, so it needs the study's CrossValidation: generalization(cv, all_rows=True)."
        )
    metric, best, known = objective(history), history.best, default_of(history)
    trials = [best] if known is None or known.number == best.number else [best, known]
    table, cells = history.table(history.objectives[0])
    first = {fold or 0: place for place, (fold, repeat) in enumerate(cells) if not repeat}
    half = judge.halved([trial.params for trial in trials])
    whole = np.full(half.scores.shape, math.nan)
    for place, trial in enumerate(trials):
        for fold, column in first.items():
            whole[place, fold] = table[trial.number, column]
    falls = metric.sign * half.scores - whole
    judged = np.isfinite(falls).all(axis=0)
    falls, rooms = falls[:, judged], np.maximum(whole[:, judged] - reach(history)[0], 0.0)
    if not falls.size:
        raise StudyError(
            f"What all rows bring cannot be told: {'; '.join(half.remarks) or 'no fold was met by both configurations'}."
        )
    mine, *theirs = (
        growth(each, half.share, history.overlap, half.part, float(room.mean())) for each, room in zip(falls, rooms, strict=True)
    )
    default = found.default and _shifted(found.default, theirs[0] if theirs else mine, metric, history)
    shifted, width = _shifted(found.winner, mine, metric, history), 1.96 * mine.deviation
    more = min(mine.value, metric.sign * (found.winner.value - shifted.value))  # no more than the metric leaves room for
    added = Estimate(more, min(more, mine.value - width), mine.value + width)
    return said(
        found.method, history, shifted, default, found.baseline, gain=found.gain, probability=found.probability, added=added
    )


def _shifted(found: Estimate, more: Growth, metric: Metric, history: History) -> Estimate:
    loss, width = turned(found, metric), 1.96 * more.deviation
    value = loss.value - more.value
    down, up = math.hypot(loss.value - loss.low, width), math.hypot(loss.high - loss.value, width)
    return turned(within(history, Estimate(value, value - down, value + up)), metric)
