from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from tunewright import analysis
from tunewright.analysis.insight import insight
from tunewright.models.threads import ONE_THREAD, _set, one_thread


def threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_linear_algebra_has_one_thread_inside_and_as_many_as_before_afterwards():
    with threadpool_limits(2, user_api="blas"):
        before = threads()

        assert one_thread(lambda factor: (threads(), factor))(factor=3) == ({1}, 3)
        assert threads() == before


def test_threads_come_back_after_an_error():
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        with pytest.raises(ZeroDivisionError):
            one_thread(lambda: 1 / 0)()

        assert threads() == before


@pytest.fixture
def two() -> Iterator[None]:
    """Two threads for linear algebra, whatever the machine has."""
    libraries = ThreadpoolController().select(user_api="blas").lib_controllers
    before = [each.num_threads for each in libraries]
    _set([(each, 2) for each in libraries])
    assert threads() == {2}
    yield
    _set(list(zip(libraries, before, strict=True)))


@pytest.mark.parametrize("first_out", ["main", "other"])
@pytest.mark.usefixtures("two")
def test_contexts_of_several_threads_may_overlap(first_out):
    inside, leave = Event(), Event()

    def other():
        with ONE_THREAD:
            inside.set()
            leave.wait(30)
            return threads()

    with ThreadPoolExecutor(1) as pool:
        with ONE_THREAD:
            there = pool.submit(other)
            inside.wait(30)
            assert threads() == {1}
            if first_out == "other":
                leave.set()
                assert there.result() == {1}
                assert threads() == {1}
        leave.set()
        assert there.result() == {1}
    assert threads() == {2}


@pytest.mark.usefixtures("two")
def test_a_thread_has_its_limit_also_after_another_had_one():
    with ONE_THREAD:
        assert threads() == {1}
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(one_thread(threads)).result() == {1}
        with ONE_THREAD, ONE_THREAD:
            assert threads() == {1}
        assert threads() == {2}
        with threadpool_limits(1, user_api="blas"):  # as joblib does in its workers
            assert threads() == {1}
    assert threads() == {2}


@pytest.mark.parametrize(
    "asked",
    [
        analysis.importance,
        analysis.effects,
        analysis.tunability,
        analysis.sensitivity,
        analysis.prospect,
        analysis.refine,
        analysis.health,
        insight,
    ],
)
def test_whatever_needs_a_model_has_one_thread(asked):
    assert asked.__code__ is one_thread(len).__code__
