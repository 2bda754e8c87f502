"""Signed exports of other authorities in, keys of travellers for one's own."""
