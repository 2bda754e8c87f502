"""Recorded and synthetic worlds in, measured answers out."""
