"""The revisions, one a file; Alembic finds them by their place and orders them by `down_revision`."""
