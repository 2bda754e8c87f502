#include "export_scan.h"

#include <string.h>

/* Top-level fields 7 (`keys`) and 8 (`revised_keys`), wire type 2. */
enum { KEYS_TAG = 7 << 3 | 2, REVISED_TAG = 8 << 3 | 2 };
enum { LEAST_CONTENT = 18, MOST_CONTENT = 256 };

enum wire { NUMBER = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
enum field { KEY = 1, RISK, START, PERIOD, REPORT, ONSET, FIELDS };

/* Bounds of a record, and of what a column can hold. */
enum { MOST_FIELDS = 32, MOST_RISK = 8, MOST_REPORT = 5, MOST_PERIOD = 144 };
enum { NO_ONSET = -32768, MOST_ONSET = 32767 };
enum { MOST_TAG_BYTES = 5, MOST_NUMBER_BYTES = 10 };

/* The content of a record; `begin` is NULL where no complete record begins. */
struct content {
    const uint8_t *begin;
    const uint8_t *end;
};

/* Heads are in shortest form: the length has two bytes only from 128 on. */
static inline struct content record_at(const uint8_t *data, size_t size, size_t at)
{
    const struct content none = {NULL, NULL};
    if (size - at < EXPORT_LEAST_RECORD) return none;
    if (data[at] != KEYS_TAG && data[at] != REVISED_TAG) return none;
    size_t length = data[at + 1], head = 2;
    if (length >= 0x80) {
        length = (length & 0x7f) | (size_t)data[at + 2] << 7;
        head = 3;
        if (length < 0x80 || length > MOST_CONTENT) return none;
    }
    if (length < LEAST_CONTENT || size - at - head < length) return none;
    return (struct content){data + at + head, data + at + head + length};
}

/* Read a varint of at most `most` bytes at a cursor; return 0 where it ends too late. */
static inline int read_varint(const uint8_t **cursor, const uint8_t *end, int most, uint64_t *value)
{
    const uint8_t *at = *cursor;
    uint64_t sum = 0;
    for (int i = 0; i < most && at < end; i++) {
        uint8_t octet = *at++;
        sum |= (uint64_t)(octet & 0x7f) << 7 * i;
        if (octet < 0x80) {
            *cursor = at;
            *value = sum;
            return 1;
        }
    }
    return 0;
}

static inline int skip(const uint8_t **cursor, const uint8_t *end, uint64_t length)
{
    if ((uint64_t)(end - *cursor) < length) return 0;
    *cursor += length;
    return 1;
}

/* What a record says; an int32 is the low 32 bits of its varint. */
struct record {
    const uint8_t *key;
    uint64_t key_length;
    uint32_t number[FIELDS];
    int has_onset;
};

static inline int read_field(const uint8_t **cursor, const uint8_t *end, struct record *record)
{
    uint64_t tag, value;
    if (!read_varint(cursor, end, MOST_TAG_BYTES, &tag)) return 0;
    if (tag > UINT32_MAX || tag >> 3 == 0) return 0;
    switch (tag & 7) {
    case NUMBER:
        if (!read_varint(cursor, end, MOST_NUMBER_BYTES, &value)) return 0;
        if (tag >> 3 >= FIELDS) return 1;
        /* A closed enum: an unknown value counts as an unknown field. */
        if (tag >> 3 == REPORT && (uint32_t)value > MOST_REPORT) return 1;
        record->number[tag >> 3] = (uint32_t)value;
        record->has_onset |= tag >> 3 == ONSET;
        return 1;
    case BYTES:
        if (!read_varint(cursor, end, MOST_TAG_BYTES, &value)) return 0;
        if (tag >> 3 == KEY) {
            record->key = *cursor;
            record->key_length = value;
        }
        return skip(cursor, end, value);
    case FIXED64: return skip(cursor, end, 8);
    case FIXED32: return skip(cursor, end, 4);
    default: return 0;
    }
}

static inline int16_t onset_of(const struct record *record)
{
    if (!record->has_onset) return NO_ONSET;
    uint32_t zigzag = record->number[ONSET];
    int64_t days = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
    return (int16_t)(days < -MOST_ONSET ? -MOST_ONSET : days > MOST_ONSET ? MOST_ONSET : days);
}

/* Read a record into a row; return 0, with nothing written, if it is not sound. */
static inline int read_record(struct content content, const struct export_columns *columns, size_t row)
{
    struct record record = {.number[PERIOD] = MOST_PERIOD};
    int fields = 0;
    for (const uint8_t *cursor = content.begin; cursor < content.end; fields++)
        if (fields == MOST_FIELDS || !read_field(&cursor, content.end, &record)) return 0;
    const uint32_t *number = record.number;
    if (record.key_length != EXPORT_KEY_BYTES || number[START] > INT32_MAX || number[PERIOD] < 1
        || number[PERIOD] > MOST_PERIOD || number[RISK] > MOST_RISK)
        return 0;
    memcpy(columns->key[row], record.key, EXPORT_KEY_BYTES);
    columns->start[row] = number[START];
    columns->period[row] = number[PERIOD];
    columns->report_type[row] = (uint8_t)number[REPORT];
    columns->days_since_onset[row] = onset_of(&record);
    columns->transmission_risk[row] = (uint8_t)number[RISK];
    return 1;
}

struct export_walk export_count(const uint8_t *data, size_t size, size_t at)
{
    struct export_walk walk = {.at = at, .sound = 1};
    struct content content;
    while ((content = record_at(data, size, walk.at)).begin) {
        walk.records++;
        walk.revised += data[walk.at] == REVISED_TAG;
        walk.at = (size_t)(content.end - data);
    }
    return walk;
}

struct export_walk export_scan(const uint8_t *data, size_t size, size_t at,
                               const struct export_columns *columns, size_t first, size_t end)
{
    struct export_walk walk = {.at = at, .sound = 1};
    struct content content;
    while (first + walk.records < end && (content = record_at(data, size, walk.at)).begin) {
        size_t row = first + walk.records;
        if (!read_record(content, columns, row)) {
            walk.sound = 0;
            break;
        }
        columns->revised[row] = data[walk.at] == REVISED_TAG;
        walk.records++;
        walk.revised += columns->revised[row];
        walk.at = (size_t)(content.end - data);
    }
    return walk;
}
