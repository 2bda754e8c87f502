"""Bytes in, values out: schemes, advertisements, sightings, recordings, exports."""
