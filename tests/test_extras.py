import json
from importlib import metadata

import pytest

from tunewright.errors import ExtraMissing
from tunewright.extras import require


def test_a_library_that_is_there_comes_back():
    assert require("json", extra="tune") is json


def test_a_missing_library_says_how_to_get_it():
    with pytest.raises(ExtraMissing, match=r'needs no_such_library, .*: pip install "pandas>=\S+" "pyarrow>=\S+" "skops>=\S+"$'):
        require("no_such_library.part", extra="tune")


def test_where_nothing_is_declared_the_library_is_named(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    with pytest.raises(ExtraMissing, match=r"pip install no_such_library$"):
        require("no_such_library.part", extra="no such extra")
    monkeypatch.setattr(metadata, "requires", missing)
    with pytest.raises(ExtraMissing, match=r"pip install no_such_library$"):
        require("no_such_library.part", extra="tune")


def test_a_library_that_breaks_on_its_own_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_library.py").write_text("import something_else_that_is_missing")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError, match="something_else_that_is_missing"):
        require("broken_library", extra="tune")
