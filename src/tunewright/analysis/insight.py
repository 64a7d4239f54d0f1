"""Everything that a study says of itself, computed together: the same Gaussian processes serve effects, tunability, prospects and checks."""

from typing import Any

import msgspec

from tunewright.analysis.bounded import bounds
from tunewright.analysis.checks import Health, health
from tunewright.analysis.dependence import Effects, effects
from tunewright.analysis.evidence import evidence
from tunewright.analysis.gains import Tunability
from tunewright.analysis.importances import importance
from tunewright.analysis.prospects import Prospect, prospect
from tunewright.analysis.refinement import Refinement, refine
from tunewright.analysis.shares import Importance
from tunewright.analysis.surrogate import WIDEST, surrogate
from tunewright.analysis.tuning import tunability
from tunewright.history import History
from tunewright.models.threads import one_thread
from tunewright.space import SearchSpace

__all__ = ["Insight", "insight", "json_of"]


class Insight(msgspec.Struct, frozen=True):
    """What a study says of itself.

    Attributes:
        importance: which hyperparameters mattered.
        effects: how the metric goes with each.
        tunability: what tuning was worth; None in spaces too wide for a Gaussian process, as the next.
        prospect: what more trials would bring.
        health: what may be wrong.
        refinement: a proposal for the next round.
    """

    importance: Importance
    effects: Effects
    tunability: Tunability | None
    prospect: Prospect | None
    health: Health
    refinement: Refinement


@one_thread
def insight(history: History, *, trials: int = 20) -> Insight:
    """Ask a study everything.

    Args:
        history: of the study, in any state.
        trials: how many more to think of.
    """
    known = evidence(history)
    narrow = len(known.space) <= WIDEST
    model = surrogate(known) if narrow and not known.trouble else None
    bounded = bounds(history) if narrow else None
    return Insight(
        importance(history),
        effects(history, model=model),
        tunability(history, model=model, bounded=bounded) if narrow else None,
        prospect(history, trials, model=model, bounded=bounded) if narrow else None,
        health(history, model=model),
        refine(history),
    )


def json_of(found: Any) -> str:  # noqa: ANN401  any record of an analysis
    """An analysis as JSON text; a NaN is null."""
    return msgspec.json.format(msgspec.json.encode(found, enc_hook=_plain), indent=2).decode()


def _plain(given: Any) -> Any:  # noqa: ANN401  arrays and spaces
    return msgspec.Raw(given.to_json().encode()) if isinstance(given, SearchSpace) else given.tolist()
