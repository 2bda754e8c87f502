"""Diagnosis keys and encounters in, exposure windows out; arrays, no database."""
