"""How power is read: one file a meter."""
