"""Accuracy against its cost in words: the Pareto fronts, and which variant to take."""
