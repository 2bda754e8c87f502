"""From an officer's code to a certificate over a person's keys."""
