import pytest

from tunewright.automl.scores import Score


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (Score(value=0.5, low=0.25, high=1.0), "0.5000 (0.2500 to 1.000)"),
        (Score(value=1234.0, low=None, high=None), "1234"),
        (Score(value=-123456.7, low=-200000.0, high=0.0), "-123457 (-200000 to 0.000)"),
        (Score(value=None, low=None, high=None), "-"),
    ],
)
def test_a_score_reads_with_its_interval(score: Score, text: str) -> None:
    assert score.text == text
