/* The exact table: which row of the stored sightings has an ID.
 *
 * Whoever is on the air chooses the IDs that are stored, so the buckets are drawn by a
 * keyed hash: the key is random and never leaves the process. Its family is strongly
 * universal (multilinear, on four 32-bit words: Lemire and Kaser 2014), so that any two
 * IDs share a bucket of m with probability 1/m, whoever chose them. Buckets are chained;
 * rows of one ID hang together and fill one place of a chain, however many they are. */
#ifndef PROXIMITY_TABLE_H
#define PROXIMITY_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel.h"

#define TABLE_SECRET_WORDS 5
#define TABLE_NONE UINT32_MAX

struct id_table {
    /* IDs by row. */
    const uint8_t (*ids)[ID_BYTES];
    /* By bucket: the newest row of a chain plus one, or 0. */
    uint32_t *head;
    /* By row: the next row of its chain plus one, or 0. */
    uint32_t *next;
    /* By row: the first row that has the same ID. */
    uint32_t *first;
    /* Number of buckets, a power of two, minus one. */
    uint32_t bucket_mask;
    uint64_t secret[TABLE_SECRET_WORDS];
};

/* Take rows from..to - 1 in. */
void table_insert(const struct id_table *table, uint32_t from, uint32_t to);

/* Find the first row of each of up to TABLE_AT_ONCE IDs, TABLE_NONE where there is none. */
#define TABLE_AT_ONCE 64
void table_find(const struct id_table *table, const struct survivor *wanted, unsigned n,
                uint32_t *rows);

/* Length of the longest chain: what a look-up can cost. */
uint32_t table_longest_chain(const struct id_table *table);

#endif
