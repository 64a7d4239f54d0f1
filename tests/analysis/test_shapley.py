from itertools import permutations

import numpy as np

from tunewright.analysis.forest import Grid
from tunewright.analysis.shapley import interactions, variance_games
from tunewright.space import Float, SearchSpace


def test_the_values_are_mean_contributions_over_all_orders_of_joining():
    game = np.random.default_rng(0).normal(size=16)
    game[0] = 0.0

    found = interactions(game, 3)

    for player in range(4):
        orders = list(permutations(range(4)))
        gains = []
        for order in orders:
            before = sum(1 << j for j in order[: order.index(player)])
            gains.append(game[before | 1 << player] - game[before])
        assert np.isclose(found[player,], np.mean(gains))
    assert np.isclose(sum(found[player,] for player in range(4)), game[-1])
    assert len(found) == 4 + 6 + 4


def test_a_game_of_two_has_the_interaction_that_one_writes_down():
    game = np.array([0.0, 1.0, 2.0, 7.0])

    found = interactions(game, 2)

    assert found[0, 1] == 7.0 - 1.0 - 2.0
    assert [float(found[0,]), float(found[1,])] == [1.0 + 2.0, 2.0 + 2.0]


def test_the_variance_of_a_sum_and_a_product_is_shared_out_as_it_should_be():
    # f = x0 + 2 x1 x2: the variance is 1/12 by x0, 1/12 each by x1 and x2 alone, and 4/144 that only these two together have
    rng = np.random.default_rng(1)
    grid = Grid(SearchSpace({f"x{j}": Float(0, 1) for j in range(3)}))
    unit = rng.random((600, 3))
    y = unit[:, 0] + 2 * unit[:, 1] * unit[:, 2]

    games = variance_games(grid, unit, y / y.std(), rng)
    found = {key: value.mean() / games[:, -1].mean() for key, value in interactions(games, 2).items()}

    assert abs(found[0,] - 0.3) < 0.06
    assert abs(found[1,] - 0.35) < 0.06
    assert abs(found[1, 2] - 0.1) < 0.05
    assert abs(found[0, 1]) < 0.05
