"""A study, a trial, a best: as JSON values and as text."""

import datetime as dt
import math
from typing import Any

from tunewright.analysis.lineages import lineage
from tunewright.analysis.summary import causes, default_trial, ranking, spread, unfinished
from tunewright.analysis.summary import counts_text as states_text
from tunewright.analysis.text import duration
from tunewright.analysis.volume import volume
from tunewright.cli.terminal import cut, value_text
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.study import Study
from tunewright.tracking.progress import measured, plain_number
from tunewright.trial import Trial
from tunewright.typing import Params

__all__ = [
    "best_facts",
    "best_text",
    "counts",
    "counts_text",
    "failure_lines",
    "metric_text",
    "params_line",
    "spread_text",
    "study_facts",
    "took",
    "trial_facts",
    "when",
]


def when(seconds: float | None) -> str:
    """A moment, UTC."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def metric_text(metric: Metric) -> str:
    """A metric with its direction, and its bound if it has one."""
    sign = "<=" if metric.goal == "minimize" else ">="
    return f"{metric.name} ({metric.goal}{'' if metric.bound is None else f', {sign} {plain_number(metric.bound)}'})"


def counts(history: History) -> dict[str, int]:
    """How many trials are in which state, and how many configurations wait."""
    return {
        "trials": len(history),
        "completed": history.completed,
        "failed": history.failed,
        "running": history.running - len(unfinished(history)),
        "unfinished": len(unfinished(history)),
        "queued": len(history.queue),
    }


def counts_text(history: History) -> str:
    """The same in words."""
    return states_text(history) + (f", {len(history.queue):,} waiting in the queue" if history.queue else "")


def spread_text(trial: Trial, metric: Metric) -> str:
    """A trial's value in a metric with its spread; "-" when it has none."""
    if trial.values is None:
        return "-"
    found = spread(trial, metric.name)
    return measured(found.mean, found.sd)


def params_line(params: Params, length: int = 200, *, whole: bool = False) -> str:
    """A configuration on one line, numbers to five digits; `whole`: nothing cut and every digit."""
    if whole:
        return " ".join(f"{name}={value_text(value)}" for name, value in params.items())
    texts = {name: plain_number(value, 5) if isinstance(value, float) else value_text(value) for name, value in params.items()}
    return cut(" ".join(f"{name}={cut(text, 40)}" for name, text in texts.items()), length)


def trial_facts(trial: Trial, history: History) -> dict[str, Any]:
    """Everything about one trial, as JSON values."""
    return {
        "trial": trial.number,
        "state": str(trial.state),
        "params": trial.params,
        "values": trial.values,
        "spread": None
        if trial.values is None
        else {metric.name: _number(spread(trial, metric.name).sd) for metric in history.metrics},
        "origin": trial.origin,
        "note": trial.note,
        **({} if trial.parent is None else {"parent": trial.parent, "lineage": lineage(history, trial.number)}),
        "asked_at": trial.asked_at,
        "finished_at": trial.finished_at,
        "seconds": trial.seconds,
        "usable": trial.usable,
        "failure": trial.failure,
        "measurements": trial.measurements,
    }


def best_facts(history: History, top: int = 1) -> dict[str, Any] | None:
    """The best trial, with the next ones if `top` asks for more; with several metrics the Pareto front; None if there is none."""
    if not history.feasible.any():
        return None
    if len(history.objectives) > 1:
        return {"pareto": [trial_facts(trial, history) for trial in history.pareto]}
    best = [trial_facts(found.trial, history) for found in ranking(history, top)]
    return best[0] if top == 1 else {"top": best}


def best_text(history: History) -> str:
    """The best in a few words: "0.9952 ± 0.0031 (trial 17)"; "-" if there is none."""
    if not history.feasible.any():
        return "-"
    if len(history.objectives) > 1:
        return f"{len(history.pareto):,} trials on the Pareto front"
    best = history.best
    return f"{spread_text(best, history.metrics[history.objectives[0]])} (trial {best.number})"


def failure_lines(history: History, count: int = 5) -> list[str]:
    """Why trials failed, the most frequent cause first, a line each."""
    found = causes(history)
    lines = []
    for cause in found[:count]:
        numbers = ", ".join(str(number) for number in cause.trials[:5]) + (", ..." if len(cause.trials) > 5 else "")
        which = "trial" if len(cause.trials) == 1 else "trials"
        lines.append(f"{len(cause.trials):,} x  {cut(cause.message, 160)}  ({which} {numbers})")
    if len(found) > count:
        lines.append(f"and {len(found) - count:,} other causes")
    return lines


def study_facts(study: Study, created: float, last: int = 5) -> dict[str, Any]:
    """Everything about one study, as JSON values."""
    history = study.history
    default = default_trial(history)
    return {
        "name": study.name,
        "storage": study.storage.url,
        "created": created,
        "seed": study.seed,
        "metrics": [{"name": metric.name, "goal": metric.goal, "bound": metric.bound} for metric in study.metrics],
        "parameters": list(study.space.names),
        "counts": counts(history),
        "seconds": float(history.seconds.sum()),
        "best": best_facts(history),
        "hypervolume": volume(history),
        "default": None if default is None else trial_facts(default, history),
        "last": [trial_facts(history.trial(number), history) for number in range(max(0, len(history) - last), len(history))],
        "failures": [{"message": cause.message, "kind": cause.kind, "trials": cause.trials} for cause in causes(history)],
        "comments": [
            {"trial": entry.trial, "text": getattr(entry.event, "text", ""), "time": entry.time} for entry in history.comments
        ],
        "warnings": [getattr(entry.event, "text", "") for entry in history.warnings],
    }


def took(seconds: float) -> str:
    """A duration, and "-" for none."""
    return duration(seconds) if seconds > 0 else "-"


def _number(x: float) -> float | None:
    return x if math.isfinite(x) else None
