/* The Python side of the kernels: proximity.kernels._native.
 *
 * Every length and every number that a kernel uses as an index is checked here, most of
 * them in arguments.h, which is a part of this file. Arrays
 * are buffers of the caller; what a function needs beside them is taken from the heap
 * here. The GIL is released while a kernel runs, so no caller may change an array that
 * it has passed until the function returns. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "arguments.h"
#include "bluezone_search.h"
#include "dispatch.h"
#include "export_scan.h"
#include "export_write.h"
#include "search.h"

static PyObject *list_variants(PyObject *self, PyObject *args)
{
    (void)self, (void)args;
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < n_variants; i++) {
        PyObject *row = Py_BuildValue("(sO)", variants[i].name,
                                      variants[i].supported() ? Py_True : Py_False);
        if (!row || PyList_Append(list, row) < 0) Py_CLEAR(list);
        Py_XDECREF(row);
    }
    return list;
}

static PyObject *insert_rows(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *objects[5];
    unsigned long long from, to;
    if (!PyArg_ParseTuple(args, "(OOOOO)KK", &objects[0], &objects[1], &objects[2], &objects[3],
                          &objects[4], &from, &to))
        return NULL;
    struct taken taken = {.count = 0};
    struct id_table table;
    size_t rows;
    int sound = take_table(&taken, objects, &table, &rows);
    if (sound && (from > to || to > rows)) sound = refuse("rows are beyond the table");
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        table_insert(&table, (uint32_t)from, (uint32_t)to);
        Py_END_ALLOW_THREADS;
    }
    give_back(&taken);
    if (!sound) return NULL;
    Py_RETURN_NONE;
}

static PyObject *longest_chain(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *objects[5];
    if (!PyArg_ParseTuple(args, "(OOOOO)", &objects[0], &objects[1], &objects[2], &objects[3],
                          &objects[4]))
        return NULL;
    struct taken taken = {.count = 0};
    struct id_table table;
    size_t rows;
    PyObject *length = NULL;
    if (take_table(&taken, objects, &table, &rows))
        length = PyLong_FromUnsignedLong(table_longest_chain(&table));
    give_back(&taken);
    return length;
}

static PyObject *insert_in_filters(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *rows[3], *objects[4];
    long long base_day;
    if (!PyArg_ParseTuple(args, "(OOO)(LOOOO)", &rows[0], &rows[1], &rows[2], &base_day,
                          &objects[0], &objects[1], &objects[2], &objects[3]))
        return NULL;
    struct taken taken = {.count = 0};
    struct filters filters;
    size_t n_filters, n = 0, n_first = 0, n_last = 0;
    const uint8_t(*ids)[ID_BYTES] = take(&taken, rows[0], ID_BYTES, 0, &n);
    const int64_t *first = ids ? take(&taken, rows[1], 8, 0, &n_first) : NULL;
    const int64_t *last = first ? take(&taken, rows[2], 8, 0, &n_last) : NULL;
    int sound = last && take_filters(&taken, base_day, objects, &filters, &n_filters);
    if (sound && (n_first != n || n_last != n)) sound = refuse("columns of rows differ in length");
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        filters_insert(&filters, ids, first, last, 0, n);
        Py_END_ALLOW_THREADS;
    }
    give_back(&taken);
    if (!sound) return NULL;
    Py_RETURN_NONE;
}

static PyObject *group_keys(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *columns[3], *objects[4], *order;
    long long base_day;
    if (!PyArg_ParseTuple(args, "(OOO)(LOOOO)O", &columns[0], &columns[1], &columns[2], &base_day,
                          &objects[0], &objects[1], &objects[2], &objects[3], &order))
        return NULL;
    struct taken taken = {.count = 0};
    struct gaen_keys keys;
    struct filters filters;
    size_t n_filters, n_order = 0, n_parts = 0;
    key_part *parts = NULL;
    size_t *counts = NULL;
    int sound = take_keys(&taken, columns, &keys)
             && take_filters(&taken, base_day, objects, &filters, &n_filters)
             && (parts = take(&taken, order, sizeof *parts, 1, &n_order));
    if (sound && n_order < 2 * keys.count) sound = refuse("a key may have two parts");
    if (sound && !(counts = PyMem_RawCalloc(n_filters + 1, sizeof *counts))) {
        PyErr_NoMemory();
        sound = 0;
    }
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        n_parts = group_by_day(&keys, &filters, parts, counts, n_filters);
        Py_END_ALLOW_THREADS;
    }
    PyMem_RawFree(counts);
    give_back(&taken);
    return sound ? PyLong_FromSize_t(n_parts) : NULL;
}

static PyObject *end_search(struct taken *taken, struct search *search, int sound)
{
    PyMem_RawFree(search->scratch);
    give_back(taken);
    if (!sound) return NULL;
    return Py_BuildValue("(KK)", (unsigned long long)search->done, (unsigned long long)search->n_hits);
}

static PyObject *search_gaen(PyObject *self, PyObject *args)
{
    (void)self;
    const char *name;
    PyObject *columns[3], *order, *objects[10];
    long long base_day;
    if (!PyArg_ParseTuple(args, "s(OOO)O(LOOOO)(OOOOO)O", &name, &columns[0], &columns[1],
                          &columns[2], &order, &base_day, &objects[0], &objects[1], &objects[2],
                          &objects[3], &objects[4], &objects[5], &objects[6], &objects[7],
                          &objects[8], &objects[9]))
        return NULL;
    const struct variant *variant = take_variant(name);
    if (!variant) return NULL;
    struct taken taken = {.count = 0};
    struct gaen_keys keys;
    struct search search = {.scratch = NULL};
    size_t n_parts = 0;
    const key_part *parts = NULL;
    int sound = take_keys(&taken, columns, &keys)
             && (parts = take(&taken, order, sizeof *parts, 0, &n_parts))
             && check_parts(parts, n_parts, &keys)
             && take_search(&taken, base_day, objects, &search);
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        search.done = gaen_search(variant, &keys, parts, n_parts, &search.filters, &search.table,
                                  search.hits, search.capacity, &search.n_hits, search.scratch);
        Py_END_ALLOW_THREADS;
    }
    return end_search(&taken, &search, sound);
}

static PyObject *fold_gaen(PyObject *self, PyObject *args)
{
    (void)self;
    const char *name;
    PyObject *columns[3];
    if (!PyArg_ParseTuple(args, "s(OOO)", &name, &columns[0], &columns[1], &columns[2])) return NULL;
    const struct variant *variant = take_variant(name);
    if (!variant) return NULL;
    struct taken taken = {.count = 0};
    struct gaen_keys keys;
    uint8_t sum[ID_BYTES] = {0};
    int sound = take_keys(&taken, columns, &keys);
    if (sound && keys.count % BATCH_KEYS) sound = refuse("keys are folded in whole batches");
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        struct gaen_batch batch;
        memset(&batch, 0, sizeof batch);
        for (size_t at = 0; at < keys.count; at += BATCH_KEYS) {
            memcpy(batch.key, keys.key[at], sizeof batch.key);
            for (size_t i = 0; i < BATCH_KEYS; i++) batch.start[i] = (uint32_t)keys.start[at + i];
            variant->gaen->fold(&batch, sum);
        }
        Py_END_ALLOW_THREADS;
    }
    give_back(&taken);
    return sound ? PyBytes_FromStringAndSize((const char *)sum, ID_BYTES) : NULL;
}

static PyObject *search_bluezone(PyObject *self, PyObject *args)
{
    (void)self;
    const char *name;
    PyObject *columns[3], *objects[10];
    long long base_day;
    unsigned long long from;
    struct bluezone_chains chains;
    if (!PyArg_ParseTuple(args, "s(OOOpK)(LOOOO)(OOOOO)O", &name, &columns[0], &columns[1],
                          &columns[2], &chains.begins, &from, &base_day, &objects[0], &objects[1],
                          &objects[2], &objects[3], &objects[4], &objects[5], &objects[6],
                          &objects[7], &objects[8], &objects[9]))
        return NULL;
    const struct variant *variant = take_variant(name);
    if (!variant) return NULL;
    struct taken taken = {.count = 0};
    struct search search = {.scratch = NULL};
    int sound = take_chains(&taken, columns, &chains);
    if (sound && from > chains.count) sound = refuse("there is no such chain");
    sound = sound && take_search(&taken, base_day, objects, &search);
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        search.done = bluezone_search(variant, &chains, from, &search.filters, &search.table,
                                      search.hits, search.capacity, &search.n_hits, search.scratch);
        Py_END_ALLOW_THREADS;
    }
    return end_search(&taken, &search, sound);
}

static PyObject *advance_bluezone(PyObject *self, PyObject *args)
{
    (void)self;
    const char *name;
    PyObject *object;
    int days;
    if (!PyArg_ParseTuple(args, "sOi", &name, &object, &days)) return NULL;
    const struct variant *variant = take_variant(name);
    if (!variant) return NULL;
    struct taken taken = {.count = 0};
    size_t count;
    void *keys = take(&taken, object, BLUEZONE_KEY_BYTES, 1, &count);
    int sound = keys != NULL;
    if (sound && days < 0) sound = refuse("there is no way back to an earlier day");
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        bluezone_advance_keys(variant, keys, count, (uint32_t)days);
        Py_END_ALLOW_THREADS;
    }
    give_back(&taken);
    if (!sound) return NULL;
    Py_RETURN_NONE;
}

static PyObject *count_export(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *object;
    unsigned long long at;
    if (!PyArg_ParseTuple(args, "OK", &object, &at)) return NULL;
    struct taken taken = {.count = 0};
    struct export_walk walk = {0};
    size_t size = 0;
    const uint8_t *data = take(&taken, object, 1, 0, &size);
    int sound = data != NULL;
    if (sound && at > size) sound = refuse("the walk begins beyond the data");
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        walk = export_count(data, size, (size_t)at);
        Py_END_ALLOW_THREADS;
    }
    give_back(&taken);
    if (!sound) return NULL;
    return Py_BuildValue("(nnn)", (Py_ssize_t)walk.at, (Py_ssize_t)walk.records,
                         (Py_ssize_t)walk.revised);
}

/* Take a column of as many rows as the one of keys has. */
static void *take_column(struct taken *taken, PyObject *object, size_t item, int writable,
                         size_t rows)
{
    size_t length = 0;
    void *column = take(taken, object, item, writable, &length);
    if (column && length != rows) {
        refuse("columns of keys differ in length");
        return NULL;
    }
    return column;
}

