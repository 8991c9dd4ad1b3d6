"""How a model is run: one file a runtime."""
