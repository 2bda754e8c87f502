/* Key records of an export into columns, in one walk over the bytes.
 *
 * What is sound is read here: fields in any order, the last one wins, unknown ones are
 * skipped, as docs/reference/exports.md#key-records has it. The walk stops at the first
 * field that is anything else, and the caller finds out what it is: a header field, one
 * that ends beyond the data, or an unsound record, which has its name from the plain
 * reader (proximity/protocol/export_columns.py). */
#ifndef PROXIMITY_EXPORT_SCAN_H
#define PROXIMITY_EXPORT_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT_KEY_BYTES 16
/* No record is shorter than its key with tag and length, and its own. */
#define EXPORT_LEAST_RECORD 20

/* One row for each record; every column has as many. */
struct export_columns {
    uint8_t (*key)[EXPORT_KEY_BYTES];
    int64_t *start;
    int64_t *period;
    uint8_t *report_type;
    int16_t *days_since_onset;
    uint8_t *transmission_risk;
    /* 1 where the record is of `revised_keys`. */
    uint8_t *revised;
};

/* Where a walk ended, and how many records it passed. */
struct export_walk {
    size_t at;
    size_t records;
    size_t revised;
    /* 0 if a complete record begins at `at` that is not sound. */
    int sound;
};

/* Pass over complete records from byte `at` on; nothing inside them is looked at. */
struct export_walk export_count(const uint8_t *data, size_t size, size_t at);

/* Read complete records from byte `at` on into rows `first`..`end` - 1. Stops also when
 * the rows are full. */
struct export_walk export_scan(const uint8_t *data, size_t size, size_t at,
                               const struct export_columns *columns, size_t first, size_t end);

#endif
