"""Health checks: what may be wrong with a study, each in plain words, with the figure that shows it and the mend.

A check speaks up only where the figures do: it asks for enough trials first, and where chance could look alike it asks how likely that
is. So a small study gets few complaints, and the first of them is that it is small.
"""

import math
from collections.abc import Callable, Iterator
from typing import Final, Literal

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.evidence import Evidence, crowded, evidence, seen, territory
from tunewright.analysis.markup import tag
from tunewright.analysis.notebook import framed
from tunewright.analysis.slowness import uneven
from tunewright.analysis.summary import (
    Difference,
    at_full_effort,
    causes,
    default_trial,
    difference,
    failures_left_out,
)
from tunewright.analysis.surrogate import WIDEST, Surrogate, surrogate
from tunewright.analysis.text import choice_labels, counted, cut, interval, number
from tunewright.analysis.widening import widened
from tunewright.history import COMPLETED, FAILED, RUNNING, History
from tunewright.models.threads import one_thread
from tunewright.sameness import alike
from tunewright.space import Float, Int, Ordinal
from tunewright.typing import Indices, Mask

__all__ = ["Check", "Health", "failures_told", "health"]

_KEPT: Final = 10
"""So many trials within the bounds have a median to speak of."""
_ALPHA: Final = 1e-3
"""What chance would do less often than this is worth a word."""
_FEW_PER_PARAMETER: Final = 5
_HARSH: Final = 0.5
_TWINS: Final = 0.9999


class Check(msgspec.Struct, frozen=True):
    """One finding.

    Attributes:
        name: which check, in a word or two.
        level: "warning": mend it; "note": know it.
        said: what is the case, with its figure, a sentence.
        mend: what to do about it, a sentence.
    """

    name: str
    level: Literal["warning", "note"]
    said: str
    mend: str


class Health(msgspec.Struct, frozen=True):
    """What the checks found.

    Attributes:
        n: finished trials that were looked at.
        findings: warnings first.
        passed: names of the checks that had nothing to say.
    """

    n: int
    findings: tuple[Check, ...]
    passed: tuple[str, ...]

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The findings that ask to be mended."""
        return tuple(check for check in self.findings if check.level == "warning")

    @property
    def title(self) -> str:
        """What came of it, in a line."""
        notes = len(self.findings) - len(self.warnings)
        return f"Health: {counted(len(self.warnings), 'warning')}, {counted(notes, 'note')}, {len(self.passed)} checks had nothing to say ({counted(self.n, 'finished trial')})"

    def __repr__(self) -> str:
        lines = [self.title]
        for check in self.findings:
            lines += [f"  {'!' if check.level == 'warning' else '·'} {check.name}: {check.said}", f"      {check.mend}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        items = [
            tag("li", tag("b", check.name, class_=check.level), f": {check.said} ", tag("span", check.mend, class_="mend"))
            for check in self.findings
        ]
        return framed(tag("p", self.title), tag("ul", *items, class_="health") if items else None)


@one_thread
def health(history: History, *, model: Surrogate | None = None) -> Health:
    """Look a study over.

    Args:
        history: of the study, in any state.
        model: fitted to it, if there is one already; default: fitted here where the study allows it.
    """
    known = evidence(history)
    if not history.finished:
        said = Check("no result yet", "note", f"No trial is finished ({history.running} running).", "Run study.optimize first.")
        return Health(0, (said,), ())
    if model is None and not known.trouble and len(known.space) <= WIDEST:
        model = surrogate(known)
    checks: dict[str, Callable[[], Iterator[Check]]] = {
        "failures": lambda: _failing(history),
        "wasted range": lambda: _wasted(history, known),
        "number of trials": lambda: _small(history, known),
        "metrics": lambda: _metrics(history),
        "bounds of the space": lambda: _bounds(known),
        "noise": lambda: _noise(history, known, model),
        "overfitted validation": lambda: _optimism(history),
        "evidence": lambda: _passed_over(history),
        "scheduler": lambda: _scheduler(history, known),
        "surrogate": lambda: _predicts(model),
        "time": lambda: _time(history, known),
    }
    findings = {name: list(check()) for name, check in checks.items()}
    ordered = sorted((check for found in findings.values() for check in found), key=lambda check: check.level != "warning")
    return Health(history.finished, tuple(ordered), tuple(name for name, found in findings.items() if not found))


# ---- where trials fail or diverge ----------------------------------------------------------------------------------------------


class _Region(msgspec.Struct, frozen=True):
    """A part of one parameter's range in which something happens: in `hits` of `n` trials there, and `others` of `rest` elsewhere."""

    said: str
    hits: int
    n: int
    others: int
    rest: int