static PyObject *scan_export(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *object, *out[7];
    unsigned long long at, first;
    if (!PyArg_ParseTuple(args, "OK(OOOOOOO)K", &object, &at, &out[0], &out[1], &out[2], &out[3],
                          &out[4], &out[5], &out[6], &first))
        return NULL;
    struct taken taken = {.count = 0};
    struct export_walk walk = {0};
    struct export_columns columns;
    size_t size = 0, rows = 0;
    const uint8_t *data = take(&taken, object, 1, 0, &size);
    int sound = data && (columns.key = take(&taken, out[0], EXPORT_KEY_BYTES, 1, &rows))
             && (columns.start = take_column(&taken, out[1], 8, 1, rows))
             && (columns.period = take_column(&taken, out[2], 8, 1, rows))
             && (columns.report_type = take_column(&taken, out[3], 1, 1, rows))
             && (columns.days_since_onset = take_column(&taken, out[4], 2, 1, rows))
             && (columns.transmission_risk = take_column(&taken, out[5], 1, 1, rows))
             && (columns.revised = take_column(&taken, out[6], 1, 1, rows));
    if (sound && at > size) sound = refuse("the walk begins beyond the data");
    if (sound && first > rows) sound = refuse("the first row is beyond the columns");
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        walk = export_scan(data, size, (size_t)at, &columns, (size_t)first, rows);
        Py_END_ALLOW_THREADS;
    }
    give_back(&taken);
    if (!sound) return NULL;
    return Py_BuildValue("(nnO)", (Py_ssize_t)walk.at, (Py_ssize_t)walk.records,
                         walk.sound ? Py_True : Py_False);
}

