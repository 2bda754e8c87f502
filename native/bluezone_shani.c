/* bluezone on SHA-NI: four chains side by side. */
#include "kernel.h"

#if defined(__x86_64__)

#include <string.h>

#include "bluezone.h"
#include "sha256_shani.h"

/* Links of four chains as message words 0..7. */
struct links {
    __m128i low[STREAMS], high[STREAMS];
};

SHANI_INLINE struct links load_links(uint8_t (*bytes)[BLUEZONE_KEY_BYTES])
{
    struct links links;
    EACH_STREAM
    {
        links.low[q] = shani_swap_bytes(_mm_loadu_si128((const __m128i *)bytes[q]));
        links.high[q] = shani_swap_bytes(_mm_loadu_si128((const __m128i *)(bytes[q] + 16)));
    }
    return links;
}

SHANI_INLINE void store_links(const struct links *links, uint8_t (*bytes)[BLUEZONE_KEY_BYTES])
{
    EACH_STREAM
    {
        _mm_storeu_si128((__m128i *)bytes[q], shani_swap_bytes(links->low[q]));
        _mm_storeu_si128((__m128i *)(bytes[q] + 16), shani_swap_bytes(links->high[q]));
    }
}

/* Hash each link and the rest of its block. */
SHANI_INLINE void hash_links(struct links *links, const uint32_t rest[8])
{
    struct shani_state s[STREAMS];
    __m128i w[STREAMS][4];
    EACH_STREAM
    {
        w[q][0] = links->low[q];
        w[q][1] = links->high[q];
        w[q][2] = _mm_load_si128((const __m128i *)rest);
        w[q][3] = _mm_load_si128((const __m128i *)(rest + 4));
        s[q] = shani_begin(SHA256_IV);
    }
    shani_compress(s, w);
    EACH_STREAM shani_unpack(s[q], &links->low[q], &links->high[q]);
}

/* Bytes 0, 4, 8 and 12 of a link. */
SHANI_INLINE uint32_t prefix_of(__m128i low)
{
    return (uint32_t)_mm_cvtsi128_si32(_mm_shuffle_epi8(low, _mm_set1_epi32(0x0f0b0703)));
}

/* Those, bytes 16, 18, ... 30, and zeros. */
SHANI_INLINE __m128i pick_id(__m128i low, __m128i high)
{
    const __m128i from_low = _mm_set_epi32(-1, -1, -1, 0x0f0b0703);
    const __m128i from_high = _mm_set_epi32(-1, 0x0d0f090b, 0x05070103, -1);
    return _mm_or_si128(_mm_shuffle_epi8(low, from_low), _mm_shuffle_epi8(high, from_high));
}

static __attribute__((target(SHANI_TARGET))) unsigned
survivors(struct bluezone_batch *batch, const struct day_filter *filter, struct survivor *out)
{
    unsigned count = 0;
    for (unsigned lane = 0; lane < BATCH_KEYS; lane += STREAMS) {
        const uint8_t *steps = batch->steps + lane;
        unsigned most = 0;
        EACH_STREAM most = steps[q] > most ? steps[q] : most;
        struct links links = load_links(batch->link + lane);
        for (unsigned step = 0; step < most; step++) {
            hash_links(&links, batch->begins && step == 0 ? BLUEZONE_SALT : BLUEZONE_LINK);
            EACH_STREAM
            {
                if (step >= steps[q] || !filter_may_hold(filter, prefix_of(links.low[q])))
                    continue;
                _mm_storeu_si128((__m128i *)out[count].id, pick_id(links.low[q], links.high[q]));
                out[count].lane = (uint8_t)(lane + q);
                out[count++].position = (uint8_t)step;
            }
        }
        store_links(&links, batch->link + lane);
    }
    return count;
}

static __attribute__((target(SHANI_TARGET))) void
advance(uint8_t keys[BATCH_KEYS][BLUEZONE_KEY_BYTES], uint32_t days)
{
    for (unsigned lane = 0; lane < BATCH_KEYS; lane += STREAMS) {
        struct links links = load_links(keys + lane);
        for (uint32_t day = 0; day < days; day++) hash_links(&links, BLUEZONE_LINK);
        store_links(&links, keys + lane);
    }
}

const struct bluezone_kernel bluezone_shani = {survivors, advance};

#endif
