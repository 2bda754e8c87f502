"""Exposure windows in, daily values and a decision out; pure functions."""
