"""Results travel between machines: packed into an archive, or copied over ssh; both come in by the same rules."""
