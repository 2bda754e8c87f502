#include "export_write.h"

#include <string.h>

enum { MOST_PERIOD = 144, MOST_RISK = 8, MOST_REPORT = 5, NO_ONSET = INT16_MIN };

/* Field numbers with the wire type in the low three bits: all are varints but the key. */
enum { KEY = 0x0a, RISK = 0x10, START = 0x18, PERIOD = 0x20, REPORT = 0x28, ONSET = 0x30 };

static inline uint8_t *put_number(uint8_t *out, uint8_t field, uint32_t value)
{
    *out++ = field;
    for (; value > 0x7f; value >>= 7) *out++ = (uint8_t)(value | 0x80);
    *out++ = (uint8_t)value;
    return out;
}

static inline int is_sound(const struct export_columns *columns, size_t row)
{
    return columns->start[row] >= 0 && columns->start[row] <= INT32_MAX
           && columns->period[row] >= 1 && columns->period[row] <= MOST_PERIOD
           && columns->report_type[row] <= MOST_REPORT
           && columns->transmission_risk[row] <= MOST_RISK;
}

static inline uint8_t *put_record(uint8_t *out, const struct export_columns *columns, size_t row,
                                  uint8_t tag)
{
    uint8_t *begin = out;
    int32_t onset = columns->days_since_onset[row];
    out[0] = tag;
    out[2] = KEY;
    out[3] = EXPORT_KEY_BYTES;
    memcpy(out + 4, columns->key[row], EXPORT_KEY_BYTES);
    /* The risk is always written; other fields only where they differ from what a
     * reader takes for absent ones. */
    out[20] = RISK;
    out[21] = columns->transmission_risk[row];
    out += 22;
    if (columns->start[row]) out = put_number(out, START, (uint32_t)columns->start[row]);
    if (columns->period[row] != MOST_PERIOD)
        out = put_number(out, PERIOD, (uint32_t)columns->period[row]);
    if (columns->report_type[row]) out = put_number(out, REPORT, columns->report_type[row]);
    if (onset != NO_ONSET)
        out = put_number(out, ONSET, ((uint32_t)onset << 1) ^ (onset < 0 ? UINT32_MAX : 0));
    begin[1] = (uint8_t)(out - begin - 2);
    return out;
}

size_t export_write(const struct export_columns *columns, size_t first, size_t end, uint8_t tag,
                    uint8_t *out)
{
    uint8_t *cursor = out;
    for (size_t row = first; row < end; row++) {
        if (!is_sound(columns, row)) return 0;
        cursor = put_record(cursor, columns, row, tag);
    }
    return (size_t)(cursor - out);
}
