#include "table.h"

#include <string.h>

static uint32_t bucket_of(const struct id_table *table, const uint8_t *id)
{
    uint32_t words[4];
    memcpy(words, id, ID_BYTES);
    uint64_t sum = table->secret[0];
    for (int i = 0; i < 4; i++) sum += table->secret[i + 1] * words[i];
    return (uint32_t)(sum >> 32) & table->bucket_mask;
}

/* Follow a chain from `link`, a row plus one, to the row with an ID. */
static uint32_t follow(const struct id_table *table, uint32_t link, const uint8_t *id)
{
    while (link && memcmp(table->ids[link - 1], id, ID_BYTES) != 0) link = table->next[link - 1];
    return link ? link - 1 : TABLE_NONE;
}

void table_insert(const struct id_table *table, uint32_t from, uint32_t to)
{
    for (uint32_t row = from; row < to; row++) {
        uint32_t *head = &table->head[bucket_of(table, table->ids[row])];
        uint32_t known = follow(table, *head, table->ids[row]);
        table->next[row] = 0;
        if (known != TABLE_NONE) {
            table->first[row] = known;
        } else {
            table->first[row] = row;
            table->next[row] = *head;
            *head = row + 1;
        }
    }
}

void table_find(const struct id_table *table, const struct survivor *wanted, unsigned n,
                uint32_t *rows)
{
    /* Three passes: memory that one look-up waits for is under way for the others. */
    uint32_t links[TABLE_AT_ONCE];
    for (unsigned i = 0; i < n; i++) {
        links[i] = bucket_of(table, wanted[i].id);
        __builtin_prefetch(&table->head[links[i]]);
    }
    for (unsigned i = 0; i < n; i++) {
        links[i] = table->head[links[i]];
        if (links[i]) {
            __builtin_prefetch(table->ids[links[i] - 1]);
            __builtin_prefetch(&table->next[links[i] - 1]);
        }
    }
    for (unsigned i = 0; i < n; i++) rows[i] = follow(table, links[i], wanted[i].id);
}

uint32_t table_longest_chain(const struct id_table *table)
{
    uint32_t longest = 0;
    for (uint64_t bucket = 0; bucket <= table->bucket_mask; bucket++) {
        uint32_t length = 0;
        for (uint32_t link = table->head[bucket]; link; link = table->next[link - 1]) length++;
        if (length > longest) longest = length;
    }
    return longest;
}
