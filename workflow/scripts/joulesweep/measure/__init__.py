"""What runs on the device: loads models, runs them, reads clocks and meters."""
