"""The people of the authority who sign in."""
