"""The figures: one file a figure or family; `names` says which there are, `draw` makes them all."""
