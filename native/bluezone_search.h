/* The operation for bluezone: chains of slots x stored sightings -> equal IDs.
 *
 * A chain is what one key derives in one of its days. All chains are followed over at
 * most BLUEZONE_STEPS slots by one call, and the caller keeps their links between calls:
 * a day may have 96 slots or 86,400. */
#ifndef PROXIMITY_BLUEZONE_SEARCH_H
#define PROXIMITY_BLUEZONE_SEARCH_H

#include "search.h"

/* Chains in columns, those of one day together. */
struct bluezone_chains {
    /* Days' keys, or the links of the slot before; replaced by the last links. */
    uint8_t (*link)[BLUEZONE_KEY_BYTES];
    /* Day whose filter holds all that may have been heard of the chain. */
    const int64_t *day;
    /* Slots that are left, more than 0; at most BLUEZONE_STEPS of them are followed. */
    const int64_t *left;
    size_t count;
    /* Whether the links are days' keys. */
    int begins;
};

/* Find the rows of the IDs of chains from..count - 1; the position of a hit counts from
 * the first slot of this call. Chains of days without a filter are left as they are.
 * Stops early rather than overrun `capacity`, which is at least
 * BLUEZONE_MOST_SURVIVORS; returns up to which chain it is done. */
size_t bluezone_search(const struct variant *variant, const struct bluezone_chains *chains,
                       size_t from, const struct filters *filters, const struct id_table *table,
                       struct hit *hits, size_t capacity, size_t *n_hits,
                       struct survivor *scratch);

/* Turn `count` keys of one day into those of the day that is `days` later. */
void bluezone_advance_keys(const struct variant *variant, uint8_t (*keys)[BLUEZONE_KEY_BYTES],
                           size_t count, uint32_t days);

#endif
