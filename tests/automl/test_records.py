import msgspec
import pytest

from tunewright.automl.records import Configuration, TuneRequest
from tunewright.automl.scores import Score


def test_a_request_goes_to_json_and_back() -> None:
    request = TuneRequest(data="a.csv", target="y", seconds=3.0, models=("svm", "forest"))

    assert msgspec.json.decode(msgspec.json.encode(request), type=TuneRequest) == request


def test_a_request_from_json_is_checked() -> None:
    with pytest.raises(msgspec.ValidationError, match="task"):
        msgspec.json.decode(b'{"data": "a.csv", "target": "y", "task": "clustering"}', type=TuneRequest)


def test_an_unknown_score_stays_unknown_in_json() -> None:
    score = Score(value=None, low=None, high=None)

    assert msgspec.json.decode(msgspec.json.encode(score), type=Score) == score


def test_a_configuration_keeps_its_folds_in_order() -> None:
    configuration = Configuration(trial=3, family="svm", title="SVM", params={"svm.C": 1.0}, mean=0.5, sd=0.1, folds=(0.6, 0.4))

    assert msgspec.json.decode(msgspec.json.encode(configuration), type=Configuration).folds == (0.6, 0.4)
