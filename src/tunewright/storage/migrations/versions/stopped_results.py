"""In the view of version 4 a task that the scheduler stopped counts with the budget that it had reached. The tables stay as they are."""

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing but the view, which is no part of a revision."""
