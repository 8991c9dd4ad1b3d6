"""The processes that measure."""
