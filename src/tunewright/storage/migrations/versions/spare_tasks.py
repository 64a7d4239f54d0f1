"""The view of version 2 knows spare tasks. The tables stay as they are; the view is made anew after every revision."""

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing but the view, which is no part of a revision."""
