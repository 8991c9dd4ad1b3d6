"""The merged tables as figures and report read them."""
