import math

import pytest

from tunewright.analysis import by_folds
from tunewright.automl.claims import claim_of, race_facts
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.5)})


def raced() -> Journal:
    """Three trials on three folds, one on one."""
    journal = Journal(SPACE)
    for i, row in enumerate([[1.0, 2, 3], [0.5, 1.5, 2.6], [0.9, 1.9, 3.1], [4.0]]):
        trial = journal.ask({"x": 0.5 if not i else i / 10}, fold=0)
        journal.tell(trial, row[0])
        for fold, value in enumerate(row[1:], 1):
            journal.tell(trial, value, index=journal.send(trial, fold=fold))
    return journal


def test_a_claim_is_json_and_says_what_the_analysis_says() -> None:
    worth = by_folds(raced().history)

    found = claim_of(worth)

    assert found.value == worth.winner.value
    assert found.gain == pytest.approx(worth.gain.value)
    assert found.sentence == worth.sentence


def test_a_claim_about_another_than_the_model_file_holds_says_so_first() -> None:
    worth = by_folds(raced().history)

    assert claim_of(worth, "The best was another.").sentence == f"The best was another. {worth.sentence}"


def test_what_is_not_known_is_none() -> None:
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.2}), 1.0)

    found = claim_of(by_folds(journal.history))

    assert (found.low, found.gain, found.probability) == (None, None, None)
    assert found.value is not None
    assert not math.isnan(found.value)


def test_racing_says_what_it_saved() -> None:
    found = race_facts(raced().history, 3)

    assert (found.fits, found.whole) == (10, 12)
    assert "1.2 times as many" in found.sentence
    assert race_facts(raced().history, 1).sentence == "Every configuration was fitted on every fold."
