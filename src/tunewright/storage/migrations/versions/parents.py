"""In the view of version 5 stands of which trial one is a clone. The tables stay as they are."""

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing but the view, which is no part of a revision."""
