"""How good a model's outputs are on labelled data: one file per metric."""
