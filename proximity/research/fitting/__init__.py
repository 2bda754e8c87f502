"""Labelled recordings in, parameters of ranging out; needs scipy."""