static PyObject *write_export(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *in[6], *object;
    unsigned long long first, end;
    unsigned char tag;
    if (!PyArg_ParseTuple(args, "(OOOOOO)KKbO", &in[0], &in[1], &in[2], &in[3], &in[4], &in[5],
                          &first, &end, &tag, &object))
        return NULL;
    struct taken taken = {.count = 0};
    struct export_columns columns = {.revised = NULL};
    size_t rows = 0, room = 0, written = 0;
    uint8_t *out = NULL;
    int sound = (columns.key = take(&taken, in[0], EXPORT_KEY_BYTES, 0, &rows))
             && (columns.start = take_column(&taken, in[1], 8, 0, rows))
             && (columns.period = take_column(&taken, in[2], 8, 0, rows))
             && (columns.report_type = take_column(&taken, in[3], 1, 0, rows))
             && (columns.days_since_onset = take_column(&taken, in[4], 2, 0, rows))
             && (columns.transmission_risk = take_column(&taken, in[5], 1, 0, rows))
             && (out = take(&taken, object, 1, 1, &room));
    if (sound && (first > end || end > rows)) sound = refuse("rows are beyond the columns");
    if (sound && room / EXPORT_MOST_RECORD < end - first) sound = refuse("there is too little room");
    if (sound) {
        Py_BEGIN_ALLOW_THREADS;
        written = export_write(&columns, (size_t)first, (size_t)end, tag, out);
        Py_END_ALLOW_THREADS;
    }
    give_back(&taken);
    return sound ? PyLong_FromSize_t(written) : NULL;
}

