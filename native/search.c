#include "search.h"

#include <string.h>

/* What of a key lies in one of its at most two days. */
struct part {
    int64_t day;
    uint8_t first;
    uint8_t end;
};

static struct part part_of(const struct gaen_keys *keys, key_part which)
{
    int64_t start = keys->start[which >> 1], period = keys->period[which >> 1];
    int64_t day = start / GAEN_POSITIONS, left = GAEN_POSITIONS - start % GAEN_POSITIONS;
    if (which & 1) return (struct part){day + 1, (uint8_t)(left < period ? left : period), (uint8_t)period};
    return (struct part){day, 0, (uint8_t)(period < left ? period : left)};
}

int32_t slot_of(const struct filters *filters, int64_t day)
{
    int64_t place = day - filters->base_day;
    return place < 0 || (uint64_t)place >= filters->days ? -1 : filters->slot_of_day[place];
}

struct day_filter filter_of(const struct filters *filters, int32_t slot)
{
    int64_t begin = filters->offsets[slot], words = filters->offsets[slot + 1] - begin;
    return (struct day_filter){
        filters->words + begin,
        words <= FILTER_MOST_FOLDED ? filters->folded + FILTER_FOLDED_WORDS * slot : NULL,
        (uint32_t)(words - 1),
    };
}

void filters_insert(const struct filters *filters, const uint8_t (*ids)[ID_BYTES],
                    const int64_t *first_day, const int64_t *last_day, size_t from, size_t to)
{
    for (size_t row = from; row < to; row++) {
        uint32_t prefix = filter_prefix(ids[row]);
        for (int64_t day = first_day[row]; day <= last_day[row]; day++) {
            int32_t slot = slot_of(filters, day);
            if (slot < 0) continue;
            int64_t begin = filters->offsets[slot];
            uint32_t mask = (uint32_t)(filters->offsets[slot + 1] - begin - 1);
            filters->words[begin + filter_index(prefix, mask)] |= filter_bits(prefix);
        }
    }
}

size_t group_by_day(const struct gaen_keys *keys, const struct filters *filters,
                    key_part *parts, size_t *counts, size_t n_filters)
{
    memset(counts, 0, n_filters * sizeof *counts);
    /* A counting sort: count, turn counts into places, put. */
    for (int putting = 0; putting < 2; putting++) {
        for (size_t i = 0; i < keys->count; i++) {
            int64_t inside = keys->start[i] % GAEN_POSITIONS;
            int last = inside + keys->period[i] > GAEN_POSITIONS;
            int64_t day = keys->start[i] / GAEN_POSITIONS;
            for (int second = 0; second <= last; second++) {
                int32_t slot = slot_of(filters, day + second);
                if (slot < 0) continue;
                if (putting)
                    parts[counts[slot]++] = (key_part)(i << 1 | (size_t)second);
                else
                    counts[slot]++;
            }
        }
        size_t place = 0;
        for (size_t slot = 0; !putting && slot < n_filters; slot++) {
            size_t count = counts[slot];
            counts[slot] = place;
            place += count;
        }
    }
    return n_filters ? counts[n_filters - 1] : 0;
}

/* Fill a batch with parts of one day; return how many. */
static unsigned fill(struct gaen_batch *batch, uint32_t key[BATCH_KEYS],
                     const struct gaen_keys *keys, const key_part *parts, size_t n_parts,
                     int64_t *day)
{
    unsigned lane = 0;
    for (; lane < BATCH_KEYS && lane < n_parts; lane++) {
        struct part part = part_of(keys, parts[lane]);
        if (lane == 0) *day = part.day;
        if (part.day != *day) break;
        key[lane] = parts[lane] >> 1;
        memcpy(batch->key[lane], keys->key[key[lane]], GAEN_KEY_BYTES);
        batch->start[lane] = (uint32_t)keys->start[key[lane]];
        batch->first[lane] = part.first;
        batch->end[lane] = part.end;
    }
    for (unsigned rest = lane; rest < BATCH_KEYS; rest++) batch->first[rest] = batch->end[rest] = 0;
    return lane;
}

size_t look_up(const struct id_table *table, const struct survivor *survivors, unsigned count,
               const uint32_t key[BATCH_KEYS], struct hit *hits)
{
    size_t n = 0;
    for (unsigned at = 0; at < count; at += TABLE_AT_ONCE) {
        unsigned some = count - at < TABLE_AT_ONCE ? count - at : TABLE_AT_ONCE;
        uint32_t rows[TABLE_AT_ONCE];
        table_find(table, survivors + at, some, rows);
        for (unsigned i = 0; i < some; i++) {
            if (rows[i] == TABLE_NONE) continue;
            const struct survivor *found = &survivors[at + i];
            hits[n++] = (struct hit){key[found->lane], found->position, rows[i]};
        }
    }
    return n;
}

size_t gaen_search(const struct variant *variant, const struct gaen_keys *keys,
                   const key_part *parts, size_t n_parts, const struct filters *filters,
                   const struct id_table *table, struct hit *hits, size_t capacity,
                   size_t *n_hits, struct survivor *scratch)
{
    struct gaen_batch batch;
    uint32_t key[BATCH_KEYS];
    memset(&batch, 0, sizeof batch);
    size_t done = 0;
    *n_hits = 0;
    while (done < n_parts && capacity - *n_hits >= GAEN_MOST_SURVIVORS) {
        int64_t day = 0;
        unsigned filled = fill(&batch, key, keys, parts + done, n_parts - done, &day);
        int32_t slot = slot_of(filters, day);
        if (slot >= 0) {
            const struct day_filter filter = filter_of(filters, slot);
            unsigned count = variant->gaen->survivors(&batch, &filter, scratch);
            *n_hits += look_up(table, scratch, count, key, hits + *n_hits);
        }
        done += filled;
    }
    return done;
}
