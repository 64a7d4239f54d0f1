import pytest

from tunewright.catalog import Either, Entry, Shape
from tunewright.catalog.compose import ENTRIES
from tunewright.catalog.entries import LIMITS, SOURCES, takes, twins
from tunewright.space import Bool, Categorical, Float, Int, Normal

TREE = Entry("Tree", {"depth": Either([None], Int(1, 30, log=True)), "leaf": Int(1, 50, default=2)}, "note", "guide")


def flat(entry: Entry, shape: Shape | None = None, **own):
    return entry.flat(shape, own)


def test_a_value_or_a_number_becomes_two_parameters() -> None:
    parameters, when = flat(TREE)

    assert parameters == {
        "depth": Categorical([None, "value"], default=None),
        "depth.value": Int(1, 30, log=True),
        "leaf": Int(1, 50, default=2),
    }
    assert when == {"depth.value": ("depth", "value")}


def test_it_begins_with_what_the_estimator_is_set_to_where_that_is_inside() -> None:
    parameters, _ = flat(TREE, depth=7, leaf=5)

    assert (parameters["depth"].default_value, parameters["depth.value"].default_value) == ("value", 7)
    assert parameters["leaf"].default_value == 5


def test_what_was_set_by_hand_outside_the_range_stays_and_is_not_searched() -> None:
    assert list(flat(TREE, depth=99, leaf=3)[0]) == ["leaf"]
    assert list(flat(TREE, depth="all", leaf=0.5)[0]) == []


def test_what_a_class_sets_outside_the_range_is_searched_from_there() -> None:
    parameters, when = TREE.flat(None, {"depth": 99, "leaf": 99}, {"depth": 99, "leaf": 99})

    assert parameters["leaf"] == Categorical([99, "value"], 99)
    assert parameters["leaf.value"] == Int(1, 50, default=2)
    assert parameters["depth"] == Categorical([None, 99, "value"], 99)
    assert when == {"depth.value": ("depth", "value"), "leaf.value": ("leaf", "value")}


def test_of_several_names_of_a_setting_the_first_that_is_set_is_heeded() -> None:
    entry = Entry("E", {"rate": Float(0, 1)}, "note", "guide", aliases={"rate": ("eta", "rate")})

    assert entry.heeded("rate", {"rate": 0.1}) == entry.heeded("eta", {"rate": 0.1, "eta": None}) == "rate"
    assert entry.heeded("rate", {"rate": 0.1, "eta": 0.2}) == "eta"
    assert entry.heeded("rate.value", {"eta": 0.2}) == "eta.value"
    assert entry.heeded("eta", {}) == "rate"
    assert entry.heeded("depth", {"eta": 0.2}) == "depth"


def test_a_whole_number_is_no_share() -> None:
    share = Entry("E", {"max_features": Either(["root"], Float(0.05, 1.0)), "subsample": Float(0.3, 1.0)}, "note", "guide")
    count = Entry("E", {"max_features": Int(1, 100)}, "note", "guide")

    assert list(flat(share, max_features=1, subsample=1)[0]) == ["subsample"]
    assert flat(share, max_features=1.0)[0]["max_features.value"].default_value == 1.0
    assert flat(count, max_features=7)[0]["max_features"].default_value == 7


def test_what_depends_on_a_setting_made_by_hand_follows_it() -> None:
    entry = Entry(
        "Machine",
        {"kernel": Categorical(["rbf", "linear"], "rbf"), "width": Either(["auto"], Float(0, 9))},
        "note",
        "guide",
        when={"width": ("kernel", "rbf", "laplacian")},
    )

    assert flat(entry, kernel="precomputed") == ({}, {})
    assert flat(entry, kernel=lambda one, other: 1.0) == ({}, {})
    assert list(flat(entry, kernel="laplacian")[0]) == ["width", "width.value"]
    assert flat(entry, kernel="laplacian")[1] == {"width.value": ("width", "value")}
    assert flat(entry, kernel="linear")[1]["width"] == ("kernel", "rbf")


def test_a_parameter_may_need_another_setting() -> None:
    entry = Entry("Loss", {"loss": Categorical(["a", "b"], "a")}, "note", "guide", only={"loss": {"dual": (True, "auto")}})

    assert list(flat(entry, loss="a", dual=True)[0]) == ["loss"]
    assert list(flat(entry)[0]) == ["loss"]
    assert list(flat(entry, loss="a", dual=False)[0]) == []


@pytest.mark.parametrize(("features", "becomes"), [(100, (1, 20, 10)), (15, (1, 15, 10)), (4, (1, 4, 4))])
def test_a_limit_is_no_more_than_the_data_have(features: int, becomes: tuple[int, int, int]) -> None:
    entry = Entry("E", {"k": Int(1, 20, default=10, prior=Normal(12, 0.2))}, "note", "guide", limits={"k": "features"})

    parameter = flat(entry, Shape(rows=50, numbers=features))[0]["k"]

    assert isinstance(parameter, Int)
    assert (parameter.low, parameter.high, parameter.default_value) == becomes


def test_where_a_limit_leaves_one_value_it_is_that_one() -> None:
    entry = Entry("E", {"k": Int(2, 20)}, "note", "guide", limits={"k": "features"})

    assert flat(entry, Shape(rows=50, numbers=2))[0]["k"] == Categorical([2])
    assert flat(entry, Shape(rows=50, numbers=1))[0]["k"] == Categorical([1])


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor", "Perceptron"])
def test_few_rows_are_not_held_out_to_stop_by(name: str) -> None:
    few, enough = (flat(ENTRIES[name], Shape(rows=rows, numbers=2, classes=3))[0]["early_stopping"] for rows in (15, 30))

    assert few == Categorical([False])
    assert isinstance(enough, Bool)


def test_twins_share_their_table_and_keep_their_own() -> None:
    classifier, regressor = twins(
        "Some",
        {"a": Float(0, 1)},
        classifier={"b": Float(0, 1)},
        regressor={"c": Categorical(["x", "y"])},
        when={"b": ("a", 1), "a": ("c", "x")},
        note="note",
        source="guide",
    )

    assert (classifier.name, list(classifier.parameters), list(classifier.when)) == ("SomeClassifier", ["a", "b"], ["b", "a"])
    assert (regressor.name, list(regressor.parameters), list(regressor.when)) == ("SomeRegressor", ["a", "c"], ["a"])


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_every_entry_says_what_is_known_of_its_tunability_and_from_where(entry: Entry) -> None:
    assert entry.note.endswith(".")
    assert entry.source in SOURCES
    assert set(entry.limits.values()) <= set(LIMITS)
    for name, (other, *values) in entry.when.items():
        assert name in entry.parameters
        searched = entry.parameters[str(other)]
        assert not isinstance(searched, Either)
        assert other not in entry.when  # where that one stays as it is, this one follows it, and no third one this one
        assert any(takes(searched, value) for value in values)
    assert set(entry.only) <= set(entry.parameters)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_every_parameter_says_with_what_it_begins(entry: Entry) -> None:
    for name, searched in entry.parameters.items():
        assert isinstance(searched, Either) or searched.has_default, name
