import numpy as np
import pytest

from tunewright.models.features import Features
from tunewright.space import Bool, Categorical, Float, Int, Normal, Ordinal, SearchSpace, param

SPACE = SearchSpace(
    {
        "lr": Float(1e-4, 1, log=True),
        "n": Int(1, 4),
        "size": Ordinal(["s", "m", "l"]),
        "opt": Categorical(["sgd", "adam", "lamb"]),
        "nesterov": Bool(),
        "m": Float(0, 1),
    },
    when={"nesterov": param("opt") == "sgd", "m": param("opt") == "sgd"},
)
SGD = {"lr": 1e-2, "n": 2, "size": "m", "opt": "sgd", "nesterov": True, "m": 0.25}
ADAM = {"lr": 1e-2, "n": 2, "size": "m", "opt": "adam"}


def test_numbers_are_coordinates_at_their_rounded_values():
    points = Features(SPACE).points(SPACE.rows([SGD]))

    assert points.numbers[0] == pytest.approx([0.5, 0.375, 0.5, 0.25])


def test_codes_are_one_hot_with_a_level_for_inactive():
    features = Features(SPACE)

    points = features.points(SPACE.rows([SGD, ADAM]))

    assert features.n_codes == 2  # opt, nesterov; the code of opt says already whether the momentum is there
    assert points.codes.tolist() == [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1]]


def test_a_condition_that_reads_a_number_has_a_flag():
    size, opt, second = Int(1, 4), Categorical(["sgd", "adam"]), Float(0, 1)
    deep = param("n") >= 2
    space = SearchSpace({"n": size, "opt": opt, "a": second, "b": second}, when={"a": deep, "b": deep})
    both = SearchSpace({"n": size, "opt": opt, "a": second}, when={"a": deep & (param("opt") == "sgd")})

    points = Features(space).points(space.rows([{"n": 1, "opt": "sgd"}, {"n": 2, "opt": "sgd", "a": 0.1, "b": 0.2}]))

    assert Features(space).n_codes == 2  # opt, and one flag for a and b together
    assert points.codes.tolist() == [[1, 0, 1, 0], [1, 0, 0, 1]]
    assert Features(both).n_codes == 2


def test_an_inactive_number_stands_in_the_middle():
    points = Features(SPACE).points(SPACE.rows([ADAM]))

    assert points.numbers[0, 3] == 0.5


def test_numbers_with_many_values_are_smooth():
    space = SearchSpace({"a": Float(0, 1), "b": Float(0, 1, step=0.5), "c": Int(1, 3), "d": Int(1, 300)})

    assert Features(space).smooth.tolist() == [True, False, False, True]


def test_priors_are_logarithms_up_to_a_constant():
    space = SearchSpace(
        {
            "x": Float(0, 10, prior=Normal(5, 0.1)),
            "opt": Categorical(["a", "b"], prior=[3, 1]),
            "flag": Bool(prior=0.2),
            "y": Float(0, 1),
        }
    )
    rows = space.rows([{"x": 5.0, "opt": "a", "flag": False, "y": 0.1}, {"x": 6.0, "opt": "b", "flag": True, "y": 0.9}])

    found = Features(space).log_prior(rows)

    assert found == pytest.approx([0, -0.5 + np.log(1 / 3) + np.log(0.25)])
    assert not Features(SPACE).log_prior(SPACE.rows([SGD])).any()


def test_points_are_taken_and_joined():
    points = Features(SPACE).points(SPACE.rows([SGD, ADAM]))

    again = points.take(np.array([1])).join(points.take(slice(0, 1)))

    assert len(again) == 2
    assert (again.codes == points.codes[::-1]).all()
