"""What was done with the table, said before the search begins: rows, columns and families of models that are not used, and why.

A table is never used quite as it stands, and what is left out unseen is found out too late. So each kind of thing gets a line, however
many there are of it; the report names them all.
"""

from collections.abc import Iterable
from typing import Final

from tunewright.automl.records import ColumnFacts, FamilyFacts, TunePlan
from tunewright.automl.tables import quoted

__all__ = ["notes"]

_MARK: Final = " noted   "
_LINES: Final = 4
"""Lines about columns that are used, but not as they stand."""

_WHY: Final = {
    "empty": "no value",
    "constant": "one value in every row",
    "identifier": "only tells rows apart",
    "text": "text, or too many different values",
}
_BY_CHOICE: Final = ("target", "groups", "order")
_UNTOLD: Final = ("", "Not asked for.", "Not in this study.")


def notes(plan: TunePlan) -> list[str]:
    """A line for each kind of thing that was done."""
    said = [*plan.data.notes, *_copies(plan), *_unused(plan.columns), *_read(plan.columns), *_families(plan)]
    return [f"{_MARK}{line}" for line in said]


def _copies(plan: TunePlan) -> list[str]:
    copies = plan.data.copies
    if copies is None or copies.handled != "together" or copies.seen:
        return []
    rows = "1 row repeats" if copies.rows == 1 else f"{copies.rows:,} rows repeat"
    return [f"{rows} another in all features: such copies are held together, on one side of every split"]


def _unused(columns: Iterable[ColumnFacts]) -> list[str]:
    by_why: dict[str, list[str]] = {}
    for column in columns:
        if not column.used and column.role not in _BY_CHOICE:
            by_why.setdefault(_WHY.get(column.role, column.role), []).append(column.name)
    parts = [f"{quoted(names)} ({why})" for why, names in by_why.items()]
    return [f"columns not used: {'; '.join(parts)}"] if parts else []


def _read(columns: Iterable[ColumnFacts]) -> list[str]:
    by_sentence: dict[str, list[str]] = {}
    for column in columns:
        if column.used and column.sentence:
            by_sentence.setdefault(column.sentence, []).append(column.name)
    lines = [f"{quoted(names)}: {sentence}" for sentence, names in by_sentence.items()]
    more = sum(len(names) for names in list(by_sentence.values())[_LINES:])
    return [*lines[:_LINES], *([f"{more} more columns are read in ways of their own; the report says how"] if more else [])]


def _families(plan: TunePlan) -> list[str]:
    """Those that are too slow share a line; the catalog says of each how slow."""
    told = [family for family in plan.families if not family.searched and family.reason not in _UNTOLD]
    slow = [family for family in told if family.reason.startswith("Left out:")]
    said = [f"{family.title}: {family.reason}" for family in told if family not in slow]
    return [*said, *([_slow(slow, plan.data.train_rows)] if slow else [])]


def _slow(families: list[FamilyFacts], rows: int) -> str:
    titles, names = ", ".join(each.title for each in families), ",".join(each.name for each in families)
    return f"models left out, too slow on {rows:,} rows for the time there is: {titles}. To search them anyway, name them: --models {names}"
