"""How latency is measured."""
