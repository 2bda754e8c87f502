/* Fuzzes the native parser and kernels; built with AddressSanitizer and UBSan.
 *
 * usage: fuzz_native SECONDS SEED    (SECONDS 0: one round only)
 *
 * Every round is made of its number and the seed alone, so that one that fails is run
 * again by `fuzz_native 0 SEED`, which the failure tells. Buffers have exactly the bytes
 * that a function may touch: one beyond is seen. What two variants find must be equal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bluezone_search.h"
#include "dispatch.h"
#include "export_scan.h"
#include "export_write.h"

static uint64_t state;
static uint64_t current_seed;

/* SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(size_t bound) { return bound ? (size_t)(draw() % bound) : 0; }

static void fail(const char *why)
{
    fprintf(stderr, "%s: run again with `fuzz_native 0 %llu`\n", why,
            (unsigned long long)current_seed);
    abort();
}

static void *reserve(size_t size)
{
    void *memory = calloc(size ? size : 1, 1);
    if (!memory) fail("out of memory");
    return memory;
}

static void fill(void *memory, size_t size)
{
    for (size_t i = 0; i < size; i++) ((uint8_t *)memory)[i] = (uint8_t)draw();
}

/* ---- the parser ---- */

static size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t n = 0;
    for (; value > 0x7f; value >>= 7) out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

/* A number that is ordinary, at an edge, or anything. */
static uint64_t odd_number(void)
{
    static const uint64_t edges[] = {0, 1, 127, 128, 144, 145, 1u << 31, 1ull << 63, UINT64_MAX};
    switch (below(3)) {
    case 0: return 2650000 + below(2000);
    case 1: return edges[below(sizeof edges / sizeof *edges)];
    default: return draw();
    }
}

static size_t put_record(uint8_t *out)
{
    uint8_t body[128];
    size_t n = 0;
    size_t key = below(8) ? 16 : below(20);
    body[n++] = 0x0a;
    body[n++] = (uint8_t)key;
    fill(body + n, key);
    n += key;
    for (size_t field = 2; field < 8; field++) {
        if (!below(3)) continue;
        body[n++] = (uint8_t)(field << 3 | (below(40) ? 0 : below(8)));
        n += put_varint(body + n, below(4) ? below(9) : odd_number());
    }
    size_t m = 0;
    out[m++] = (uint8_t)((below(6) ? 7 : 8) << 3 | 2);
    m += put_varint(out + m, n);
    memcpy(out + m, body, n);
    return m + n;
}

static size_t mutate(uint8_t *data, size_t size)
{
    for (size_t i = below(4); i && size; i--) {
        size_t at = below(size);
        switch (below(4)) {
        case 0: data[at] ^= (uint8_t)(1u << below(8)); break;
        case 1: data[at] = (uint8_t)draw(); break;
        case 2: size = at; break;
        default: memmove(data + at, data + at + 1, size - at - 1); size--; break;
        }
    }
    return size;
}

