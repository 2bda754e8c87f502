"""A person's chosen keys, taken in once their certificate holds."""
