"""Readers of measured signal data, in place, into one typed form."""
