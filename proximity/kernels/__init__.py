"""Arrays in, arrays out: native kernels, and which of them this machine can run."""
