"""The hand-in of the lab: its own figures, and the words of those who hand it in."""
