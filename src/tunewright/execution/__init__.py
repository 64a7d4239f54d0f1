"""Tasks go out, outcomes come back."""
