"""Parameters that make next to no difference round the winner, fixed.

Which these are a Gaussian process says, where it predicts: losses are drawn jointly over the range of the parameter that was tried, all others
at the winner's values, and the 95 % quantile of how far they go apart must be little of the way from the median trial to the best.

A parameter is fixed at the winner's value, so that the best stays in the space; at the default where more of the top trials have that. Trials with
other values no longer count as tried. Of a number hardly two trials have the same, so often the best alone stays: `cost` says so.
"""

import math
from typing import Final

import numpy as np

from tunewright.analysis.evidence import Evidence
from tunewright.analysis.surrogate import WIDEST, surrogate
from tunewright.analysis.tuning import default_row, levels
from tunewright.space import Categorical, Float, Int, Parameter
from tunewright.typing import Mask, Value

__all__ = ["cost", "frozen"]

_LITTLE: Final = 0.1
"""What a frozen parameter may change, as a share of the way from the median trial to the best."""
_LEVELS: Final = 9
_DRAWS: Final = 200


def frozen(known: Evidence, top: Mask, seed: int) -> dict[str, Parameter]:
    """What makes no difference, fixed; nothing where the model does not predict, or there are more than 60 parameters.

    Args:
        known: the trials, at least one of them within every metric's bound.
        top: which of them are the best, shape (n,).
        seed: of the draws, 0 or more.

    Returns:
        Parameters of one choice, by name.
    """
    found: dict[str, Parameter] = {}
    if len(known.space) > WIDEST or not (model := surrogate(known)).fit.predicts:
        return found
    space, winner = known.space, known.rows[known.best]
    little = _LITTLE * float(np.median(known.losses) - known.losses.min())
    filled = np.where(np.isnan(winner), default_row(space), winner)
    for j, (name, parameter) in enumerate(space.parameters.items()):
        if parameter.size < 2 or math.isnan(winner[j]):
            continue
        tried = np.quantile(known.rows[np.isfinite(known.rows[:, j]), j], [0.02, 0.98])
        values = levels(space, j, _LEVELS)
        if isinstance(parameter, Float | Int):  # where nobody was the model only guesses
            values = values[(values >= tried[0]) & (values <= tried[1])]
        if len(values) < 2:
            continue
        rows = np.repeat(filled[None], len(values), axis=0)
        rows[:, j] = values
        drawn = model.draws(space.deactivate(rows), _DRAWS, np.random.default_rng(seed))
        if float(np.quantile(np.ptp(drawn, axis=0), 0.95)) <= little:
            found[name] = Categorical([_fixed(known, j, parameter, top)])
    return found


def _fixed(known: Evidence, column: int, parameter: Parameter, top: Mask) -> Value:
    """The winner's value, or the default where more of the top trials have it: the best stays in the space unless that saves more."""
    winner, default = known.rows[known.best, column], default_row(known.space)[column]
    raw = known.rows[top, column]
    if (raw == default).sum() > (raw == winner).sum():
        return parameter.default_value
    value: Value = known.space.params(known.rows[known.best])[known.space.names[column]]
    return value


def cost(names: list[str], best: tuple[Mask, Mask], usable: tuple[Mask, Mask]) -> list[str]:
    """What freezing costs, in a sentence; nothing where nothing is frozen.

    Args:
        names: of what is frozen.
        best: which of the best trials the space holds without freezing, and with it, shapes (n,).
        usable: the same of all trials.
    """
    if not names:
        return []
    said = f"Frozen: {', '.join(names)}. Trials with other values no longer count as tried: {best[1].sum():,} of the best stay usable, not {best[0].sum():,}"
    return [f"{said}, and {usable[1].sum():,} in all, not {usable[0].sum():,}."]
