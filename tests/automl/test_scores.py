import msgspec
import pytest

from tunewright.automl.scores import Difference, Score, judged_class


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (Score(value=0.5, low=0.25, high=1.0), "0.50 (0.25 to 1.00)"),
        (Score(value=1234.0, low=None, high=None), "1234"),
        (Score(value=-123456.7, low=-200000.0, high=0.0), "−123,457 (−200,000 to 0)"),
        (Score(value=None, low=None, high=None), "-"),
    ],
)
def test_a_score_reads_with_its_interval(score: Score, text: str) -> None:
    assert score.text == text


@pytest.mark.parametrize(
    ("scorer", "of"),
    [
        ("f1", "b"),
        ("recall", "b"),
        ("average_precision", "b"),
        ("roc_auc", None),
        ("f1_macro", None),
        ("accuracy", None),
        ("r2", None),
    ],
)
def test_some_metrics_are_of_one_of_two_classes(scorer: str, of: str | None) -> None:
    assert judged_class(scorer, "b") == of
    assert judged_class(scorer, None) is None


def test_a_score_goes_to_json_and_back() -> None:
    score = Score(value=0.5, low=None, high=None, others={"f1": 0.25})

    assert msgspec.json.decode(msgspec.json.encode(score), type=Score) == score


def test_a_difference_that_cannot_be_told_is_null_in_json() -> None:
    apart = Difference(value=None, low=None, high=None, better=None, sentence="Too small.")

    assert msgspec.json.decode(msgspec.json.encode(apart))["value"] is None
