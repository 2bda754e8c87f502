/* Key records of an export out of columns: byte for byte what the plain writer
 * (proximity/protocol/export_columns.py) writes, in one walk over the rows. */
#ifndef PROXIMITY_EXPORT_WRITE_H
#define PROXIMITY_EXPORT_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "export_scan.h"

/* Tag and length, key, risk, start, period, report type, onset, each at its longest. */
#define EXPORT_MOST_RECORD (2 + 18 + 2 + 6 + 3 + 2 + 4)

/* Write rows `first`..`end` - 1 to `out`, which has EXPORT_MOST_RECORD bytes for each.
 * The column `revised` is not looked at. Return how many bytes were written, 0 if a row
 * holds what a reader refuses. */
size_t export_write(const struct export_columns *columns, size_t first, size_t end, uint8_t tag,
                    uint8_t *out);

#endif