static void fuzz_parser(void)
{
    uint8_t made[8192];
    size_t size = 0;
    for (size_t n = below(30); n; n--) size += put_record(made + size);
    if (!below(8)) {
        size = below(200);
        fill(made, size);
    }
    size = mutate(made, size);
    uint8_t *data = reserve(size);
    memcpy(data, made, size);
    size_t rows = size / EXPORT_LEAST_RECORD + 1;
    size_t end = below(2) ? rows : below(rows + 1);
    struct export_columns columns = {
        reserve(rows * EXPORT_KEY_BYTES), reserve(rows * 8), reserve(rows * 8), reserve(rows),
        reserve(rows * 2),                reserve(rows),     reserve(rows),
    };
    struct export_walk walk = export_count(data, size, 0);
    if (walk.at > size || walk.records > rows) fail("more was counted than there is");
    walk = export_scan(data, size, 0, &columns, 0, end);
    if (walk.at > size || walk.records > end) fail("more was read than there is");
    for (size_t i = 0; i < walk.records; i++)
        if (columns.start[i] < 0 || columns.period[i] < 1 || columns.period[i] > 144
            || columns.transmission_risk[i] > 8)
            fail("a record out of range was taken");
    void *all[] = {columns.key, columns.start, columns.period, columns.report_type,
                   columns.days_since_onset, columns.transmission_risk, columns.revised, data};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* ---- the writer: what is written is read again ---- */

static int64_t odd_column(int64_t most) { return below(200) ? (int64_t)below((size_t)most) : (int64_t)draw(); }

static void fuzz_writer(void)
{
    size_t rows = below(30);
    struct export_columns in = {
        reserve(rows * EXPORT_KEY_BYTES), reserve(rows * 8), reserve(rows * 8), reserve(rows),
        reserve(rows * 2),                reserve(rows),     NULL,
    };
    int sound = 1;
    fill(in.key, rows * EXPORT_KEY_BYTES);
    fill(in.days_since_onset, rows * 2);
    for (size_t i = 0; i < rows; i++) {
        in.start[i] = odd_column(below(2) ? 2 : (int64_t)1 << (7 * (1 + below(4))));
        in.period[i] = below(2) ? 144 : odd_column(144) + 1;
        in.report_type[i] = (uint8_t)odd_column(6);
        in.transmission_risk[i] = (uint8_t)odd_column(9);
        if (!below(4)) in.days_since_onset[i] = below(2) ? INT16_MIN : (int16_t)(draw() % 29) - 14;
        sound &= in.start[i] >= 0 && in.start[i] <= INT32_MAX && in.period[i] >= 1
              && in.period[i] <= 144 && in.report_type[i] <= 5 && in.transmission_risk[i] <= 8;
    }
    uint8_t *out = reserve(rows * EXPORT_MOST_RECORD);
    size_t size = export_write(&in, 0, rows, 0x3a, out);
    if ((size == 0) != (rows == 0 || !sound)) fail("a row was wrongly taken or refused");
    uint8_t *data = reserve(size);
    memcpy(data, out, size);
    struct export_columns read = {
        reserve(rows * EXPORT_KEY_BYTES), reserve(rows * 8), reserve(rows * 8), reserve(rows),
        reserve(rows * 2),                reserve(rows),     reserve(rows),
    };
    struct export_walk walk = export_scan(data, size, 0, &read, 0, rows);
    if (size && (walk.records != rows || walk.at != size)) fail("what was written is not read");
    for (size_t i = 0; i < walk.records; i++) {
        int16_t onset = in.days_since_onset[i];
        if (memcmp(in.key[i], read.key[i], EXPORT_KEY_BYTES) || in.start[i] != read.start[i]
            || in.period[i] != read.period[i] || in.report_type[i] != read.report_type[i]
            || onset != read.days_since_onset[i]
            || in.transmission_risk[i] != read.transmission_risk[i])
            fail("what was written is read as another");
    }
    void *all[] = {in.key, in.start, in.period, in.report_type, in.days_since_onset,
                   in.transmission_risk, read.key, read.start, read.period, read.report_type,
                   read.days_since_onset, read.transmission_risk, read.revised, out, data};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* ---- the kernels ---- */

enum { DAY = 18000, DAYS = 3 };

struct world {
    size_t rows;
    uint8_t (*ids)[ID_BYTES];
    int64_t *first_day, *last_day, offsets[DAYS + 1];
    int32_t slots[DAYS];
    struct filters filters;
    struct id_table table;
};

static struct world make_world(void)
{
    struct world w = {.rows = below(40)};
    size_t words = 0;
    for (int i = 0; i < DAYS; i++) {
        w.slots[i] = i;
        words = (size_t)(w.offsets[i] = (int64_t)words) + ((size_t)FILTER_LEAST_WORDS << below(5));
    }
    w.offsets[DAYS] = (int64_t)words;
    w.ids = reserve(w.rows * ID_BYTES);
    w.first_day = reserve(w.rows * 8);
    w.last_day = reserve(w.rows * 8);
    fill(w.ids, w.rows * ID_BYTES);
    for (size_t i = 0; i < w.rows; i++) {
        if (i && !below(4)) memcpy(w.ids[i], w.ids[below(i)], ID_BYTES);
        w.first_day[i] = DAY - 1 + (int64_t)below(DAYS + 1);
        w.last_day[i] = w.first_day[i] + (int64_t)below(3);
    }
    uint32_t *all_words = reserve(words * 4), *folded = reserve(DAYS * FILTER_FOLDED_WORDS * 4);
    /* Filters that hold everything: the table has to decide on every ID. */
    if (!below(20)) memset(all_words, 0xff, words * 4);
    size_t buckets = (size_t)1 << below(6);
    w.table = (struct id_table){(void *)w.ids, reserve(buckets * 4), reserve(w.rows * 4),
                                reserve(w.rows * 4), (uint32_t)buckets - 1, {0}};
    fill(w.table.secret, sizeof w.table.secret);
    w.filters = (struct filters){NULL, DAY, DAYS, NULL, all_words, folded};
    return w;
}

/* A world is moved when it is returned, so what points into it is set afterwards. */
static void fill_world(struct world *w)
{
    w->filters.slot_of_day = w->slots;
    w->filters.offsets = w->offsets;
    filters_insert(&w->filters, (void *)w->ids, w->first_day, w->last_day, 0, w->rows);
    uint32_t *folded = (uint32_t *)w->filters.folded;
    for (int slot = 0; slot < DAYS; slot++)
        for (int64_t i = w->offsets[slot]; i < w->offsets[slot + 1]; i++)
            folded[slot * FILTER_FOLDED_WORDS + (i - w->offsets[slot]) % FILTER_FOLDED_WORDS]
                |= w->filters.words[i];
    table_insert(&w->table, 0, (uint32_t)w->rows);
}

static void free_world(struct world *w)
{
    void *all[] = {w->ids, w->first_day, w->last_day, w->filters.words, (void *)w->filters.folded,
                   w->table.head, w->table.next, w->table.first};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static int by_place(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hit));
}

/* Compare what a variant found with what the first one found. */
static void compare(struct hit **known, size_t *n_known, struct hit *found, size_t n)
{
    qsort(found, n, sizeof *found, by_place);
    if (!*known) {
        *known = found;
        *n_known = n;
        return;
    }
    if (n != *n_known || memcmp(found, *known, n * sizeof *found) != 0) fail("two variants differ");
    free(found);
}

/* Let some rows hold IDs that keys derive, as a filter that dismisses nothing gives them. */
static void plant(struct world *w, const struct gaen_keys *keys)
{
    uint32_t words[FILTER_LEAST_WORDS];
    memset(words, 0xff, sizeof words);
    const struct day_filter filter = {words, NULL, FILTER_LEAST_WORDS - 1};
    struct gaen_batch batch;
    memset(&batch, 0, sizeof batch);
    for (size_t i = 0; i < keys->count && i < BATCH_KEYS; i++) {
        memcpy(batch.key[i], keys->key[i], GAEN_KEY_BYTES);
        batch.start[i] = (uint32_t)keys->start[i];
        batch.end[i] = (uint8_t)keys->period[i];
    }
    struct survivor *survivors = reserve(GAEN_MOST_SURVIVORS * sizeof *survivors);
    unsigned count = 0;
    for (size_t v = 0; v < n_variants && !count; v++)
        if (variants[v].supported()) count = variants[v].gaen->survivors(&batch, &filter, survivors);
    for (size_t i = 0; count && i < w->rows; i += 1 + below(3))
        memcpy(w->ids[i], survivors[below(count)].id, ID_BYTES);
    free(survivors);
}

static uint64_t hits_seen;

static void fuzz_gaen(void)
{
    struct world w = make_world();
    size_t n = below(80), n_known = 0;
    uint8_t(*key)[GAEN_KEY_BYTES] = reserve(n * GAEN_KEY_BYTES);
    int64_t *start = reserve(n * 8), *period = reserve(n * 8);
    fill(key, n * GAEN_KEY_BYTES);
    for (size_t i = 0; i < n; i++) {
        start[i] = below(9) ? (DAY - 1) * 144 + (int64_t)below((DAYS + 2) * 144)
                            : (int64_t)below((size_t)INT32_MAX + 1);
        period[i] = 1 + (int64_t)below(GAEN_POSITIONS);
    }
    struct gaen_keys keys = {(void *)key, start, period, n};
    plant(&w, &keys);
    fill_world(&w);
    key_part *parts = reserve(2 * n * sizeof *parts);
    size_t counts[DAYS];
    size_t n_parts = group_by_day(&keys, &w.filters, parts, counts, DAYS);
    struct survivor *scratch = reserve(MOST_SURVIVORS * sizeof *scratch);
    struct hit *known = NULL;
    for (size_t v = 0; v < n_variants; v++) {
        if (!variants[v].supported()) continue;
        size_t capacity = GAEN_MOST_SURVIVORS + below(100), total = 0;
        struct hit *hits = reserve(capacity * sizeof *hits);
        struct hit *all = reserve(n_parts * GAEN_POSITIONS * sizeof *all);
        for (size_t done = 0, n_hits; done < n_parts;) {
            done += gaen_search(&variants[v], &keys, parts + done, n_parts - done, &w.filters,
                                &w.table, hits, capacity, &n_hits, scratch);
            memcpy(all + total, hits, n_hits * sizeof *hits);
            total += n_hits;
        }
        free(hits);
        hits_seen += total;
        compare(&known, &n_known, all, total);
    }
    free(known);
    free(scratch);
    free(parts);
    free(period);
    free(start);
    free(key);
    free_world(&w);
}

static void fuzz_bluezone(void)
{
    struct world w = make_world();
    fill_world(&w);
    size_t n = below(70), n_known = 0;
    uint8_t(*link)[BLUEZONE_KEY_BYTES] = reserve(n * BLUEZONE_KEY_BYTES);
    uint8_t(*copy)[BLUEZONE_KEY_BYTES] = reserve(n * BLUEZONE_KEY_BYTES);
    int64_t *day = reserve(n * 8), *left = reserve(n * 8);
    fill(link, n * BLUEZONE_KEY_BYTES);
    for (size_t i = 0; i < n; i++) {
        day[i] = DAY + (int64_t)(i * DAYS / (n + 1));
        left[i] = 1 + (int64_t)below(200);
    }
    struct survivor *scratch = reserve(MOST_SURVIVORS * sizeof *scratch);
    struct hit *known = NULL;
    for (size_t v = 0; v < n_variants; v++) {
        if (!variants[v].supported()) continue;
        size_t capacity = MOST_SURVIVORS + 10, total = 0;
        struct hit *hits = reserve(capacity * sizeof *hits);
        struct hit *all = reserve(n * BLUEZONE_STEPS * sizeof *all);
        memcpy(copy, link, n * BLUEZONE_KEY_BYTES);
        bluezone_advance_keys(&variants[v], copy, n, (uint32_t)(current_seed % 3));
        struct bluezone_chains chains = {copy, day, left, n, 1};
        for (size_t done = 0, n_hits; done < n;) {
            done = bluezone_search(&variants[v], &chains, done, &w.filters, &w.table, hits, capacity,
                                   &n_hits, scratch);
            memcpy(all + total, hits, n_hits * sizeof *hits);
            total += n_hits;
        }
        free(hits);
        compare(&known, &n_known, all, total);
    }
    free(known);
    free(scratch);
    free(left);
    free(day);
    free(copy);
    free(link);
    free_world(&w);
}

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: fuzz_native SECONDS SEED\n"), 2;
    time_t end = time(NULL) + atol(argv[1]);
    uint64_t seed = strtoull(argv[2], NULL, 10), rounds = 0;
    do {
        state = current_seed = seed + rounds++;
        for (int i = 0; i < 50; i++) fuzz_parser();
        for (int i = 0; i < 20; i++) fuzz_writer();
        fuzz_gaen();
        fuzz_bluezone();
    } while (time(NULL) < end);
    printf("%llu rounds from seed %llu with %llu hits, no fault found\n",
           (unsigned long long)rounds, (unsigned long long)seed, (unsigned long long)hits_seen);
    return 0;
}
