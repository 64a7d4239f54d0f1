import numpy as np
import pytest

from tunewright import analysis, plots
from tunewright.errors import StudyError
from tunewright.plots.picture import Heat, Line, Points


def test_where_nothing_can_be_learned_the_plots_say_so(history_of):
    for name in ("no trial", "two trials", "all failed", "constant"):
        for draw in (plots.importance, plots.interactions, plots.effects):
            picture = draw(history_of(name), backend="data")
            assert not picture.panels[0].marks
            assert picture.panels[0].note.endswith(".")


def test_bars_have_the_intervals_of_the_importance(history_of):
    history = history_of("conditional")
    found = analysis.importance(history, "ped-anova")

    panel = plots.importance(history, "ped-anova", backend="data").panels[0]

    whisker = next(mark for mark in panel.marks if isinstance(mark, Points))
    assert whisker.low[::-1].tolist() == [share.low for share in found.shares]
    assert whisker.high[::-1].tolist() == [share.high for share in found.shares]
    assert [text for _, text in panel.y.ticks][::-1] == [share.names[0] for share in found.shares]


def test_sobol_totals_are_drawn_beside_what_each_does_alone(history_of):
    history = history_of("conditional")
    found = analysis.importance(history, "sobol")

    picture = plots.importance(history, "sobol", backend="data")

    total = next(mark for mark in picture.panels[0].marks if isinstance(mark, Points) and mark.look == "total")
    assert total.x[::-1].tolist() == [share.total for share in found.shares]
    assert total.name == "in any company (total)"
    assert picture.panels[0].x.high >= max(share.total for share in found.shares)
    assert "The diamond is the total" in picture.caption
    plain = plots.importance(history, backend="data").panels[0]
    assert not any(isinstance(mark, Points) and mark.look == "total" for mark in plain.marks)


def test_pairs_stand_below_the_diagonal(history_of):
    history = history_of("conditional")
    found = analysis.importance(history)

    panel = plots.interactions(history, backend="data").panels[0]

    heat = panel.marks[0]
    assert isinstance(heat, Heat)
    assert np.isnan(heat.z[np.triu_indices(3, 1)]).all()
    assert heat.z[0, 0] == found[panel.x.ticks[0][1]].value


def test_a_method_without_pairs_says_which_have_them(history_of):
    note = plots.interactions(history_of("conditional"), "ped-anova", backend="data").panels[0].note

    assert 'Say "fanova" or "shapley"' in note


def test_effects_have_bands_and_the_trials_underneath(history_of):
    history = history_of("conditional")

    picture = plots.effects(history, "lr", backend="data")

    trials, *singles, guess, known = picture.panels[0].marks
    assert [single.look for single in singles] == ["single"] * 5
    assert isinstance(trials, Points)
    assert isinstance(guess, Line)
    assert isinstance(known, Line)
    assert (guess.low <= guess.y).all()
    assert np.isnan(known.y).any()  # 7 trials do not cover the range
    with pytest.raises(StudyError, match='no parameter "z"'):
        plots.effects(history, "z", backend="data")
