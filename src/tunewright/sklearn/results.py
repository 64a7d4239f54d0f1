"""`cv_results_` from the history of a study: one place for each candidate, in the order in which they were tried.

The columns are scikit-learn's. Three things it does not know:

- A fold that was not run (the search was stopped, or more effort was not worth it) is NaN in `split<k>_test_<name>`. The mean is over
  the folds that were run, their number stands in `n_splits_run`, and such a candidate ranks behind all that have every fold.
- Where candidates were given different amounts of a resource, the scores are those of the largest amount with which a candidate met most
  folds, "n_resources", and those with a larger one rank first.
- A candidate of which a fold failed gets no further fold; its mean is NaN, and it ranks last. So it is where a score is no finite number,
  which stands as it is, and the mean is over the folds that were run.
"""

import math
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.ma import MaskedArray
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.exceptions import FitFailedWarning

from tunewright.history import History
from tunewright.trial import Measurement
from tunewright.typing import Array, Value

__all__ = ["check_failures", "cv_results", "judged_with", "several"]

_HEAD: Final = "Traceback (most recent call last):"
_OURS: Final = re.compile(r'^  File ".*tunewright[\\/]sklearn[\\/]folds\.py"')


def cv_results(history: History, settings: Sequence[dict[str, Any]], *, folds: int, train: bool) -> dict[str, Any]:
    """The table, column by column.

    Args:
        history: of the study; its tasks have folds.
        settings: of each candidate, what the estimator was set to.
        folds: how many there are.
        train: whether training scores were asked for.
    """
    budgets = judged_with(history)
    cells, failed = _cells(history, folds, budgets)
    run = ~np.isnan(cells["fit_time"])
    results: dict[str, Any] = {}
    for name in ("fit_time", "score_time"):
        results |= _summary(name, cells[name], run)
    for name in sorted({name for one in settings for name in one}):
        results[f"param_{name}"] = _column([one.get(name, _ABSENT) for one in settings])
    results["params"] = list(settings)
    empty = np.full_like(cells["fit_time"], np.nan)
    for name in [key for key in cells if key.startswith("test_")] or ["test_score"]:
        scores = cells.get(name, empty)
        results |= {f"split{fold}_{name}": scores[:, fold] for fold in range(folds)}
        results |= _summary(name, scores, run, failed)
        results[f"rank_{name}"] = _rank(results[f"mean_{name}"], np.asarray(run.all(axis=1)), budgets)
        trained = f"train_{name.removeprefix('test_')}"
        if train:
            scores = cells.get(trained, empty)
            results |= {f"split{fold}_{trained}": scores[:, fold] for fold in range(folds)}
            results |= _summary(trained, scores, run, failed)
    results["n_splits_run"] = run.sum(axis=1)
    if any(budget is not None for budget in budgets):
        results["n_resources"] = np.array([0 if budget is None else round(budget) for budget in budgets])
    return results


def judged_with(history: History) -> list[float | None]:
    """With which budget each candidate met most folds, the largest such; None: without one."""
    found: list[float | None] = []
    for trial in history.trials:
        counts = Counter(done.budget for done in trial.measurements)
        found.append(max(counts, key=lambda budget: (counts[budget], math.inf if budget is None else budget), default=None))
    return found


def check_failures(history: History, error_score: float | None) -> None:
    """Warn of fits that failed, as scikit-learn does.

    Raises:
        ValueError: all of them did.
    """
    texts, fits, odd, unscored = list[str](), 0, list[str](), list[str]()
    for done in (done for trial in history.trials for done in trial.measurements):
        fits += 1
        info = _told_of(done)
        if info.get("score_error"):
            unscored.append(str(info["score_error"]))
        if info.get("fit_error"):
            texts.append(str(info["fit_error"]))
        elif done.failure is not None and _scored(done):
            odd += [] if info.get("score_error") else [done.failure.message]
        elif done.failure is not None:
            texts.append(done.failure.traceback or done.failure.message)
    stands = "nan" if error_score is None else error_score
    if unscored:
        warnings.warn(
            f"Scoring failed on {len(unscored)} of {fits} fits, where the score is {stands}. To raise the error, set "
            f"error_score='raise'. The first was:\n{unscored[0].strip()}",
            UserWarning,
            stacklevel=3,
        )
    if odd:
        warnings.warn(
            f"One or more of the test scores are non-finite ({len(odd)} of {fits}). {odd[0]}", UserWarning, stacklevel=3
        )
    if not texts:
        return
    first, said = _without_ours(texts[0].strip()), _raised(texts[0].strip())
    if len(texts) == fits:
        raise ValueError(
            f"All the {fits} fits failed, the first with {said}\nThe model may be misconfigured. To have the first error raised, set "
            f"error_score='raise'.{_below(first, said)}"
        )
    warnings.warn(
        f"{len(texts)} of {fits} fits failed, the first with {said}\nTheir candidates have the score {stands}, and "
        f"those without a score got no further fold. To raise the error, set error_score='raise'.{_below(first, said)}",
        FitFailedWarning,
        stacklevel=3,
    )


def _raised(text: str) -> str:
    """What a traceback ends with: the error, and the first line of what it says."""
    after = text.rpartition(_HEAD)[2].strip("\n").splitlines()
    return next((line for line in after if line and not line.startswith(" ")), after[0] if after else "")


