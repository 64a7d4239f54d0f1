"""Where a study came from, and how it goes."""
