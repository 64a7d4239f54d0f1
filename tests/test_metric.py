import math

import pytest

from tunewright.errors import MetricError
from tunewright.metric import Metric, one_alone


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


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("roc_auc", (0, 1)), ("roc_auc_ovr_weighted", (0, 1)), ("f1_macro", (0, 1)), ("rmse", (0, math.inf)), ("neg_log_loss", (-math.inf, 0)),
        ("r2", (-math.inf, 1)), ("matthews_corrcoef", (-1, 1)), ("profit", (-math.inf, math.inf)),
        ("acc", (0, 1)), ("val_acc", (0, 1)), ("test_f1_macro", (0, 1)), ("val_neg_log_loss", (-math.inf, 0)), ("Accuracy", (0, 1)), ("AUROC", (0, 1)),
        ("mean_squared_error", (0, math.inf)), ("mean_accuracy", (0, 1)), ("val_r2", (-math.inf, 1)), ("val_profit", (-math.inf, math.inf)),
    ],
)  # fmt: skip
def test_what_a_metric_can_reach_is_told_by_its_name(name, limits):
    assert Metric(name).limits == limits


def test_what_to_do_about_several_depends_on_their_bounds():
    free, bound = Metric("a"), Metric("b", bound=1.0)

    assert one_alone([free, free]) == "Give all but one a bound"
    assert one_alone([bound, bound]) == "Take the bound off one"
