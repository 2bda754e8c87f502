"""Arrays in, arrays out: compiled kernels, and which of them this machine can run."""
