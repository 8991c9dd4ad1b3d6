"""How good a model is on labelled data, and how long a pass takes on real inputs."""
