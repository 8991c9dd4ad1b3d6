"""The errors that Joulesweep itself raises."""


class UserError(Exception):
    """Something the user can put right; its text is one line: what is wrong, where, and what to do."""


class Unsupported(Exception):
    """A model cannot be run so: a row with status `unsupported` and this text as its message."""
