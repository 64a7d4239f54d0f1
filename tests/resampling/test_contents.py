import functools
import os
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import loguniform
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import f1_score, get_scorer, make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from tunewright.resampling.contents import fingerprint


def doubling(x: float, by: float = 2.0) -> float:
    return by * x


def tripling(x: float, by: float = 3.0) -> float:
    return by * x


def made(by: float):
    return lambda x: by * x


PAIRS = [
    (1, 1.0),
    ("a", b"a"),
    ([1, 2], (1, 2)),
    (np.zeros(3), np.ones(3)),
    (SVC(C=1), SVC(C=2)),
    (make_pipeline(StandardScaler(), SVC(C=1)), make_pipeline(StandardScaler(), SVC(C=2))),
    (doubling, tripling),
    (made(1.0), made(2.0)),
    (functools.partial(doubling, by=1), functools.partial(doubling, by=2)),
    (get_scorer("f1"), get_scorer("f1_macro")),
    (make_scorer(f1_score, pos_label="no"), make_scorer(f1_score, pos_label="yes")),
    (FunctionTransformer(np.log), FunctionTransformer(np.sqrt)),
    (sparse.csr_matrix(np.eye(2)), sparse.csr_matrix(np.ones((2, 2)))),
    ({"a": 1}, {"a": 2}),
    ({1, 2}, {1, 3}),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: type(pair[0]).__name__)
def test_what_does_something_else_has_another_fingerprint(pair: tuple[object, object]) -> None:
    assert fingerprint(pair[0]) != fingerprint(pair[1])
    assert fingerprint(pair[0]) == fingerprint(pair[0])


def test_equal_ones_have_the_same_whoever_made_them() -> None:
    assert fingerprint(made(1.0)) == fingerprint(made(1.0))
    assert fingerprint(SVC()) == fingerprint(SVC())
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    twice = (1, 2)
    assert fingerprint([twice, twice]) == fingerprint([(1, 2), tuple([1, 2])])  # noqa: C409  another tuple, not the same one


def test_what_holds_itself_ends() -> None:
    class Ring:
        pass

    ring = Ring()
    vars(ring)["next"] = ring

    assert fingerprint(ring) == fingerprint(ring)


def test_another_process_finds_the_same() -> None:
    """Functions, strings in sets and objects without a `repr` of their own, under another hash seed and at other addresses."""
    script = "from test_contents import *; print(fingerprint(made(2.0), doubling, {'x', 'y', 'z'}, SVC(kernel=doubling), get_scorer('f1')))"
    said = {
        subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=os.path.dirname(__file__),  # noqa: PTH120
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(said) == 1


def test_what_changes_though_nothing_else_does_does_not_count(tmp_path) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    frame["b"] = [3, 4]
    assert fingerprint(frame) == fingerprint(frame.copy())
    assert fingerprint(frame) != fingerprint(frame.assign(b=[3, 5]))

    memories = [fingerprint(joblib.Memory(tmp_path, verbose=0)) for _ in range(2)]
    assert memories[0] == memories[1]

    spread = loguniform(1e-3, 1e3)
    before = fingerprint(spread)
    np.random.rand()  # noqa: NPY002  it is about the chance that everybody shares
    assert fingerprint(spread) == before != fingerprint(loguniform(1e-3, 1e4))


def test_what_is_frozen_counts_as_it_was_fitted() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 3))
    one, same, other = (FrozenEstimator(PCA(2).fit(each)) for each in (rows, rows.copy(), rows[::-1] ** 3))

    assert fingerprint(one) == fingerprint(same) != fingerprint(other)


def test_a_cached_function_is_the_function() -> None:
    assert fingerprint(functools.lru_cache(made(1.0))) == fingerprint(functools.lru_cache(made(1.0)))
    assert fingerprint(functools.lru_cache(made(1.0))) != fingerprint(functools.lru_cache(made(2.0)))
    assert fingerprint({1: 2}.get) != fingerprint({1: 3}.get)
