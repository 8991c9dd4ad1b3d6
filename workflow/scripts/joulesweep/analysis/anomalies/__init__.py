"""What looked strange: each file finds one kind, says where with its number, and names a likely cause."""
