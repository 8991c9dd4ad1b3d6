"""A model as every stage sees it."""
