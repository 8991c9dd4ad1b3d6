"""The kinds of files that runtimes load: one file per format."""
