"""What a study has found: the questions that its history alone answers.

`Study` is one of these, and so is whatever else holds a history. The answers are computed in `analysis`; here they get their names.
"""

from abc import ABC, abstractmethod
from typing import Any, Literal

from tunewright import analysis
from tunewright.extras import require
from tunewright.history import History
from tunewright.trial import Trial

__all__ = ["Findings"]


class Findings(ABC):
    """Answers from a history."""

    @property
    @abstractmethod
    def history(self) -> History:
        """All that happened, up to now."""

    @property
    def best(self) -> Trial:
        """The best trial so far. Raises NoResult if there is none, or several metrics are optimised."""
        return self.history.best

    def winner(self) -> analysis.Winner:
        """The best trial, with what it may claim: its expected worth with a 95 % interval, how often it was measured, and its raw score.

        Raises:
            NoResult: there is none, or several metrics are optimised.
        """
        return analysis.find_winner(self.history)

    @property
    def trials(self) -> Any:  # noqa: ANN401  pandas is optional
        """All trials as a pandas DataFrame, a row each (see `analysis.table.records`). Raises ExtraMissing without pandas."""
        return require("pandas", extra="tune").DataFrame(analysis.records(self.history))

    def importance(
        self,
        method: Literal["fanova", "ped-anova", "sobol", "shapley"] = "fanova",
        of: str | float = "all",
        *,
        metric: str | None = None,
        seed: int = 0,
    ) -> analysis.Importance:
        """Which hyperparameters mattered, with intervals.

        Args:
            method: "fanova": shares of the variance, alone and in pairs, by a random forest. "ped-anova": what sets the best tenth
                apart; takes milliseconds. "sobol": shares alone and in any company, by a Gaussian process. "shapley": the whole
                shared out, and what two or three do only together; up to 12 parameters.
            of: "all", or "top 10 %": what matters among good configurations.
            metric: by name; default: the first that is optimised.
            seed: of the bootstrap and the forest.

        Raises:
            StudyError: there is no such method or metric, or `of` means nothing.
        """
        return analysis.importance(self.history, method, of, metric=metric, seed=seed)
