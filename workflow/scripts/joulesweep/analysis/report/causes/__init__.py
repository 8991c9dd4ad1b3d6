"""What makes a variant fast or slow."""