def _without_ours(text: str) -> str:
    """A traceback without the frames that lead to the fit."""
    kept, ours = list[str](), False
    for line in text.splitlines():
        ours = bool(_OURS.match(line)) if line.startswith("  File ") else ours and line.startswith("    ")
        kept += [] if ours else [line]
    return "\n".join(kept)


def _below(text: str, said: str) -> str:
    return "" if text == said else f" Its traceback:\n{text}"


def several(history: History) -> bool:
    """Whether the scorer of a search names its scores, as far as the folds that were scored tell."""
    infos = [_told_of(done) for trial in history.trials for done in trial.measurements]
    return any(info.get("several") or any(_is_score(name) and name != "test_score" for name in info) for info in infos)


def _told_of(done: Measurement) -> dict[str, Value]:
    """What a fold told for `cv_results_`, by its names without what keeps them apart from metrics (`folds.beside`)."""
    return {name.lstrip("_"): value for name, value in done.info.items()}


def _is_score(name: str) -> bool:
    return name.startswith("test_")


def _cells(history: History, folds: int, budgets: Sequence[float | None]) -> tuple[dict[str, Array], NDArray[np.bool_]]:
    """By name, what was measured, shape (candidates, folds), NaN where nothing was; and which candidates failed.

    Where a scoring function names its scores only when it succeeds, the score of a failure stands for each of them.
    """
    shape = (len(history), folds)
    cells = {name: np.full(shape, np.nan) for name in ("fit_time", "score_time")}
    failed = np.zeros(len(history), bool)
    nameless: list[tuple[tuple[int, int], dict[str, float]]] = []
    for trial in history.trials:
        for done in trial.measurements:
            place = trial.number, done.fold or 0
            if done.failure is not None and not _scored(done):
                failed[trial.number] = True
            if done.budget != budgets[trial.number]:
                continue
            if done.failure is not None and not _scored(done):
                cells["fit_time"][place], cells["score_time"][place] = done.seconds, 0.0
            info = _told_of(done)
            numbers = {name: np.nan if value is None else float(value) for name, value in info.items() if _is_column(name)}
            if (info.get("fit_error") or info.get("score_error")) and [*filter(_is_score, numbers)] == ["test_score"]:
                nameless.append((place, {name: numbers.pop(name) for name in ("test_score", "train_score") if name in numbers}))
            for name, value in numbers.items():
                cells.setdefault(name, np.full(shape, np.nan))[place] = value
    for place, scores in nameless:
        named = [name for name in cells if name.startswith(("test_", "train_"))]
        for name in named or scores:
            part = f"{name.split('_')[0]}_score"
            cells.setdefault(name, np.full(shape, np.nan))[place] = scores.get(part, np.nan)
    return cells, failed


def _is_column(name: str) -> bool:
    """Whether it is a column of numbers."""
    return name in {"fit_time", "score_time"} or name.startswith(("test_", "train_"))


def _scored(done: Measurement) -> bool:
    """Whether a fold that counts as failed has scores all the same, which are no finite numbers."""
    return "fit_time" in _told_of(done)


def _summary(name: str, scores: Array, run: NDArray[np.bool_], failed: NDArray[np.bool_] | None = None) -> dict[str, Array]:
    """Mean and standard deviation over the folds that were run; NaN where a fold failed or none was run."""
    count = np.where(run.any(axis=1), run.sum(axis=1), np.nan)
    with np.errstate(invalid="ignore"):  # of infinite scores
        mean = np.where(run, scores, 0.0).sum(axis=1) / count
        std = np.sqrt(np.where(run, (scores - mean[:, None]) ** 2, 0.0).sum(axis=1) / count)
    if failed is not None:
        mean, std = np.where(failed, np.nan, mean), np.where(failed, np.nan, std)
    return {f"mean_{name}": mean, f"std_{name}": std}


def _rank(mean: Array, whole: NDArray[np.bool_], budgets: Sequence[float | None]) -> NDArray[np.int32]:
    """1 for the best; candidates without every fold rank behind those with all, of these those with less of a resource behind those with more,
    and those without a score last.
    """
    known = ~np.isnan(mean)
    rank, ahead = np.full(len(mean), known.sum() + 1), 0
    given = np.array([math.inf if budget is None else budget for budget in budgets])
    for every in (whole, ~whole):
        for level in np.unique(given)[::-1]:
            group = every & known & (given == level)
            rank[group] = rankdata(-mean[group], method="min") + ahead
            ahead += int(group.sum())
    return rank.astype(np.int32)


_ABSENT = object()


def _column(values: list[Any]) -> MaskedArray[Any, Any]:
    """The values of one parameter, masked where it was not set; numbers keep their type, everything else is an object."""
    there = [value for value in values if value is not _ABSENT]
    numeric = all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in there)
    kind: Any = np.result_type(*{np.asarray(value).dtype for value in there}) if numeric else object
    data, mask = np.zeros(len(values), dtype=kind), np.ones(len(values), bool)
    for place, value in enumerate(values):
        if value is not _ABSENT:
            data[place], mask[place] = value, False
    return MaskedArray(data, mask)
