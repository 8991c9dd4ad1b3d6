"""How energy is measured."""
