"""Statistics over launches and points."""