static PyMethodDef methods[] = {
    {"variants", list_variants, METH_NOARGS, "All variants, each with whether it runs here."},
    {"table_insert", insert_rows, METH_VARARGS, "Take rows into the exact table."},
    {"table_longest_chain", longest_chain, METH_VARARGS, "What a look-up can cost."},
    {"filters_insert", insert_in_filters, METH_VARARGS, "Take rows into the filters."},
    {"group_by_day", group_keys, METH_VARARGS, "Order the parts of keys by day."},
    {"gaen_search", search_gaen, METH_VARARGS, "Find the rows whose ID a key derives."},
    {"export_count", count_export, METH_VARARGS, "Pass over the key records of an export."},
    {"export_scan", scan_export, METH_VARARGS, "Read key records of an export into columns."},
    {"export_write", write_export, METH_VARARGS, "Write rows of columns as key records."},
    {"gaen_fold", fold_gaen, METH_VARARGS, "XOR all IDs of keys: no look-ups."},
    {"bluezone_search", search_bluezone, METH_VARARGS, "Find the rows whose ID a chain derives."},
    {"bluezone_advance", advance_bluezone, METH_VARARGS, "Turn keys into those of a later day."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_native", "Kernels in C; see native/.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void)
{
    static const struct {
        const char *name;
        long value;
    } constants[] = {
        {"MOST_SURVIVORS", MOST_SURVIVORS},
        {"BATCH_KEYS", BATCH_KEYS},
        {"BLUEZONE_STEPS", BLUEZONE_STEPS},
        {"FILTER_FOLDED_WORDS", FILTER_FOLDED_WORDS},
        {"FILTER_LEAST_WORDS", FILTER_LEAST_WORDS},
        {"FILTER_MOST_WORDS", FILTER_MOST_WORDS},
        {"EXPORT_MOST_RECORD", EXPORT_MOST_RECORD},
    };
    PyObject *module = PyModule_Create(&definition);
    for (size_t i = 0; module && i < sizeof constants / sizeof constants[0]; i++)
        if (PyModule_AddIntConstant(module, constants[i].name, constants[i].value) < 0)
            Py_CLEAR(module);
    return module;
}
