"""Shares of importance, as numbers, as text and for notebooks; how they are found is in `importances.py`."""

import math
from typing import Final

import msgspec

from tunewright.analysis.by_name import ByName
from tunewright.analysis.markup import tag
from tunewright.analysis.notebook import framed
from tunewright.analysis.scale import Linear
from tunewright.analysis.surrogate import Fit
from tunewright.analysis.svg import strip
from tunewright.analysis.text import counted, cut, number, r2_text, thousandths

__all__ = ["Importance", "Share"]

_NONE: Final = Fit(math.nan, math.nan, 0)


class Share(msgspec.Struct, frozen=True):
    """What one parameter, or two or three together, account for.

    Attributes:
        names: of the parameters.
        value: the share, of 1.
        low, high: its 95 % interval.
        n: in how many trials they were (all) active.
        total: with "sobol", the share in any company; else NaN.
        chance: with "ped-anova", what chance alone reaches once in twenty times; else NaN.
    """

    names: tuple[str, ...]
    value: float
    low: float
    high: float
    n: int
    total: float = math.nan
    chance: float = math.nan

    @property
    def clear(self) -> bool:
        """Whether it is more than chance would give."""
        return self.value > self.chance if math.isfinite(self.chance) else self.low > 0.0


class Importance(ByName[Share], msgspec.Struct, frozen=True):
    """Which hyperparameters mattered; by name, the share of each.

    Attributes:
        method: how it was found.
        of: about which share of the trials the question is: 1 is all.
        metric: which one.
        n: trials behind it.
        shares: of each parameter, the largest first.
        interactions: of two (with "shapley" also three) beyond what they do alone, the largest first; at most 45.
        fit: how well the model behind it predicts; all NaN with "ped-anova", which has none.
        remarks: what to know before using the numbers, in sentences.
    """

    method: str
    of: float
    metric: str
    n: int
    shares: tuple[Share, ...] = ()
    interactions: tuple[Share, ...] = ()
    fit: Fit = _NONE
    remarks: tuple[str, ...] = ()

    @property
    def _named(self) -> dict[str, Share]:
        return {share.names[0]: share for share in self.shares}

    @property
    def title(self) -> str:
        """What it is, in a line."""
        of = "" if self.of == 1 else f", among the best {number(100 * self.of)} %"
        return f"Importance for {self.metric}{of}: {self.method}, {counted(self.n, 'trial')}"

    @property
    def behind(self) -> str:
        """How well the model behind it predicts, in a line; "" where there is none."""
        if math.isnan(self.fit.r2):
            return ""
        said = f"model: cross-validated R² {r2_text(self.fit.r2)}, rank correlation {number(self.fit.rank, 2)}"
        return f"{said}, {self.fit.behind(self.n)}"

    def __repr__(self) -> str:
        together = [*self.shares, *self.interactions[:10]]
        width = max((len(_name(share)) for share in together), default=0)
        lines = [self.title]
        for share in together:
            bar = "█" * round(20 * min(1.0, max(0.0, share.value)))
            lines.append(
                f"  {_name(share):<{width}}  {thousandths(share.value):>6}  {_interval(share):<16}  {_note(share):<14}{bar}".rstrip()
            )
        lines += [f"  {line}" for line in (self.behind, *self.remarks) if line]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = []
        scale = Linear(0.0, max([1e-9, *(share.high for share in self.shares)]))
        for share in [*self.shares, *self.interactions[:10]]:
            drawn = strip(
                scale, middle=share.value, span=(share.low, share.high), label=f"{_name(share)}: {number(share.value, 2)}"
            )
            cells = [tag("td", text) for text in (thousandths(share.value), _interval(share), f"{share.n:,}", _note(share))]
            rows.append(tag("tr", tag("th", cut(_name(share), 120), scope="row"), *cells, tag("td", drawn)))
        heads = [tag("th", text, scope="col") for text in ("hyperparameter", "share", "95 % interval", "n", "note", "drawn")]
        table = (
            tag("table", tag("caption", self.title), tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="shares")
            if rows
            else None
        )
        lines = [tag("p", line) for line in (self.behind, *self.remarks) if line]
        return framed(tag("p", self.title) if table is None else tag("div", table, class_="scroll"), *lines)


def _name(share: Share) -> str:
    return " × ".join(share.names)


def _interval(share: Share) -> str:
    return f"{thousandths(share.low)} to {thousandths(share.high)}"


def _note(share: Share) -> str:
    if math.isfinite(share.total):
        return f"total {thousandths(share.total)}"
    return "" if share.clear else "chance?" if math.isfinite(share.chance) else ""
