"""What to take, and first of all whether it is of any use.

A model is held against the baseline, which does not look at the features, on the same test rows. Of no use it is only where the whole
interval of their difference lies on the wrong side; where it holds 0, the rows cannot tell, and cross-validation, which has more of them,
is heard as well.
"""

from typing import Literal

from tunewright.analysis.text import interval, number
from tunewright.automl.claims import Claim
from tunewright.automl.outcome import Finished
from tunewright.automl.records import MetricFacts
from tunewright.automl.scores import Score, TestScores

__all__ = ["advice", "use", "worth"]


def advice(done: Finished, metric: MetricFacts) -> str:
    """What to take and how sure it is; first of all whether it is of any use."""
    test, winner = done.test, done.winner
    said = [use(test, metric, done.claim)]
    if winner.params == done.default.params:
        said.append(
            f"Nothing that was tried is better than the default beyond luck: take the {test.default_title}, which is what the model file holds."
        )
    else:
        said.append(
            f"Best in cross-validation, with {metric.name} {number(winner.mean or 0.0)}: {winner.title}, trial {winner.trial}; it is in the model file."
        )
        said.append(test.difference.sentence)
    return " ".join(part for part in said if part)


def worth(test: TestScores, metric: MetricFacts) -> Literal["some", "unclear", "none"]:
    """What the model is worth beside the baseline, on the test set: "unclear" where the interval of their difference holds 0."""
    floor = test.floor
    if floor is None or floor.value is None or test.winner.value is None or test.baseline.value is None:
        return "some"
    sign = 1.0 if metric.goal == "maximize" else -1.0
    if floor.low is None or floor.high is None:
        return "some" if sign * floor.value > 0 else "unclear"
    low, high = sorted((sign * floor.low, sign * floor.high))
    return "none" if high <= 0 else "unclear" if low <= 0 else "some"


def use(test: TestScores, metric: MetricFacts, claim: Claim | None = None) -> str:
    """Sentences where the model may be of no use; "" where it is better than the baseline."""
    found = worth(test, metric)
    if found == "some" or test.floor is None:
        return ""
    pair = f"{metric.name} {number(test.winner.value or 0.0)} against {number(test.baseline.value or 0.0)}"
    baseline = "the baseline, which does not look at the features"
    if found == "none":
        return f"Of no use as it stands: on the test set the model is no better than {baseline} ({pair})."
    if (test.floor.value or 0.0) * (1.0 if metric.goal == "maximize" else -1.0) > 0:
        said = f"It may be of no use: on the test set the model is better than {baseline}, by no more than chance gives ({pair})."
    else:
        said = f"It may be of no use: on the test set the model is no better than {baseline}, but its rows are too few to tell ({pair})."
    return f"{said} {_all_the_same(test.baseline, metric, claim)}".rstrip()


def _all_the_same(baseline: Score, metric: MetricFacts, claim: Claim | None) -> str:
    """What cross-validation says against it, where that is clear."""
    if claim is None or claim.value is None or claim.low is None or claim.high is None or baseline.value is None:
        return ""
    if metric.goal == "maximize":
        clear = claim.low > (baseline.value if baseline.high is None else baseline.high)
    else:
        clear = claim.high < (baseline.value if baseline.low is None else baseline.low)
    if not clear:
        return ""
    value, bounds = interval(claim.value, claim.low, claim.high)
    span = f"{value}, with a 95 % interval from {bounds}"
    return f"Cross-validation, which has more rows, lets one expect {metric.name} {span}: clearly better than the baseline."
