"""Parameters and FLOPs: one file a counter."""
