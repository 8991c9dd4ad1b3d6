"""How power is imported that another device logged: one file per kind of log."""
