import math

import pytest

from tunewright.errors import MetricError
from tunewright.metric import Metric


def test_a_smaller_loss_is_always_better():
    assert Metric("loss").sign == 1.0
    assert Metric("accuracy", "maximize").sign == -1.0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("",), "needs a name"),
        (("loss", "smallest"), "minimize"),
        (("loss", "minimize", math.nan), "finite"),
        (("loss", "minimize", "10"), "finite"),
    ],
)
def test_a_metric_that_cannot_be_is_refused(arguments, says):
    with pytest.raises(MetricError, match=says):
        Metric(*arguments)
