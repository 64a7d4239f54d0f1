import msgspec

from tunewright.automl.scores import Difference, Score


def test_a_score_goes_to_json_and_back() -> None:
    score = Score(value=0.5, low=None, high=None, others={"f1": 0.25})

    assert msgspec.json.decode(msgspec.json.encode(score), type=Score) == score


def test_a_difference_that_cannot_be_told_is_null_in_json() -> None:
    apart = Difference(value=None, low=None, high=None, better=None, sentence="Too small.")

    assert msgspec.json.decode(msgspec.json.encode(apart))["value"] is None