def _region(history: History, numbers: Indices, hit: Mask) -> _Region | None:
    """Where what happened to some trials happens, if one parameter tells; None if none does beyond chance."""
    space, best, least = history.space, None, _ALPHA / max(1, len(history.space))
    rows = history.rows[numbers]
    for j, (name, parameter) in enumerate(space.parameters.items()):
        column = rows[:, j]
        values = np.unique(column[np.isfinite(column)])
        if isinstance(parameter, Float | Int):
            cuts = (
                np.unique(np.quantile(column[np.isfinite(column)], [0.1, 0.25, 0.5, 0.75, 0.9]))
                if len(values) > 1
                else np.zeros(0)
            )
            parts = [(column >= at, f"{name} of {number(float(at), 3)} and more") for at in cuts]
            parts += [(column <= at, f"{name} up to {number(float(at), 3)}") for at in cuts]
        else:
            tried = [space.params(rows[int(np.argmax(column == value))])[name] for value in values[:50]]
            shown = zip(values, choice_labels(tried), strict=False)
            parts = [(column == value, f"{name} = {cut(text, 40)}") for value, text in shown]
        for part, said in parts:
            hits, n = int((hit & part).sum()), int(part.sum())
            others, rest = int(hit.sum()) - hits, len(hit) - n
            if not n or not rest or hits / n <= others / rest:
                continue
            chance = float(
                stats.fisher_exact(np.array([[hits, n - hits], [others, rest - others]]), alternative="greater").pvalue
            )
            if chance < least:
                best, least = _Region(said, hits, n, others, rest), chance
    return best


def failures_told(history: History) -> str:
    """`summary.failures_left_out`, with the part of a parameter's range in which trials fail, where one tells."""
    if not (said := failures_left_out(history)):
        return ""
    ended = np.flatnonzero((history.states != RUNNING) & history.usable)
    region = _region(history, ended, history.states[ended] == FAILED)
    if region is None:
        return said
    return (
        f"{said.partition(';')[0]}: {region.hits} of {region.n} with {region.said}, {region.others} of {region.rest} elsewhere."
    )


def _failing(history: History) -> Iterator[Check]:
    ended = np.flatnonzero((history.states != RUNNING) & history.usable)
    for cause in causes(history)[:3]:
        hit = np.isin(ended, cause.trials)
        share = len(cause.trials) / history.finished
        region = _region(history, ended, hit) if hit.sum() >= 3 else None
        if share < 0.05 and region is None:
            continue
        said = f'{len(cause.trials):,} of {counted(history.finished, "finished trial")} failed with "{cut(cause.message, 120)}"'
        mend = "Read the first traceback; mend the objective, or catch what is expected and return a poor value."
        if region is not None:
            said += f": {region.hits} of {region.n} with {region.said}, {region.others} of {region.rest} elsewhere"
            mend = f"Look at {region.said}: narrow the range, or add a constraint."
        yield Check("failures", "warning" if share >= 0.2 or region is not None else "note", f"{said}.", mend)


def _wasted(history: History, known: Evidence) -> Iterator[Check]:
    """Divergence: values far above the bulk of the space, where one parameter tells."""
    if len(known) < 20 or known.trouble:
        return
    far = known.losses > seen(known.losses, territory(known.space, known.rows)).fence
    region = _region(history, known.numbers, far) if far.sum() >= 3 else None
    if region is not None and region.hits >= 0.5 * region.n:
        said = f"{region.hits} of {region.n} trials with {region.said} are far worse than the rest of the space, {region.others} of {region.rest} elsewhere."
        yield Check("wasted range", "warning", said, "Narrow the range, or drop the choice; study.refine() proposes how.")


# ---- size, metrics, bounds -----------------------------------------------------------------------------------------------------


def _small(history: History, known: Evidence) -> Iterator[Check]:
    d, n = sum(parameter.size > 1 for parameter in history.space.parameters.values()), len(known)
    if n < _FEW_PER_PARAMETER * d and n < history.space.size:
        said = f"{counted(n, 'completed trial')} for {counted(d, 'parameter')}: {number(n / max(d, 1), 2)} for each."
        yield Check(
            "few trials", "note", said, f"Expect little before about {_FEW_PER_PARAMETER * d} trials, or search fewer parameters."
        )


