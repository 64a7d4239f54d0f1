"""Repeats that would say the same thing again.

Where the folds are the same in every repeat, all that a repeat can bring is another seed of the estimator's chance. Where there is no such
chance it brings copies of one measurement: counted as several, they make every interval too narrow, and a race too sure.

What is certain before anything is fitted is refused, as folds are that are judged on the same rows. What only shows in the fits, a
`random_state` that changes nothing (a logistic regression, boosting without drawing rows or features), is noticed on the first
configurations and said once.
"""

import threading
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from tunewright.catalog.own import own_values
from tunewright.errors import StudyError
from tunewright.resampling.inputs import is_open_seed
from tunewright.resampling.splits import Splits
from tunewright.typing import Array

__all__ = ["Copies", "checked_repeats"]

_KNOWN: Final = frozenset({"catboost", "lightgbm", "sklearn", "xgboost"})
"""Packages whose estimators have no chance but their `random_state`."""

_ENOUGH: Final = 2
"""Configurations that say the same in each repeat before it is said that repeats bring nothing."""

_MOST: Final = 200
"""Answers that are kept to compare with; where there are more of them no configuration came to a second repeat."""

_ANSWERS: Final = ("predict_proba", "decision_function", "predict", "transform")


def checked_repeats(estimator: Any, splits: Splits, repeats: int) -> "Copies":  # noqa: ANN401  scikit-learn ships no types
    """Refuse repeats that can bring nothing but copies; warn of them where an estimator of one's own may have chance that it does not tell.

    Returns:
        What notices copies of the repeats that are left.

    Raises:
        StudyError: the folds are the same in every repeat, and every seed of the estimator is fixed, or it has none.
    """
    copies = Copies(watched=repeats > 1 and not splits.fresh)
    own = own_values(estimator).values
    if not copies.watched or not hasattr(estimator, "get_params") or any(is_open_seed(*item) for item in own.items()):
        return copies
    whose = "ready-made" if splits.fixed else f"those of {type(splits.cv).__name__}"
    said = (
        f"The folds are the same in every repeat (they are {whose}), and no random_state of {type(estimator).__name__} is open: "
        f"repeats={repeats} would count one measurement {repeats} times. Leave repeats= out, give a splitter that shuffles, or leave a random_state at None."
    )
    parts = [estimator, *(value for value in own.values() if hasattr(value, "get_params") and not isinstance(value, type))]
    if all(type(part).__module__.split(".")[0] in _KNOWN for part in parts):
        raise StudyError(said)
    warnings.warn(f"{said} (Unless it draws by chance of its own.)", stacklevel=3)
    return copies


class Copies:
    """Notices that the repeats of the first configurations give the same answers.

    Args:
        watched: whether there is anything to notice: several repeats of the same folds.
    """

    def __init__(self, *, watched: bool) -> None:
        self.watched = watched
        self._first: dict[tuple[str, int], Array | None] = {}
        self._same: set[str] = set()
        self._lock = threading.Lock()

    def met(self, params: Mapping[str, Any], fold: int, repeat: int, model: Any, rows: Any) -> None:  # noqa: ANN401
        """Compare the answers of a fitted estimator to the test rows of a fold with those of the first repeat; warn where all are copies."""
        if not self.watched:
            return
        answer = _answer(model, rows)
        key = (repr(sorted(params.items())), fold)
        with self._lock:
            before = self._first.get(key)
            if repeat == 0 or answer is None or before is None:
                self._first |= {key: answer} if repeat == 0 else {}
                self.watched = len(self._first) <= _MOST
                return
            self._same.add(key[0])
            differs = answer.shape != before.shape or not np.allclose(answer, before, rtol=1e-9, atol=1e-12, equal_nan=True)
            told = not differs and len(self._same) >= _ENOUGH
            if not (differs or told) or not self.watched:
                return
            self.watched, self._first = False, {}
        if told:
            warnings.warn(
                f"The first {_ENOUGH} configurations answer the same in every repeat: the folds are the same, and random_state changes nothing there. "
                "Where that is so, repeats bring copies that count as measurements, and intervals are too narrow. Leave repeats= out, or give a "
                "splitter that shuffles.",
                stacklevel=3,
            )

    def __getstate__(self) -> dict[str, Any]:
        return {"watched": self.watched}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(watched=state["watched"])  # type: ignore[misc]


def _answer(model: Any, rows: Any) -> Array | None:  # noqa: ANN401
    """What it says of rows, as numbers; None where it says nothing that can be compared."""
    name = next((name for name in _ANSWERS if hasattr(model, name)), None)
    if name is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = np.asarray(getattr(model, name)(rows))
    except (NotImplementedError, TypeError, ValueError):  # it was scored another way; what it says there cannot be compared
        return None
    if said.dtype.kind in "fiub":
        return said.astype(np.float64)
    return np.unique(said, return_inverse=True)[1].astype(np.float64) if said.dtype.kind in "OUS" and said.ndim else None
