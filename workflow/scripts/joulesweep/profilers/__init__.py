"""Profilers: one file for each way of splitting the time of a pass into its parts."""
