import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np

from tunewright.analysis.charts import Figure, gap_chart, history_chart, improvements, pareto_chart
from tunewright.analysis.training import Gap
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal
from tunewright.trial import Failure

HistoryOf = Callable[..., History]
SPACE = SearchSpace({"x": Float(0, 1)})


def marks(figure: Figure | None, kind: str) -> int:
    assert figure is not None
    found = [path.attrib["d"] for path in ET.fromstring(figure.svg).iter("path") if path.attrib["class"] == kind]
    return sum(path.count("h0") or path.count("M") for path in found)


def rings(figure: Figure | None) -> list[str]:
    assert figure is not None
    return [circle.findtext("title") or "" for circle in ET.fromstring(figure.svg).iter("circle")]


def test_the_history_shows_each_trial_the_failures_the_best_and_the_default(history_of: HistoryOf) -> None:
    history = history_of(
        SPACE, [({"x": 0.1}, 3.0), ({"x": 0.2}, Failure("told", "")), (SPACE.default, 2.0), ({"x": 0.3}, 1.0), ({"x": 0.4}, None)]
    )

    figure = history_chart(history, history.trial(2))

    assert marks(figure, "dots trial") == 3
    assert marks(figure, "line failed") == 1
    assert rings(figure) == ["default: trial 2, loss 2", "best: trial 3, loss 1"]
    assert figure is not None
    assert "last improved by trial 3 (5 trials, counted from 0)" in figure.caption
    assert "1 failed trial marked ×" in figure.caption


def test_before_there_is_a_value_there_is_no_history_to_draw(history_of: HistoryOf) -> None:
    assert history_chart(history_of(SPACE, []), None) is None
    assert history_chart(history_of(SPACE, [({"x": 0.1}, Failure("told", ""))]), None) is None


def test_in_a_race_the_ring_is_the_best_and_not_a_lucky_first_fold() -> None:
    journal = Journal(SPACE)
    for i, losses in enumerate([[2.0, 2.2, 2.4], [0.1], [1.0, 1.3, 1.4]]):
        trial = journal.ask({"x": i / 10}, fold=0)
        journal.tell(trial, losses[0])
        for fold, loss in enumerate(losses[1:], 1):
            journal.tell(trial, loss, index=journal.send(trial, fold=fold))

    figure = history_chart(journal.history, None)

    assert journal.history.best.number == 2
    assert improvements(journal.history)[-1][0] == 2
    assert rings(figure) == ["best: trial 2, value 1.233"]
    assert marks(figure, "dots infeasible") == 1
    assert figure is not None
    assert "may be luck" in figure.caption


def test_spread_over_folds_is_drawn_for_the_records(history_of: HistoryOf) -> None:
    history = history_of(SPACE, [({"x": 0.1}, [3.0, 4.0]), ({"x": 0.2}, [5.0, 6.0]), ({"x": 0.3}, [1.0, 2.0])])

    assert marks(history_chart(history, None), "line spread") == 2


def test_the_caption_owns_up_to_values_beyond_the_axis_and_to_thinning(history_of: HistoryOf) -> None:
    rng = np.random.default_rng(0)
    history = history_of(SPACE, [({"x": 0.5}, float(value)) for value in [*rng.random(1999), 1e6]])

    figure = history_chart(history, None)

    assert figure is not None
    assert "1 value far worse than the rest lies beyond the axis" in figure.caption
    assert "1,500 of 2,000 points are drawn" in figure.caption
    assert marks(figure, "dots trial") <= 1500


def test_trials_outside_a_bound_are_grey(history_of: HistoryOf) -> None:
    metrics = [Metric("loss"), Metric("seconds", bound=1.0)]
    history = history_of(
        SPACE, [({"x": 0.1}, {"loss": 1.0, "seconds": 5.0}), ({"x": 0.2}, {"loss": 2.0, "seconds": 0.5})], metrics=metrics
    )

    figure = history_chart(history, None)

    assert (marks(figure, "dots infeasible"), marks(figure, "dots trial")) == (1, 1)


def test_the_gap_is_the_distance_from_the_diagonal() -> None:
    figure = gap_chart(Gap((3, 4), (0.9, 0.95), (0.85, 0.92), 0.01, 1), Metric("accuracy", "maximize"))

    assert marks(figure, "line equal") == 1
    assert rings(figure) == ["winner: trial 4, training 0.95, validation 0.92"]
    assert "the further below it" in figure.caption
    assert "the further above it" in gap_chart(Gap((3,), (0.9,), (0.95,), 0.01, 0), Metric("loss")).caption


def test_the_pareto_front_is_ringed(history_of: HistoryOf) -> None:
    metrics = [Metric("loss"), Metric("seconds")]
    points = [(1.0, 9.0), (2.0, 2.0), (3.0, 3.0), (9.0, 1.0)]
    history = history_of(SPACE, [({"x": 0.1}, {"loss": a, "seconds": b}) for a, b in points], metrics=metrics)

    figure = pareto_chart(history, history.pareto)

    assert [int(re.findall(r"\d+", tip)[0]) for tip in rings(figure)] == [0, 1, 3]
    assert pareto_chart(history_of(SPACE, [], metrics=metrics), []) is None
