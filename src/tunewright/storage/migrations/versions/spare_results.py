"""In the view of version 3 a trial stays completed while spare tasks are under way. The tables stay as they are."""

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing but the view, which is no part of a revision."""
