"""scikit-learn's callbacks, where its version has them (1.9 and later), and nothing where it has none.

A callback context is a node in the tree of tasks: the search, its folds, the refit. `root_context` gives the root, or a stand-in on
which the same calls do nothing, so that the search is written once.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

__all__ = ["Quiet", "root_context"]


class Quiet:
    """A context to which nobody listens."""

    def subcontext(self, **_: Any) -> "Quiet":  # noqa: ANN401
        """A node below: itself."""
        return self

    def call_on_fit_task_begin(self, **_: Any) -> "Quiet":  # noqa: ANN401
        """Nobody hears that a task begins."""
        return self

    def call_on_fit_task_end(self, **_: Any) -> bool:  # noqa: ANN401  the method of a context
        """Nobody hears that a task ends, and nobody asks to stop."""
        return False

    def propagate_callback_context(self, _: Any) -> AbstractContextManager[None]:  # noqa: ANN401  the method of a context
        """No callback is handed to a sub-estimator."""
        return nullcontext()


def root_context(estimator: Any, *, max_subtasks: int) -> Any:  # noqa: ANN401  scikit-learn ships no types
    """The root of the estimator's tasks."""
    begin = getattr(estimator, "_init_callback_context", None)
    return Quiet() if begin is None else begin(max_subtasks=max_subtasks)
