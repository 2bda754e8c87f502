/* The kernels without Python, for processors that only an emulator offers.
 *
 * Reads cases from stdin and writes their results to stdout until there are no more. A
 * case is a row of fields: the name of the operation and of the variant, then what the
 * operation takes. A field is its length, eight bytes, least significant first, and its
 * bytes. tests/contract/kernel_forms.py is the other side. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bluezone_search.h"
#include "dispatch.h"
#include "search.h"

struct field {
    void *bytes;
    uint64_t length;
};

static void die(const char *why)
{
    fprintf(stderr, "kernel_runner: %s\n", why);
    exit(1);
}

static void *reserve(size_t bytes)
{
    void *memory = calloc(bytes + 1, 1);
    if (!memory) die("no memory");
    return memory;
}

/* Read a field of whole items; none where stdin ends instead. */
static int read_field(struct field *field, size_t item)
{
    size_t got = fread(&field->length, 1, sizeof field->length, stdin);
    if (got == 0) return 0;
    if (got != sizeof field->length || field->length % item) die("a field has no sound length");
    field->bytes = reserve(field->length);
    if (fread(field->bytes, 1, field->length, stdin) != field->length) die("a field is cut");
    field->length /= item;
    return 1;
}

static struct field take(size_t item)
{
    struct field field;
    if (!read_field(&field, item)) die("a case is cut");
    return field;
}

static int64_t take_number(void)
{
    struct field field = take(sizeof(int64_t));
    int64_t number;
    if (field.length != 1) die("a number is not one number");
    memcpy(&number, field.bytes, sizeof number);
    return number;
}

static void give(const void *bytes, uint64_t length)
{
    fwrite(&length, sizeof length, 1, stdout);
    fwrite(bytes, 1, length, stdout);
}

static void fold_filter(const struct filters *filters, size_t which, uint32_t *folded)
{
    const uint32_t *words = filters->words + filters->offsets[which];
    int64_t count = filters->offsets[which + 1] - filters->offsets[which];
    for (int64_t i = 0; i < count; i++)
        folded[FILTER_FOLDED_WORDS * which + (size_t)(i % FILTER_FOLDED_WORDS)] |= words[i];
}

/* The stored rows and all that is built from them. */
struct store {
    struct filters filters;
    struct id_table table;
    size_t n_filters;
};

static struct store take_store(void)
{
    struct store store;
    store.filters.base_day = take_number();
    struct field slots = take(4), offsets = take(8), words = take(4);
    struct field ids = take(ID_BYTES), first = take(8), last = take(8);
    struct field secret = take(8);
    int64_t buckets = take_number();
    store.n_filters = offsets.length - 1;
    uint32_t *folded = reserve(store.n_filters * FILTER_FOLDED_WORDS * sizeof *folded);
    store.filters.slot_of_day = slots.bytes;
    store.filters.days = slots.length;
    store.filters.offsets = offsets.bytes;
    store.filters.words = words.bytes;
    store.filters.folded = folded;
    filters_insert(&store.filters, ids.bytes, first.bytes, last.bytes, 0, ids.length);
    for (size_t i = 0; i < store.n_filters; i++) fold_filter(&store.filters, i, folded);
    store.table.ids = ids.bytes;
    store.table.head = reserve((size_t)buckets * sizeof(uint32_t));
    store.table.next = reserve(ids.length * sizeof(uint32_t));
    store.table.first = reserve(ids.length * sizeof(uint32_t));
    store.table.bucket_mask = (uint32_t)(buckets - 1);
    memcpy(store.table.secret, secret.bytes, sizeof store.table.secret);
    table_insert(&store.table, 0, (uint32_t)ids.length);
    return store;
}

static struct gaen_keys take_keys(void)
{
    struct field key = take(GAEN_KEY_BYTES), start = take(8), period = take(8);
    return (struct gaen_keys){key.bytes, start.bytes, period.bytes, key.length};
}

static void search_gaen(const struct variant *variant)
{
    struct store store = take_store();
    struct gaen_keys keys = take_keys();
    size_t capacity = (size_t)take_number(), n_hits, done = 0;
    key_part *parts = reserve(2 * keys.count * sizeof *parts);
    size_t *counts = reserve(store.n_filters * sizeof *counts);
    struct hit *hits = reserve(capacity * sizeof *hits);
    struct survivor *scratch = reserve(MOST_SURVIVORS * sizeof *scratch);
    size_t n_parts = group_by_day(&keys, &store.filters, parts, counts, store.n_filters);
    while (done < n_parts) {
        done += gaen_search(variant, &keys, parts + done, n_parts - done, &store.filters,
                            &store.table, hits, capacity, &n_hits, scratch);
        if (n_hits) give(hits, n_hits * sizeof *hits);
    }
    give("", 0);
}

static void fold_gaen(const struct variant *variant)
{
    struct gaen_keys keys = take_keys();
    struct gaen_batch batch;
    uint8_t sum[ID_BYTES] = {0};
    memset(&batch, 0, sizeof batch);
    for (size_t at = 0; at < keys.count; at += BATCH_KEYS) {
        memcpy(batch.key, keys.key[at], sizeof batch.key);
        for (size_t i = 0; i < BATCH_KEYS; i++) batch.start[i] = (uint32_t)keys.start[at + i];
        variant->gaen->fold(&batch, sum);
    }
    give(sum, sizeof sum);
}

static void search_bluezone(const struct variant *variant)
{
    struct store store = take_store();
    struct field links = take(BLUEZONE_KEY_BYTES), day = take(8), left = take(8);
    int begins = (int)take_number();
    size_t capacity = (size_t)take_number(), n_hits, done = 0;
    struct bluezone_chains chains = {links.bytes, day.bytes, left.bytes, links.length, begins};
    struct hit *hits = reserve(capacity * sizeof *hits);
    struct survivor *scratch = reserve(MOST_SURVIVORS * sizeof *scratch);
    while (done < chains.count) {
        done = bluezone_search(variant, &chains, done, &store.filters, &store.table, hits, capacity,
                               &n_hits, scratch);
        if (n_hits) give(hits, n_hits * sizeof *hits);
    }
    give("", 0);
    give(links.bytes, links.length * BLUEZONE_KEY_BYTES);
}

static void advance_bluezone(const struct variant *variant)
{
    struct field keys = take(BLUEZONE_KEY_BYTES);
    bluezone_advance_keys(variant, keys.bytes, keys.length, (uint32_t)take_number());
    give(keys.bytes, keys.length * BLUEZONE_KEY_BYTES);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(const struct variant *variant);
    } operations[] = {
        {"gaen_search", search_gaen},
        {"gaen_fold", fold_gaen},
        {"bluezone_search", search_bluezone},
        {"bluezone_advance", advance_bluezone},
    };
    struct field name;
    while (read_field(&name, 1)) {
        const struct variant *variant = find_variant(take(1).bytes);
        if (!variant) die("there is no such variant on this machine");
        size_t which = 0;
        while (which < 4 && strcmp(operations[which].name, name.bytes) != 0) which++;
        if (which == 4) die("there is no such operation");
        operations[which].run(variant);
    }
    return 0;
}
