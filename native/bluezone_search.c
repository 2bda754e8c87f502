#include "bluezone_search.h"

#include <string.h>

static unsigned fill(struct bluezone_batch *batch, uint32_t key[BATCH_KEYS],
                     const struct bluezone_chains *chains, size_t from, int64_t *day)
{
    unsigned lane = 0;
    *day = chains->day[from];
    for (; lane < BATCH_KEYS && from + lane < chains->count; lane++) {
        size_t chain = from + lane;
        if (chains->day[chain] != *day) break;
        memcpy(batch->link[lane], chains->link[chain], BLUEZONE_KEY_BYTES);
        int64_t left = chains->left[chain];
        batch->steps[lane] = (uint8_t)(left < BLUEZONE_STEPS ? left : BLUEZONE_STEPS);
        key[lane] = (uint32_t)chain;
    }
    memset(batch->steps + lane, 0, BATCH_KEYS - lane);
    return lane;
}

size_t bluezone_search(const struct variant *variant, const struct bluezone_chains *chains,
                       size_t from, const struct filters *filters, const struct id_table *table,
                       struct hit *hits, size_t capacity, size_t *n_hits,
                       struct survivor *scratch)
{
    struct bluezone_batch batch;
    uint32_t key[BATCH_KEYS];
    memset(&batch, 0, sizeof batch);
    batch.begins = chains->begins;
    *n_hits = 0;
    while (from < chains->count && capacity - *n_hits >= BLUEZONE_MOST_SURVIVORS) {
        int64_t day;
        unsigned filled = fill(&batch, key, chains, from, &day);
        int32_t slot = slot_of(filters, day);
        if (slot >= 0) {
            const struct day_filter filter = filter_of(filters, slot);
            unsigned count = variant->bluezone->survivors(&batch, &filter, scratch);
            memcpy(chains->link[from], batch.link, filled * sizeof batch.link[0]);
            *n_hits += look_up(table, scratch, count, key, hits + *n_hits);
        }
        from += filled;
    }
    return from;
}

void bluezone_advance_keys(const struct variant *variant, uint8_t (*keys)[BLUEZONE_KEY_BYTES],
                           size_t count, uint32_t days)
{
    uint8_t batch[BATCH_KEYS][BLUEZONE_KEY_BYTES] = {{0}};
    for (size_t at = 0; at < count; at += BATCH_KEYS) {
        size_t some = count - at < BATCH_KEYS ? count - at : BATCH_KEYS;
        memcpy(batch, keys[at], some * sizeof batch[0]);
        variant->bluezone->advance(batch, days);
        memcpy(keys[at], batch, some * sizeof batch[0]);
    }
}
