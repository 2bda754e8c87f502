/* Which variants this machine can run; beside cpu.c the only code that asks. */
#ifndef PROXIMITY_DISPATCH_H
#define PROXIMITY_DISPATCH_H

#include "kernel.h"

/* Every variant that was compiled, the fastest first. */
extern const struct variant variants[];
extern const size_t n_variants;

/* The variant of that name if this machine can run it, else NULL. */
const struct variant *find_variant(const char *name);

#endif
