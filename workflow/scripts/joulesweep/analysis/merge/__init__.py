"""Brings the tables of all devices together."""
