"""The configuration: read, checked and completed."""
