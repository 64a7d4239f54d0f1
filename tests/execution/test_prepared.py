from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from tunewright.execution.prepared import Prepared
from tunewright.resampling import CrossValidation


def test_a_cross_validation_knows_itself_and_a_function_does_not():
    cv = CrossValidation(DecisionTreeClassifier(), *load_iris(return_X_y=True))

    assert isinstance(cv, Prepared)
    assert not isinstance(lambda live: 1.0, Prepared)
