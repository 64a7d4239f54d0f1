import msgspec
import pytest

from tunewright.automl.advice import use, worth
from tunewright.automl.claims import Claim
from tunewright.automl.records import MetricFacts
from tunewright.automl.scores import Difference, Score, TestScores

ACCURACY = MetricFacts(name="accuracy", goal="maximize", scorer="accuracy", reason="")
LOSS = MetricFacts(name="log_loss", goal="minimize", scorer="neg_log_loss", reason="")


def scores(winner: float, baseline: float, low: float | None, high: float | None) -> TestScores:
    floor = Difference(value=winner - baseline, low=low, high=high, better=None, sentence="")
    none = Score(value=None, low=None, high=None)
    return TestScores(
        winner=msgspec.structs.replace(none, value=winner), default=none, baseline=msgspec.structs.replace(none, value=baseline),
        default_title="", baseline_title="", difference=floor, draws=0, sentence="", floor=floor,
    )  # fmt: skip


def claim(value: float, low: float, high: float) -> Claim:
    return Claim(
        value=value, low=low, high=high, raw=value, gain=None, gain_low=None, gain_high=None, probability=None, sentence=""
    )


@pytest.mark.parametrize(
    ("metric", "winner", "baseline", "low", "high", "is_"),
    [
        (ACCURACY, 0.9, 0.5, 0.3, 0.5, "some"),
        (ACCURACY, 0.6, 0.5, -0.1, 0.3, "unclear"),
        (ACCURACY, 0.3828, 0.5, -0.31, 0.09, "unclear"),
        (ACCURACY, 0.3, 0.5, -0.3, -0.1, "none"),
        (ACCURACY, 0.5, 0.5, 0.0, 0.0, "none"),
        (ACCURACY, 0.4, 0.5, None, None, "unclear"),
        (ACCURACY, 0.6, 0.5, None, None, "some"),
        (LOSS, 0.4, 0.7, -0.4, -0.2, "some"),
        (LOSS, 0.8, 0.7, -0.1, 0.3, "unclear"),
        (LOSS, 0.9, 0.7, 0.1, 0.3, "none"),
    ],
)
def test_a_model_is_of_no_use_only_where_the_interval_says_so(
    metric: MetricFacts, winner: float, baseline: float, low: float | None, high: float | None, is_: str
) -> None:
    test = scores(winner, baseline, low, high)

    assert worth(test, metric) == is_
    begins = {"some": "", "unclear": "It may be of no use: ", "none": "Of no use as it stands: "}[is_]
    assert use(test, metric).startswith(begins)
    assert bool(use(test, metric)) == bool(begins)


def test_where_the_test_rows_cannot_tell_cross_validation_is_heard() -> None:
    few = scores(0.3828, 0.5, -0.31, 0.09)

    assert use(few, ACCURACY, claim(0.7, 0.6, 0.8)) == (
        "It may be of no use: on the test set the model is no better than the baseline, which does not look at the features, but its rows "
        "are too few to tell (accuracy 0.3828 against 0.5). Cross-validation, which has more rows, lets one expect accuracy 0.70, with a "
        "95 % interval from 0.60 to 0.80: clearly better than the baseline."
    )
    assert "Cross-validation" not in use(few, ACCURACY, claim(0.7, 0.45, 0.8))
    assert "Cross-validation" not in use(scores(0.3, 0.5, -0.3, -0.1), ACCURACY, claim(0.7, 0.6, 0.8))
    assert "Cross-validation" in use(scores(0.8, 0.7, -0.1, 0.3), LOSS, claim(0.5, 0.4, 0.6))


def test_without_a_floor_nothing_is_said() -> None:
    assert use(msgspec.structs.replace(scores(0.3, 0.5, -0.3, -0.1), floor=None), ACCURACY) == ""
