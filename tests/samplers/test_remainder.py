import numpy as np
import pytest

from tunewright.errors import SpaceExhausted
from tunewright.samplers import remainder
from tunewright.samplers.remainder import draw_remaining, is_repeat, may_repeat
from tunewright.space import Bool, Float, Int, SearchSpace, param
from tunewright.testing import Journal


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def asked(space: SearchSpace, values: range) -> Journal:
    journal = Journal(space)
    for a in values:
        journal.ask({"a": a})
    return journal


def test_the_last_configuration_is_found() -> None:
    space = SearchSpace({"a": Int(0, 999, log=False)})
    journal = asked(space, range(999))

    assert draw_remaining(space, journal.history, rng()) == {"a": 999}


def test_each_configuration_left_is_equally_likely() -> None:
    space = SearchSpace({"a": Int(0, 99)})
    history = asked(space, range(96)).history
    stream = rng()
    n = 4000

    counts = np.bincount([int(str(draw_remaining(space, history, stream)["a"])) - 96 for _ in range(n)], minlength=4)

    # 6 sigma: fails by chance less than once in 1e8 runs
    assert counts.shape == (4,)
    assert np.all(np.abs(counts - n / 4) < 6 * np.sqrt(n * 3 / 16))


def test_what_is_tried_later_is_struck_out_too() -> None:
    space = SearchSpace({"a": Int(0, 9)})
    journal = asked(space, range(5))
    found = []
    for i in range(5):
        params = draw_remaining(space, journal.history, rng(i))
        found.append(params["a"])
        journal.ask(params)

    assert sorted(map(str, found)) == ["5", "6", "7", "8", "9"]
    with pytest.raises(SpaceExhausted, match=r"Every configuration .*10 trials.*repeats=True"):
        draw_remaining(space, journal.history, rng())


def test_two_histories_are_kept_apart() -> None:
    space = SearchSpace({"a": Int(0, 1)})
    zero, one = asked(space, range(1)), asked(space, range(1, 2))

    assert draw_remaining(space, zero.history, rng()) == {"a": 1}
    assert draw_remaining(space, one.history, rng()) == {"a": 0}
    assert draw_remaining(space, zero.history, rng()) == {"a": 1}


def test_an_edited_space_is_another_space() -> None:
    space, wider = SearchSpace({"a": Int(0, 1)}), SearchSpace({"a": Int(0, 2)})
    journal = asked(space, range(1))

    assert draw_remaining(space, journal.history, rng()) == {"a": 1}
    assert {str(draw_remaining(wider, journal.history, rng(i))["a"]) for i in range(40)} == {"1", "2"}  # misses one: odds 2e-12


def test_all_values_of_stepped_and_logarithmic_parameters_are_reached() -> None:
    space = SearchSpace(
        {"units": Int(1, 300, log=True), "rate": Float(0, 1, step=0.25), "skip": Bool()}, when={"rate": "skip == true"}
    )
    journal = Journal(space)
    for i in range(300 * 6):
        journal.ask(draw_remaining(space, journal.history, rng(i)))

    assert space.size == 300 * 6
    assert len({str(trial.params) for trial in journal.history.trials}) == 300 * 6
    with pytest.raises(SpaceExhausted):
        draw_remaining(space, journal.history, rng())


@pytest.mark.parametrize("parameter", [Int(1, 1000), Int(1, 1000, log=True)], ids=["linear", "log"])
def test_a_space_too_large_to_list_is_searched_to_its_last_configuration(parameter: Int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remainder, "_LISTED", 100)
    space = SearchSpace({"a": parameter, "b": Int(1, 3)}, when={"b": param("a") > 998})
    journal = Journal(space)
    for params in space.grid({"a": range(1, 1001)}):
        if params != {"a": 999, "b": 2}:
            journal.ask(params)

    assert draw_remaining(space, journal.history, rng()) == {"a": 999, "b": 2}
    journal.ask({"a": 999, "b": 2})
    with pytest.raises(SpaceExhausted, match=r"Every configuration .*1,004 trials"):
        draw_remaining(space, journal.history, rng())


def test_when_no_draw_is_new_a_few_values_of_each_parameter_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remainder, "_draw_new", lambda *_: None)
    space = SearchSpace(
        {"huge": Int(0, 2**53), "long": Int(1, 2**53, log=True), "fine": Float(0, 1e6, step=1e-3), "flag": Bool()}
    )
    journal = Journal(space)
    for i in range(30):
        journal.ask(draw_remaining(space, journal.history, rng(i)))

    assert len({str(trial.params) for trial in journal.history.trials}) == 30


def test_where_constraints_forbid_listing_the_end_is_told_honestly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remainder, "_LISTED", 100)
    space = SearchSpace({"a": Int(0, 99), "b": Int(0, 99)}, constraints=[param("a") + param("b") < 20])
    journal = Journal(space)
    for a in range(20):
        for b in range(20 - a):
            journal.ask({"a": a, "b": b})

    with pytest.raises(SpaceExhausted, match=r"4,096 random draws .* after 210 trials"):
        draw_remaining(space, journal.history, rng())


def test_a_configuration_without_anything_continuous_is_a_repeat_the_second_time() -> None:
    space = SearchSpace({"use": Bool(), "x": Float(0, 1)}, when={"x": param("use")})
    journal = Journal(space)
    journal.ask({"use": False})
    journal.ask({"use": True, "x": 0.5})
    off, on = (np.asarray(space.row(params)) for params in ({"use": False}, {"use": True, "x": 0.5}))

    assert may_repeat(space)
    assert is_repeat(space, journal.history, off)
    assert not is_repeat(space, journal.history, on)
    assert not may_repeat(SearchSpace({"x": Float(0, 1), "use": Bool()}))
