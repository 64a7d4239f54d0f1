"""Searches of the same number of fits, judged on what none of them saw (`../honest.py`)."""
