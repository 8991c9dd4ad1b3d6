"""From recorded power to joules per pass."""
