"""Where the time of a pass goes, as launches of their own tell it."""
