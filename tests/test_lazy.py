import sys

import pytest

from tunewright.errors import SpaceError
from tunewright.lazy import face


def test_a_face_loads_a_name_when_it_is_asked_for(tmp_path, monkeypatch):
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "__init__.py").write_text(
        "from tunewright.lazy import face\n__getattr__, __dir__ = face(__name__, {'room': ('chair', 'room')})"
    )
    (tmp_path / "house" / "room.py").write_text("chair = 4")
    monkeypatch.syspath_prepend(tmp_path)

    house = __import__("house")

    assert "house.room" not in sys.modules
    assert {"chair", "room"} <= set(dir(house))
    assert house.chair == 4
    assert house.room is sys.modules["house.room"]
    with pytest.raises(AttributeError, match="module 'house' has no attribute 'table'"):
        _ = house.table


def test_a_face_is_two_functions():
    get, names = face("tunewright", {"errors": ("SpaceError",)})

    assert get("SpaceError") is SpaceError
    assert "SpaceError" in names()


def test_a_face_shows_what_stands_in_its_table_and_nothing_that_it_is_made_of():
    import tunewright as tw
    from tunewright import plots

    assert plots.history is not None  # loads a module inside

    assert [name for name in dir(plots) if not name.startswith("__")] == sorted(plots.__all__)
    assert [name for name in dir(tw) if not name.startswith("__")] == tw.__all__
    assert "__version__" in dir(tw)
