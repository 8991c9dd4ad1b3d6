"""What measuring writes and everyone reads."""
