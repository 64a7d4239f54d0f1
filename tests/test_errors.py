import inspect

import pytest

from tunewright import errors


def test_every_error_is_a_tunewright_error():
    kinds = [getattr(errors, name) for name in errors.__all__]

    assert all(issubclass(kind, errors.TunewrightError) for kind in kinds)


def test_the_tree_at_the_top_names_every_error():
    drawing = inspect.getdoc(errors) or ""

    assert [name for name in errors.__all__ if name not in drawing] == []


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.SpaceError, ValueError),
        (errors.StorageError, OSError),
        (errors.ExtraMissing, ImportError),
        (errors.NoResult, ValueError),
    ],
)
def test_errors_are_also_what_python_calls_them(error, builtin):
    assert issubclass(error, builtin)
