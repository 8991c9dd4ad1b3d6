"""Makes the artefacts of a model: the files that runtimes load."""
