"""The machine below Python: files, processes, what the kernel says."""
