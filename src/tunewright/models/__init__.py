"""Surrogates and acquisitions: mathematics on arrays, knowing nothing of studies."""
