from typing import Any

import pytest
from sklearn.tree import DecisionTreeClassifier

from tunewright.sklearn.callbacks import Quiet, root_context


def test_where_scikit_learn_has_no_callbacks_nobody_listens() -> None:
    context = root_context(object(), max_subtasks=3)

    assert isinstance(context, Quiet)
    assert context.subcontext(task_name="search").call_on_fit_task_begin(estimator=None) is context
    assert context.call_on_fit_task_end() is False
    with context.propagate_callback_context(DecisionTreeClassifier()):
        pass


def test_where_it_has_them_the_root_is_its_own() -> None:
    callback: Any = pytest.importorskip("sklearn.callback")

    class Estimator(callback.CallbackSupportMixin):
        pass

    context = root_context(Estimator(), max_subtasks=3)

    assert isinstance(context, callback.CallbackContext)
    assert context.max_subtasks == 3
