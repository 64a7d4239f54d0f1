"""The whole page of a study, with everything that it says of itself."""

from tunewright.analysis.insight import insight
from tunewright.analysis.report import report
from tunewright.history import History

__all__ = ["page"]


def page(history: History, title: str) -> str:
    """The report as HTML text, with importance, effects, health checks and advice; see `report.report`."""
    return report(history, title=title, insight=insight(history))
