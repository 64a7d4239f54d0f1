"""What tuning is worth, as numbers, as text and for notebooks; how it is found is in `tuning.py`."""

import math

import msgspec

from tunewright.analysis.surrogate import Fit
from tunewright.analysis.text import counted, cut, interval, r2_text, value_text, with_spread
from tunewright.analysis.told import Told
from tunewright.typing import Value

__all__ = ["Gain", "Stay", "Step", "Tunability"]


class Gain(msgspec.Struct, frozen=True):
    """How much smaller the loss gets (in units of the metric, positive: better), with its 95 % interval."""

    names: tuple[str, ...]
    value: float
    low: float
    high: float
    at: tuple[Value, ...] = ()

    @property
    def sd(self) -> float:
        """A quarter of the interval's width: about its standard deviation."""
        return (self.high - self.low) / 4


class Step(msgspec.Struct, frozen=True):
    """One step of the ablation path: a parameter goes from one value to another (None: inactive), for this gain."""

    name: str
    before: Value
    after: Value
    gain: Gain


class Stay(msgspec.Struct, frozen=True):
    """Parameters of the winner that can go back to their default, and what that costs (in units of the metric)."""

    names: tuple[str, ...]
    loss: float
    sd: float


class Tunability(Told, msgspec.Struct, frozen=True):
    """What tuning is worth.

    Attributes:
        metric: which one.
        n: trials behind it.
        whole: of everything together; None where nothing can be said.
        parameters: each alone, the most tunable first; those that are inactive at the default are left out.
        pairs: of the most tunable ones, the best first.
        path: from the default to the winner, at each step the change that then gains most.
        stay: what can stay at its default.
        fit: how well the model predicts.
        remarks: what to know before using the numbers.
        exact: parameters whose values are shown as JSON, since choices of theirs would read alike.
    """

    metric: str
    n: int
    whole: Gain | None = None
    parameters: tuple[Gain, ...] = ()
    pairs: tuple[Gain, ...] = ()
    path: tuple[Step, ...] = ()
    stay: Stay | None = None
    fit: Fit = Fit(math.nan, math.nan, 0)
    remarks: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()

    @property
    def worthwhile(self) -> tuple[Gain, ...]:
        """The pairs that are worth more together than either of them alone."""
        alone = {each.names[0]: each.value for each in self.parameters}
        return tuple(
            pair
            for pair in self.pairs
            if None not in pair.at and pair.value > 1.01 * max(alone.get(name, 0.0) for name in pair.names)
        )

    def at(self, gain: Gain) -> str:
        """The values that a gain is at, as text."""
        return ", ".join(_shown(value, name in self.exact) for name, value in zip(gain.names, gain.at, strict=True))

    def ends(self, step: Step) -> tuple[str, str]:
        """The values from which and to which a step goes, as text."""
        return _shown(step.before, step.name in self.exact), _shown(step.after, step.name in self.exact)

    @property
    def walk(self) -> str:
        """What the path is: greedy, so a step may lose what only a later one makes up for."""
        said = "From the default to the best trial, at each step the change that gains most there"
        return f"{said} (one below 0 pays only with later ones)" if any(step.gain.value < 0 for step in self.path) else said

    @property
    def lines(self) -> list[str]:
        """What it says, a sentence each."""
        whole = "" if self.whole is None else _gain(self.whole)
        said = [f"Tuning everything is worth {whole} in {self.metric} beyond the default."] if whole else []
        said += [f"{each.names[0]} alone: {_gain(each)}, at {self.at(each)}" for each in self.parameters[:10]]
        said += [f"{' and '.join(each.names)}: {_gain(each)}, at {self.at(each)}" for each in self.worthwhile[:3]]
        if self.path:
            said.append(f"{self.walk}:")
            said += [f"  {each.name}: {' -> '.join(self.ends(each))}, {_gain(each.gain)}" for each in self.path]
        if self.stay is not None and self.stay.names:
            names = ", ".join(self.stay.names)
            said.append(f"Can stay at their default: {names}: expected loss {with_spread(self.stay.loss, self.stay.sd)}.")
        return said

    @property
    def _told(self) -> list[str]:
        title = f"Tunability for {self.metric}: {counted(self.n, 'trial')}"
        behind = (
            [] if math.isnan(self.fit.r2) else [f"model: cross-validated R² {r2_text(self.fit.r2)}, {self.fit.behind(self.n)}"]
        )
        return [title, *(f"  {line}" for line in (*self.lines, *behind, *self.remarks))]


def _gain(gain: Gain) -> str:
    value, bounds = interval(gain.value, gain.low, gain.high)
    return f"{value} ({bounds})"


def _shown(value: Value, exact: bool) -> str:
    """A parameter's value as text; "inactive" for None, and "null" for a None that was chosen (`_there`)."""
    return "inactive" if value is None else "null" if value == "null" else cut(value_text(value, exact=exact), 40)
