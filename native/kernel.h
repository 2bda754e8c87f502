/* What every variant of the matching kernel takes and gives.
 *
 * A kernel derives the IDs of a batch of keys and dismisses those that a day's filter
 * does not hold. What survives is looked up in the exact table (table.h). Derived IDs
 * are never stored: most live in registers only. */
#ifndef PROXIMITY_KERNEL_H
#define PROXIMITY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "filter.h"

#define ID_BYTES 16
#define BATCH_KEYS 32

/* gaen: 16-byte keys, one ID for each of at most 144 intervals. */
#define GAEN_KEY_BYTES 16
#define GAEN_POSITIONS 144

struct gaen_batch {
    uint8_t key[BATCH_KEYS][GAEN_KEY_BYTES];
    /* First interval of each key. */
    uint32_t start[BATCH_KEYS];
    /* Positions first..end - 1 are looked up; equal where a lane holds no key. */
    uint8_t first[BATCH_KEYS];
    uint8_t end[BATCH_KEYS];
};

/* An ID that the filter did not dismiss. */
struct survivor {
    uint8_t id[ID_BYTES];
    uint8_t lane;
    uint8_t position;
};

#define GAEN_MOST_SURVIVORS (BATCH_KEYS * GAEN_POSITIONS)

/* Write the survivors of a batch in any order, at most GAEN_MOST_SURVIVORS; return how
 * many there are. */
typedef unsigned gaen_survivors(const struct gaen_batch *batch,
                                const struct day_filter *filter, struct survivor *out);

/* XOR the 144 IDs of every key of a batch into `sum`, whatever `first` and `end` say:
 * the kernel without its look-ups. */
typedef void gaen_fold(const struct gaen_batch *batch, uint8_t sum[ID_BYTES]);

struct variant {
    const char *name;
    int (*supported)(void);
    gaen_survivors *survivors;
    gaen_fold *fold;
};

#endif
