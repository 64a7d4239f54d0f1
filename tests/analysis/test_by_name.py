import pytest

from tunewright.analysis.by_name import ByName


class Two(ByName[int]):
    @property
    def _named(self):
        return {"x": 1, "y": 2}


class Empty(ByName[int]):
    @property
    def _named(self):
        return {}


def test_what_is_asked_by_name_reads_like_a_dictionary():
    two = Two()

    assert dict(two) == {"x": 1, "y": 2}
    assert list(two) == list(two.keys()) == ["x", "y"]
    assert list(two.values()) == [1, 2]
    assert list(two.items()) == [("x", 1), ("y", 2)]
    assert len(two) == two["y"] == 2
    assert "x" in two
    assert "z" not in two


def test_a_result_without_entries_is_a_result():
    assert len(Empty()) == 0
    assert Empty()


def test_a_wrong_name_is_told_which_there_are():
    with pytest.raises(KeyError, match=r'nothing of "zz" here; there is something of: x, y\.'):
        Two()["zz"]
    with pytest.raises(KeyError, match="something of: no hyperparameter"):
        Empty()["x"]
