/* The operation: keys x stored sightings -> equal IDs, day by day. What the schemes share,
 * and gaen's; bluezone's is in bluezone_search.h.
 *
 * Keys are grouped by day first, so that a day's filter stays in the cache; what lies in
 * a day without sightings is left out before anything is hashed. */
#ifndef PROXIMITY_SEARCH_H
#define PROXIMITY_SEARCH_H

#include "kernel.h"
#include "table.h"

/* Keys in columns; `start` is 0..2**31 - 1 and `period` 1..144. */
struct gaen_keys {
    const uint8_t (*key)[GAEN_KEY_BYTES];
    const int64_t *start;
    const int64_t *period;
    size_t count;
};

/* The filters of the days that have one. */
struct filters {
    /* By day from `base_day` on: the number of its filter, or -1. */
    const int32_t *slot_of_day;
    int64_t base_day;
    size_t days;
    /* Filter i has the words offsets[i]..offsets[i + 1] - 1, a power of two of them. */
    const int64_t *offsets;
    uint32_t *words;
    /* FILTER_FOLDED_WORDS words for each filter. */
    const uint32_t *folded;
};

/* The part of a key that lies in one day: index << 1, plus 1 for its second day. */
typedef uint32_t key_part;

struct hit {
    uint32_t key;
    uint32_t position;
    uint32_t row;
};

/* Set the bits of rows from..to - 1 in the filters of the days first_day..last_day each. */
void filters_insert(const struct filters *filters, const uint8_t (*ids)[ID_BYTES],
                    const int64_t *first_day, const int64_t *last_day, size_t from, size_t to);

/* Write the parts of keys that lie in a day with a filter, by day: at most two for each
 * key. `counts` has a place for every filter. Return how many there are. */
size_t group_by_day(const struct gaen_keys *keys, const struct filters *filters,
                    key_part *parts, size_t *counts, size_t n_filters);

/* The number of a day's filter, or -1. */
int32_t slot_of(const struct filters *filters, int64_t day);

struct day_filter filter_of(const struct filters *filters, int32_t slot);

/* Find the rows of survivors; `key` is the index of each lane's key. Writes at most
 * `count` hits and returns how many. */
size_t look_up(const struct id_table *table, const struct survivor *survivors, unsigned count,
               const uint32_t key[BATCH_KEYS], struct hit *hits);

/* Find the rows of the IDs that grouped parts derive. Stops early rather than overrun
 * `capacity`, which is at least GAEN_MOST_SURVIVORS; returns how many parts are done. */
size_t gaen_search(const struct variant *variant, const struct gaen_keys *keys,
                   const key_part *parts, size_t n_parts, const struct filters *filters,
                   const struct id_table *table, struct hit *hits, size_t capacity,
                   size_t *n_hits, struct survivor *scratch);

#endif
