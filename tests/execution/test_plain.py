import datetime as dt
import enum
import fractions
import math
from collections import namedtuple
from decimal import Decimal
from pathlib import PurePosixPath

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
