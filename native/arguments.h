/* Takes the arguments of module.c and checks them; a part of that file, which alone
 * includes Python.h, before this. */
#ifndef PROXIMITY_ARGUMENTS_H
#define PROXIMITY_ARGUMENTS_H

#include "bluezone_search.h"
#include "dispatch.h"
#include "search.h"

enum { MOST_BUFFERS = 16 };

/* The buffers that a call has taken, to be given back together. */
struct taken {
    Py_buffer views[MOST_BUFFERS];
    int count;
};

static void give_back(struct taken *taken)
{
    while (taken->count) PyBuffer_Release(&taken->views[--taken->count]);
}

/* Take a contiguous buffer of whole items; on failure set an error and return NULL. */
static void *take(struct taken *taken, PyObject *object, size_t item, int writable, size_t *length)
{
    Py_buffer *view = &taken->views[taken->count];
    int flags = PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags) < 0) return NULL;
    taken->count++;
    if ((size_t)view->len % item != 0) {
        PyErr_SetString(PyExc_ValueError, "a buffer does not hold whole items");
        return NULL;
    }
    *length = (size_t)view->len / item;
    /* An empty buffer may have no address, and nothing is read from it. */
    return view->buf ? view->buf : (void *)taken;
}

static int refuse(const char *why)
{
    PyErr_SetString(PyExc_ValueError, why);
    return 0;
}

static int take_keys(struct taken *taken, PyObject *objects[3], struct gaen_keys *keys)
{
    size_t n_start, n_period;
    keys->key = take(taken, objects[0], GAEN_KEY_BYTES, 0, &keys->count);
    if (!keys->key || !(keys->start = take(taken, objects[1], 8, 0, &n_start))
        || !(keys->period = take(taken, objects[2], 8, 0, &n_period)))
        return 0;
    if (n_start != keys->count || n_period != keys->count)
        return refuse("columns of keys differ in length");
    if (keys->count > UINT32_MAX >> 1) return refuse("too many keys at once");
    /* Without the GIL, and without a branch for each key. */
    int64_t wrong = 0;
    Py_BEGIN_ALLOW_THREADS;
    for (size_t i = 0; i < keys->count; i++)
        wrong |= (keys->start[i] < 0) | (keys->start[i] > INT32_MAX) | (keys->period[i] < 1)
               | (keys->period[i] > GAEN_POSITIONS);
    Py_END_ALLOW_THREADS;
    return wrong ? refuse("a start or period of a key is out of range") : 1;
}

/* `objects` are slot_of_day, offsets, words and folded. */
static int take_filters(struct taken *taken, long long base_day, PyObject *objects[4],
                        struct filters *filters, size_t *n_filters)
{
    size_t n_offsets, n_words, n_folded;
    const int32_t *slots = take(taken, objects[0], 4, 0, &filters->days);
    if (!(filters->slot_of_day = slots)
        || !(filters->offsets = take(taken, objects[1], 8, 0, &n_offsets))
        || !(filters->words = take(taken, objects[2], 4, 1, &n_words))
        || !(filters->folded = take(taken, objects[3], 4, 0, &n_folded)))
        return 0;
    filters->base_day = base_day;
    if (n_offsets == 0) return refuse("filters have no offsets");
    *n_filters = n_offsets - 1;
    if (n_folded != *n_filters * FILTER_FOLDED_WORDS) return refuse("folded filters differ in number");
    for (size_t i = 0; i < *n_filters; i++) {
        int64_t begin = filters->offsets[i], end = filters->offsets[i + 1];
        if (begin < 0 || end > (int64_t)n_words || end - begin < FILTER_LEAST_WORDS
            || end - begin > FILTER_MOST_WORDS || ((end - begin) & (end - begin - 1)))
            return refuse("a filter has not a power of two of words");
    }
    for (size_t i = 0; i < filters->days; i++)
        if (slots[i] < -1 || slots[i] >= (int64_t)*n_filters) return refuse("a day has no such filter");
    return 1;
}

/* `objects` are ids, head, next, first and secret. */
static int take_table(struct taken *taken, PyObject *objects[5], struct id_table *table, size_t *rows)
{
    size_t n_head, n_next, n_first, n_secret;
    const uint64_t *secret;
    if (!(table->ids = take(taken, objects[0], ID_BYTES, 0, rows))
        || !(table->head = take(taken, objects[1], 4, 1, &n_head))
        || !(table->next = take(taken, objects[2], 4, 1, &n_next))
        || !(table->first = take(taken, objects[3], 4, 1, &n_first))
        || !(secret = take(taken, objects[4], 8, 0, &n_secret)))
        return 0;
    if (n_head == 0 || (n_head & (n_head - 1)) || n_head > (size_t)1 << 31)
        return refuse("a table has not a power of two of buckets");
    if (n_next < *rows || n_first < *rows || n_secret != TABLE_SECRET_WORDS || *rows >= TABLE_NONE)
        return refuse("columns of a table differ in length");
    table->bucket_mask = (uint32_t)(n_head - 1);
    memcpy(table->secret, secret, sizeof table->secret);
    return 1;
}

static const struct variant *take_variant(const char *name)
{
    const struct variant *variant = find_variant(name);
    if (!variant) refuse("there is no such variant on this machine");
    return variant;
}

/* What a search takes beside its keys: filters, table, room for hits and survivors. */
struct search {
    struct filters filters;
    struct id_table table;
    struct hit *hits;
    struct survivor *scratch;
    size_t capacity, n_hits, done;
};

/* `objects` are those of the filters, of the table, and the hits. */
static int take_search(struct taken *taken, long long base_day, PyObject *objects[10],
                       struct search *search)
{
    size_t n_filters, rows;
    search->scratch = NULL;
    if (!take_filters(taken, base_day, objects, &search->filters, &n_filters)
        || !take_table(taken, objects + 4, &search->table, &rows)
        || !(search->hits = take(taken, objects[9], sizeof *search->hits, 1, &search->capacity)))
        return 0;
    if (search->capacity < MOST_SURVIVORS) return refuse("there is too little room for hits");
    search->scratch = PyMem_RawMalloc(MOST_SURVIVORS * sizeof *search->scratch);
    if (!search->scratch) PyErr_NoMemory();
    return search->scratch != NULL;
}

/* `objects` are links, days and slots that are left. */
static int take_chains(struct taken *taken, PyObject *objects[3], struct bluezone_chains *chains)
{
    size_t n_day, n_left;
    if (!(chains->link = take(taken, objects[0], BLUEZONE_KEY_BYTES, 1, &chains->count))
        || !(chains->day = take(taken, objects[1], 8, 0, &n_day))
        || !(chains->left = take(taken, objects[2], 8, 0, &n_left)))
        return 0;
    if (n_day != chains->count || n_left != chains->count)
        return refuse("columns of chains differ in length");
    if (chains->count > UINT32_MAX) return refuse("too many chains at once");
    for (size_t i = 0; i < chains->count; i++)
        if (chains->left[i] < 1) return refuse("a chain has no slots left");
    return 1;
}

static int check_parts(const key_part *parts, size_t n, const struct gaen_keys *keys)
{
    int wrong = 0;
    Py_BEGIN_ALLOW_THREADS;
    for (size_t i = 0; i < n && !wrong; i++) {
        size_t key = parts[i] >> 1;
        wrong = key >= keys->count
             || ((parts[i] & 1)
                 && keys->start[key] % GAEN_POSITIONS + keys->period[key] <= GAEN_POSITIONS);
    }
    Py_END_ALLOW_THREADS;
    return wrong ? refuse("there is no such part of a key") : 1;
}

#endif
