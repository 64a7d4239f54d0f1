"""Lines of results, as tables."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

__all__ = ["report"]

Row = dict[str, Any]
_SAME = 1e-12


def report(rows: Sequence[Row]) -> str:
    """Markdown: all tables together, then real ones and worlds, then each by itself. Only searches that every tool has finished count."""
    tools = sorted({row["tool"] for row in rows}, key=lambda tool: (not tool.startswith("Tunewright"), tool))
    by_run: dict[tuple[str, int], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        by_run[row["task"], row["seed"]][row["tool"]] = row
    runs = {key: found for key, found in by_run.items() if len(found) == len(tools)}
    if not runs:
        return "No search was finished by every tool."
    parts = []
    for title, real in (("Real tables", True), ("Worlds whose truth is known", False)):
        some = {key: found for key, found in runs.items() if next(iter(found.values()))["real"] is real}
        if some:
            seeds = len({seed for _, seed in some})
            parts.append(
                f"**{title}**: {len({task for task, _ in some})} tables, {seeds} seeds, {len(some)} searches a tool.\n\n{_overall(some, tools)}"
            )
            parts.append(_each(some, tools))
    return "\n\n".join([*parts, *_covered_beside_chance(rows, tools)])


def _overall(runs: dict[tuple[str, int], dict[str, Row]], tools: Sequence[str]) -> str:
    scores = np.array([[found[tool]["test"] for tool in tools] for found in runs.values()])
    ranks = stats.rankdata(-scores.round(12), axis=1)
    spans = _spans(runs)
    lines = [
        "| tool | mean rank | claimed − test | \\|claimed − test\\| | worse than default | significantly | configurations | a minute | fits |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for place, tool in enumerate(tools):
        mine = [found[tool] for found in runs.values()]
        off = np.array([(row["claimed"] - row["test"]) / spans[key[0]] for key, row in zip(runs, mine, strict=True)])
        error = off.std(ddof=1) / math.sqrt(len(off)) if len(off) > 1 else math.nan
        worse = [row["test"] < row["default"] - _SAME for row in mine]
        lines.append(
            f"| {tool} | {ranks[:, place].mean():.2f} | {off.mean():+.3f} ± {error:.3f} | {np.abs(off).mean():.3f} | {np.mean(worse):.0%} "
            f"| {np.mean([row['worse'] for row in mine]):.1%} | {_mean(mine, 'seen'):.0f} | {60 * np.mean([row['seen'] / row['seconds'] for row in mine]):.0f} "
            f"| {_mean(mine, 'spent'):.0f} |"
        )
    return "\n".join([*lines, "", *_beside(runs, tools, spans), *_covered(runs, tools)])


def _spans(runs: dict[tuple[str, int], dict[str, Row]]) -> dict[str, float]:
    """The unit of each table: the standard deviation of claimed - test over all tools and seeds."""
    by_task: dict[str, list[float]] = defaultdict(list)
    for (task, _), found in runs.items():
        by_task[task] += [row["claimed"] - row["test"] for row in found.values()]
    return {task: float(np.std(values)) or 1.0 for task, values in by_task.items()}


def _beside(runs: dict[tuple[str, int], dict[str, Row]], tools: Sequence[str], spans: dict[str, float]) -> list[str]:
    lines = []
    ours = tools[0]
    for tool in tools[1:]:
        apart = np.array([(found[ours]["test"] - found[tool]["test"]) / spans[key[0]] for key, found in runs.items()])
        if len(apart) > 1 and apart.any():
            p = float(stats.wilcoxon(apart).pvalue)
            lines.append(
                f"{ours} − {tool}: {apart.mean():+.3f} ± {apart.std(ddof=1) / math.sqrt(len(apart)):.3f} "
                f"(better {np.sum(apart > _SAME)}, worse {np.sum(apart < -_SAME)}, Wilcoxon p = {p:.2g}).  "
            )
    return lines


def _covered(runs: dict[tuple[str, int], dict[str, Row]], tools: Sequence[str]) -> list[str]:
    lines = []
    for tool in tools:
        rows = [row for found in runs.values() if math.isfinite((row := found[tool])["low"])]
        if rows:
            inside = [row["low"] - _SAME <= row["test"] <= row["high"] + _SAME for row in rows]
            lines.append(f"\n{tool}: the 95 % interval holds the test score in {np.mean(inside):.1%} of {len(rows)}.")
    return lines


def _covered_beside_chance(rows: Sequence[Row], tools: Sequence[str]) -> list[str]:
    """What intervals hold in all searches, also those that one tool alone has, where the test rows' own chance is known: the claim is about
    endless new rows, so a test score may be off by both.
    """
    lines = []
    rows = [row for row in rows if math.isfinite(row.get("spread", math.nan))]
    spans = _spans({(row["task"], place): {row["tool"]: row} for place, row in enumerate(rows)})
    for tool in tools:
        for all_rows in (False, True):
            mine = [row for row in rows if row["tool"] == tool and math.isfinite(row.get("on_folds", math.nan)) == all_rows]
            if any(math.isfinite(row["low"]) for row in mine):
                lines.append(_held(mine, f"{tool}, claims {'for all rows' if all_rows else 'of the folds'}", spans))
    return lines


def _held(rows: Sequence[Row], title: str, spans: dict[str, float]) -> str:
    known = [row for row in rows if math.isfinite(row["low"])]
    test, claimed, low, high, spread = (
        np.array([row[name] for row in known]) for name in ("test", "claimed", "low", "high", "spread")
    )
    alone = (low - _SAME <= test) & (test <= high + _SAME)
    chance = stats.norm.ppf(0.975) * spread + _SAME
    above, below = test - claimed > np.hypot(high - claimed, chance), claimed - test > np.hypot(claimed - low, chance)
    off = []
    for name in ("claimed", "on_folds", "raw"):
        each = np.array([(row[name] - row["test"]) / spans[row["task"]] for row in rows if name in row])
        off.append(f"{each.mean():+.3f} ± {stats.sem(each):.3f} (either way {np.abs(each).mean():.3f})" if len(each) > 1 else "")
    beside = f"the folds alone − test {off[1]}, " if off[1] else ""
    return (
        f"{title}, {len(rows)} real searches, {len(known)} with an interval: it holds the test score in {np.mean(alone):.1%}; with the chance of "
        f"the test rows {1 - np.mean(above | below):.1%} (better than that {np.mean(above):.1%}, worse {np.mean(below):.1%}). Claimed − test {off[0]}, "
        f"{beside}raw − test {off[2]}. Worse than the default {np.mean([row['test'] < row['default'] - _SAME for row in rows]):.1%}, "
        f"significantly {np.mean([row['worse'] for row in rows]):.1%}."
    )


def _each(runs: dict[tuple[str, int], dict[str, Row]], tools: Sequence[str]) -> str:
    lines = ["| table | " + " | ".join(["default", *tools]) + " |", "| --- |" + " ---: |" * (len(tools) + 1)]
    for task in dict.fromkeys(task for task, _ in runs):
        mine = [found for (name, _), found in runs.items() if name == task]
        cells = [f"{np.mean([found[tools[0]]['default'] for found in mine]):.4f}"]
        cells += [f"{np.mean([found[tool]['test'] for found in mine]):.4f}" for tool in tools]
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(rows: Sequence[Row], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))
