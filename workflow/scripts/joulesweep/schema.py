"""The version of the tables' columns.

It is raised by hand when a column changes its meaning. The merge then refuses older tables by name.
"""

SCHEMA = 3
