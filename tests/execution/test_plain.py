import datetime as dt
import enum
import fractions
import math
from collections import namedtuple
from decimal import Decimal
from pathlib import PurePosixPath

import msgspec
import numpy as np
import pandas as pd
import pytest

from tunewright.execution.plain import as_text, plain, plain_info


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


Pair = namedtuple("Pair", "a b")  # noqa: PYI024  what users return


@pytest.mark.parametrize(
    ("value", "is_"),
    [
        (np.float32(0.5), 0.5),
        (np.array(2), 2),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array([0.5, math.nan]), [0.5, None]),
        (np.array(["2024-01-02"], "M8[ns]"), ["2024-01-02T00:00:00.000000000"]),
        (np.datetime64("2024-01-02"), "2024-01-02"),
        (pd.Series([1.5, 2.5]), [1.5, 2.5]),
        (pd.Index(["a", "b"]), ["a", "b"]),
        (pd.Series(pd.to_datetime(["2024-01-02"])), ["2024-01-02T00:00:00"]),
        (PurePosixPath("/data/a.csv"), "/data/a.csv"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (dt.datetime(2024, 1, 2, 3, tzinfo=dt.UTC), "2024-01-02T03:00:00+00:00"),
        (dt.time(3, 4), "03:04:00"),
        (Decimal("0.1"), 0.1),
        (Decimal("nan"), None),
        (fractions.Fraction(1, 4), 0.25),
        (fractions.Fraction(10**400), str(10**400)),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        (Pair(1, np.int64(2)), [1, 2]),
        ({1: Colour.RED, "b": [PurePosixPath("x")]}, {"1": "red", "b": ["x"]}),
        (True, True),
        (np.True_, True),
        (None, None),
        (2**70, float(2**70)),
        (b"ab", "b'ab'"),
    ],
)
def test_what_is_not_json_becomes_what_it_stands_for(value, is_):
    found = plain(value)

    assert found == is_
    assert type(found) is type(is_)


def test_data_and_long_objects_stand_as_short_texts():
    assert plain(np.zeros(10_001)) == repr(np.zeros(10_001))
    assert len(plain(np.zeros(10_000))) == 10_000
    text = plain(type("Model", (), {"__repr__": lambda _: "x" * 5000})())
    assert (len(text), text[-2:]) == (1000, "x…")
    assert plain(np.ndarray) == "<class 'numpy.ndarray'>"


def test_names_are_texts():
    assert plain_info({1: 2, ("a", "b"): np.int8(3)}) == {"1": 2, "('a', 'b')": 3}
    assert as_text("a\udc80b") == "a\\udc80b"


class Whole(int):
    pass


class Real(float):
    pass


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "is_"),
    [
        (Whole(3), 3),
        (Whole(2**70), float(2**70)),
        (Real(2.5), 2.5),
        (Real("nan"), None),
        ([Real(-0.0), Whole(1)], [-0.0, 1]),
        (Text("a"), "a"),
        (Text("\udcff"), "\\udcff"),
        (np.longdouble(1.5), 1.5),
        (np.array([1.5, 2.5], dtype=np.longdouble), [1.5, 2.5]),
        (Decimal("sNaN"), None),
        (Decimal("1e400"), "1E+400"),
        (-(2**63), -(2**63)),
        ([2**63, -(2**63)], [float(2**63), -(2**63)]),
        ([np.float64(0.5), np.float64("nan")], [0.5, None]),
        ([math.inf, 0.5, None, True, "\udcff"], [None, 0.5, None, True, "\\udcff"]),
    ],
)
def test_what_is_kept_has_the_types_of_json_and_no_others(value, is_):
    def kinds(found):
        return [type(found), *(map(type, found) if isinstance(found, list) else ())]

    found = plain(value)

    assert found == is_
    assert kinds(found) == kinds(is_)
    assert msgspec.json.decode(msgspec.json.encode(found)) == is_


class Mute:
    def __repr__(self):
        raise ValueError("nothing to say")


class Odd:
    def __getattr__(self, _):
        return 3


def test_what_cannot_be_read_costs_its_own_entry_alone():
    found = plain_info({"mute": Mute(), "odd": Odd(), "in": {"a": [Mute()], "b": 1}, Mute(): 2, "good": 0.5})

    assert found == {
        "mute": "(a Mute that cannot be kept: ValueError)",
        "odd": "(a Odd that cannot be kept: TypeError)",
        "in": {"a": "(a list that cannot be kept: ValueError)", "b": 1},
        "(a Mute that is no name: ValueError)": 2,
        "good": 0.5,
    }


def test_what_holds_itself_is_cut_off_there():
    circle: dict[str, object] = {"x": 1}
    circle["again"] = circle
    ring: list[object] = [1]
    ring.append(ring)

    assert plain(circle) == {"x": 1, "again": "{'again': {'again': {...}, 'x': 1}, 'x': 1}"}
    assert plain(ring) == "[1, [1, [...]]]"
    assert plain_info({"a": circle["x"], "b": [circle["x"]] * 2}) == {"a": 1, "b": [1, 1]}


def test_what_is_nested_without_end_stays_small():
    deep: list[object] = []
    wide: dict[str, object] = {}
    for _ in range(2000):
        deep = [deep]
    for _ in range(40):
        wide = {"a": wide, "b": wide}

    assert plain(deep) == "[[[...]]]"
    assert len(msgspec.json.encode(plain(wide))) < 20_000_000


def test_a_list_has_the_bound_of_an_array():
    assert plain([1] * 10_000) == [1] * 10_000
    assert plain(list(range(10_001))).startswith("[0, 1, 2, ")
    assert len(plain(list(range(10_001)))) <= 1000
    assert isinstance(plain([[1] * 200] * 51), str)
    assert plain({"a": [1] * 10_000, "b": (2,) * 10_000}) == {"a": [1] * 10_000, "b": [2] * 10_000}


def test_no_name_is_lost():
    assert plain_info({1: "a", "1": "b"}) == {"1": "a", "'1'": "b"}
    assert plain({"1": "a", 1: "b", Whole(2): "c"}) == {"1": "a", "1'": "b", "2": "c"}
    assert plain_info({"\udcff": 1}) == {"\\udcff": 1}