def _metrics(history: History) -> Iterator[Check]:
    done = np.flatnonzero(history.states == COMPLETED)
    values = history.values[done]
    if len(done) < 5:
        return
    flat = [metric.name for metric, each in zip(history.metrics, history.adjusted[done].T, strict=True) if alike(each)]
    for name in flat:
        said = f"{name} has the same value in all {len(done):,} completed trials."
        mend = "Check that the objective measures it, and that parameters reach the model."
        yield Check("constant metric", "warning", said, mend)
    for j, first in enumerate(history.metrics):
        for k, second in enumerate(history.metrics[:j]):
            if first.name in flat or second.name in flat:
                continue
            # of losses: a metric that falls where the other gets better says the same
            together = float(np.corrcoef(first.sign * values[:, j], second.sign * values[:, k])[0, 1])
            if together > _TWINS:
                together *= first.sign * second.sign  # of the values, as they are shown elsewhere
                said = f"{second.name} and {first.name} say the same (correlation {number(together, 5)})."
                yield Check("duplicate metric", "note", said, "Drop one of them.")


def _bounds(known: Evidence) -> Iterator[Check]:
    if known.trouble:
        return
    unit = known.space.to_unit(known.rows)
    for column, (name, parameter) in enumerate(known.space.parameters.items()):
        found = crowded(known, column, unit[:, column])
        if found is None or not isinstance(parameter, Float | Int | Ordinal):
            continue
        end, mend, natural = _beyond(parameter, found.side)
        at = "lower" if found.side == "low" else "upper"
        said = f"{found.hits} of the {found.n} best trials have {name} at the {at} end of its range ({end})."
        yield Check("best value on a boundary", "note" if natural else "warning", said, mend)


def _beyond(parameter: Float | Int | Ordinal, side: Literal["low", "high"]) -> tuple[str, str, bool]:
    """The end of a range, what may be done about it, and whether such values end there by nature."""
    if isinstance(parameter, Ordinal):
        end = choice_labels([parameter.choices[0 if side == "low" else -1]])[0]
        return end, f"Add values beyond {end} if they make sense.", False
    end, new = number(float(getattr(parameter, side))), widened(parameter, side)
    if new == getattr(parameter, side):
        return end, f"Such values mostly end at {end}; if these do not, widen the range.", True
    natural = end in {"0", "1"} and not parameter.log  # a share, a count: there may be nothing beyond
    return end, f"Widen the range beyond {end} if it makes sense there; study.refine() proposes {number(new)}.", natural


# ---- noise and choice ----------------------------------------------------------------------------------------------------------


def _noise(history: History, known: Evidence, model: Surrogate | None) -> Iterator[Check]:
    """Whether what was gained is more than noise."""
    if len(history.objectives) > 1 or not history.feasible.any():
        return
    found = _over_default(history)
    if found is not None:
        if found.low <= 0:
            bounds = interval(found.gain, found.low, found.high)[1]
            said = f"The best, trial {history.best.number}, gains {_gained(found)}; the interval, {bounds}, holds 0."
            yield Check("noise larger than the gain", "warning", said, "Use more folds or repeated seeds, or keep the default.")
        return
    if model is not None and len(known) >= 20 and known.kept.sum() >= _KEPT:
        gain = float(np.median(known.losses[known.kept]) - known.losses[known.best])
        if model.noise > gain:
            within = "" if known.kept.all() else " within the bounds"
            said = f"The model takes {number(model.noise, 2)} for noise; the best is only {number(gain, 2)} better than the median trial{within}."
            mend = "Repeat each trial over folds or seeds, so that differences can be told."
            yield Check("noise larger than the gain", "warning", said, mend)


def _over_default(history: History) -> Difference | None:
    """What the best gains on the default as measured, over the folds and seeds that both met; None where these are too few, or it is the best."""
    best, default = history.best, default_trial(history)
    return (
        None
        if default is None or default.number == best.number
        else difference(best, default, history.metrics[history.objectives[0]], history)
    )


def _gained(found: Difference) -> str:
    gain = interval(found.gain, found.low, found.high)[0]
    return f"{gain} on the default over the {found.shared} folds and seeds that both met, the luck of having been chosen included"


