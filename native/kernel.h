/* What every variant of the matching kernels takes and gives.
 *
 * A kernel derives the IDs of a batch of keys and dismisses those that a day's filter
 * does not hold. What survives is looked up in the exact table (table.h). Derived IDs
 * are never stored: most live in registers only. There is a kernel for each scheme;
 * filters, survivors and table are the same. */
#ifndef PROXIMITY_KERNEL_H
#define PROXIMITY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "filter.h"

/* An ID of fewer bytes is filled up with zeros. */
#define ID_BYTES 16
#define BATCH_KEYS 32

/* An ID that the filter did not dismiss. */
struct survivor {
    uint8_t id[ID_BYTES];
    uint8_t lane;
    uint8_t position;
};

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

#define GAEN_MOST_SURVIVORS (BATCH_KEYS * GAEN_POSITIONS)

/* Write the survivors of a batch in any order, at most GAEN_MOST_SURVIVORS; return how
 * many there are. */
typedef unsigned gaen_survivors(const struct gaen_batch *batch,
                                const struct day_filter *filter, struct survivor *out);

/* XOR the 144 IDs of every key of a batch into `sum`, whatever `first` and `end` say:
 * the kernel without its look-ups. */
typedef void gaen_fold(const struct gaen_batch *batch, uint8_t sum[ID_BYTES]);

struct gaen_kernel {
    gaen_survivors *survivors;
    gaen_fold *fold;
};

/* bluezone: 32-byte keys of days. From a key a chain of hashes starts, one link for each
 * slot of the day, and an ID is picked from each link. The chain cannot be entered
 * elsewhere, so it is followed over calls. */
#define BLUEZONE_KEY_BYTES 32
#define BLUEZONE_ID_BYTES 12
#define BLUEZONE_STEPS 96

struct bluezone_batch {
    /* A day's key before its first slot, then the link of the slot before. The kernel
     * leaves the last link where a lane takes all BLUEZONE_STEPS steps; those of fewer
     * are at their end, and what it leaves there means nothing. */
    uint8_t link[BATCH_KEYS][BLUEZONE_KEY_BYTES];
    /* Slots whose ID is looked up, 0..BLUEZONE_STEPS. */
    uint8_t steps[BATCH_KEYS];
    /* Whether the links are days' keys. */
    int begins;
};

#define BLUEZONE_MOST_SURVIVORS (BATCH_KEYS * BLUEZONE_STEPS)

/* Write the survivors of the next slots of a batch in any order, at most
 * BLUEZONE_MOST_SURVIVORS; return how many there are. */
typedef unsigned bluezone_survivors(struct bluezone_batch *batch,
                                    const struct day_filter *filter, struct survivor *out);

/* Turn keys of one day into those of the day that is `days` later. */
typedef void bluezone_advance(uint8_t keys[BATCH_KEYS][BLUEZONE_KEY_BYTES], uint32_t days);

struct bluezone_kernel {
    bluezone_survivors *survivors;
    bluezone_advance *advance;
};

#define MOST_SURVIVORS \
    (GAEN_MOST_SURVIVORS > BLUEZONE_MOST_SURVIVORS ? GAEN_MOST_SURVIVORS : BLUEZONE_MOST_SURVIVORS)

/* The kernels that one kind of processor runs. */
struct variant {
    const char *name;
    int (*supported)(void);
    const struct gaen_kernel *gaen;
    const struct bluezone_kernel *bluezone;
};

#endif
