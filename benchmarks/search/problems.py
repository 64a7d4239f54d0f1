"""All problems of the search benchmark, by name.

Six groups: functions with a formula, some of them in 100 dimensions (`classic.py`), real models (`real.py`), LCBench surrogates
(`surrogates.py`) in two halves, and what nothing was chosen on (`others.py`).
The report half exists only for who says so.
"""

from collections.abc import Sequence
from fnmatch import fnmatch

from classic import classic, wide
from others import others
from problem import CLASSIC, DEVELOP, OTHERS, REAL, REPORT, WIDE, Problem
from real import real
from surrogates import lcbench

__all__ = ["CLASSIC", "DEVELOP", "OTHERS", "REAL", "REPORT", "WIDE", "Problem", "problems"]


def problems(wanted: Sequence[str] = ("*",), *, report: bool = False) -> list[Problem]:
    """The problems whose name or group fits one of the patterns, in a fixed order.

    Args:
        wanted: names, groups, or shell patterns on either.
        report: the report half too.

    Raises:
        SystemExit: a pattern fits nothing.
    """
    known = [*classic(), *wide(), *real(), *others(), *lcbench(report=False), *(lcbench(report=True) if report else ())]
    for pattern in wanted:
        if not any(_fits(problem, pattern) for problem in known):
            raise SystemExit(f"No problem or group fits {pattern!r}. There are: {', '.join(problem.name for problem in known)}.")
    return [problem for problem in known if any(_fits(problem, pattern) for pattern in wanted)]


def _fits(problem: Problem, pattern: str) -> bool:
    return fnmatch(problem.name, pattern) or fnmatch(problem.group, pattern)
