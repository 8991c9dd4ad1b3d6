"""Joulesweep: what neural-network inference costs on the device where it runs."""
