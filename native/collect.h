/* From the derived IDs of one key to survivors, for variants that derive into memory. */
#ifndef PROXIMITY_COLLECT_H
#define PROXIMITY_COLLECT_H

#include "kernel.h"

/* Test IDs `first`..`end` - 1 of a lane. No branch depends on an ID: a mispredicted one
 * would cost more than the test. */
static inline __attribute__((always_inline)) unsigned
collect_survivors(const uint8_t ids[][ID_BYTES], unsigned lane, const uint8_t range[2],
                  const struct day_filter *filter, struct survivor *out)
{
    uint8_t places[256];
    unsigned passed = 0;
    for (unsigned position = range[0]; position < range[1]; position++) {
        places[passed] = (uint8_t)position;
        passed += (unsigned)filter_may_hold(filter, filter_prefix(ids[position]));
    }
    for (unsigned i = 0; i < passed; i++) {
        memcpy(out[i].id, ids[places[i]], ID_BYTES);
        out[i].lane = (uint8_t)lane;
        out[i].position = places[i];
    }
    return passed;
}

#endif
