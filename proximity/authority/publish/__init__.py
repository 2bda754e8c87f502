"""Files of diagnosis keys in, a signed static directory out."""
