"""What each model is: cross-checks of its counts, parameters that are shared, and whether its variants compute it."""