def _optimism(history: History) -> Iterator[Check]:
    """How much a best of many flatters itself, from the folds that all were measured on."""
    if len(history.objectives) > 1:
        return
    order = history.order[:200]
    losses = history.table(history.objectives[0])[0][order]
    if len(order) < 5:
        return
    apart = losses[1:] - losses[0]  # over the folds and seeds that both met
    apart = apart[(met := np.isfinite(apart).sum(axis=1)) >= 2]
    if not len(apart):
        return
    error = float(
        np.median(np.nanstd(apart, axis=1, ddof=1) / np.sqrt(2 * met[met >= 2]))
    )  # of one mean, what all share left out
    tied = 1 + int((np.nanmean(apart, axis=1) <= 2 * error).sum())
    flattery = (
        error * float(stats.norm.ppf((tied - 0.375) / (tied + 0.25))) if tied > 1 else 0.0
    )  # Blom: the mean of the largest of so many
    over = _over_default(history)
    gain = math.nan if over is None else over.gain
    if tied >= 5 and not gain > 2 * flattery:
        beside = "" if over is None else f" (it gains {_gained(over)})"
        said = f"{tied} trials are as good as the best, trial {order[0]}, within the error of their folds; being the best of so many flatters it by about {number(flattery, 2)}{beside}."
        yield Check(
            "overfitted validation",
            "warning" if gain <= flattery else "note",
            said,
            "Judge it on data the search never saw; among equals take the cheapest.",
        )


def _passed_over(history: History) -> Iterator[Check]:
    """Trials that seem better than the best, and met too few folds and seeds to be it: those of a time when fewer were asked for."""
    if len(history.objectives) > 1 or not history.feasible.any():
        return
    found, best = history.effects(), int(history.order[0])
    same = history.feasible & ~history.proven & (history.budgets == history.budgets[best])
    better = np.flatnonzero(same & (found.posterior < found.posterior[best]))
    if len(better):
        first = int(better[np.argmin(found.posterior[better])])
        others = f" (and {len(better) - 1} more)" if len(better) > 1 else ""
        said = f"Trial {first}{others} seems better than the best, trial {best}, but met {found.counts[first]} of {found.counts[best]} folds and seeds, too few to be it."
        yield Check("passed over", "warning", said, "Search on with schedulers.Race(…): it first gives it those that it lacks.")


# ---- scheduler, surrogate, time ------------------------------------------------------------------------------------------------


def _scheduler(history: History, known: Evidence) -> Iterator[Check]:
    """Whether values at the lowest budget tell those at the highest. What tasks report on the way stops nobody."""
    pairs = []
    for trial in (history.trial(int(number_)) for number_ in known.numbers[:2000]):
        full = at_full_effort(trial)
        early = [each for each in trial.measurements if each.values and each not in full]
        first = min(early, key=lambda each: each.budget or math.inf, default=None)
        pairs.append(math.nan if first is None else (first.values or {}).get(known.metric.name, math.nan))
    first_values = np.array(pairs)
    there = np.isfinite(first_values)
    if there.sum() < 8 or alike(first_values[there]):
        return
    rank = float(stats.spearmanr(known.metric.sign * first_values[there], known.losses[: len(there)][there]).statistic)
    if rank < _HARSH:
        said = f"The order at the lowest budget hardly tells the final one: rank correlation {number(rank, 2)} over {int(there.sum())} trials."
        copied = "Compare less often (a larger step of PBT): what is best at first is copied, whoever is best at the end."
        mend = copied if history.clones else "Begin with a larger budget, or promote more trials (a smaller eta)."
        yield Check("scheduler too harsh", "warning", said, mend)


def _predicts(model: Surrogate | None) -> Iterator[Check]:
    if model is not None and model.fit.n >= 20 and not model.fit.predicts:
        said = f"A Gaussian process explains {number(100 * max(model.fit.r2, 0.0), 2)} % of the variance of trials left out (rank correlation {number(model.fit.rank, 2)}, n = {model.fit.n:,})."
        mend = (
            "Importance and effects mean little here. Repeat trials if the objective is noisy; drop parameters that do nothing."
        )
        yield Check("surrogate does not predict", "note", said, mend)


def _time(history: History, known: Evidence) -> Iterator[Check]:
    found = uneven(history, known)
    if found is not None:
        yield Check("uneven time", "note", *found)
