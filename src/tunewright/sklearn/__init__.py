"""Tunewright as scikit-learn's search.

from tunewright.sklearn import SearchCV

search = SearchCV(estimator, n_iter=50).fit(X, y)
"""

from tunewright.sklearn.search_cv import SearchCV

__all__ = ["SearchCV"]
