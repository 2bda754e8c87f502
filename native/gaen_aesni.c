/* gaen on AES-NI and SHA-NI: four keys hashed side by side, eight blocks at a time. */
#include "kernel.h"

#if defined(__x86_64__)

#include "aesni.h"
#include "collect.h"
#include "hkdf_shani.h"

#define AT_ONCE 8
#define UNROLL _Pragma("GCC unroll 8")

/* Encrypt the padded data of 144 intervals: into `ids`, or XORed into `sum`. */
SHANI_INLINE void derive_ids(const uint8_t *id_key, uint32_t start, uint8_t ids[][ID_BYTES],
                             __m128i *sum)
{
    __m128i key[AES_ROUNDS + 1];
    aesni_expand(_mm_loadu_si128((const __m128i *)id_key), key);
    for (unsigned at = 0; at < GAEN_POSITIONS; at += AT_ONCE) {
        __m128i block[AT_ONCE];
        UNROLL for (unsigned e = 0; e < AT_ONCE; e++)
            block[e] = _mm_xor_si128(aesni_padded_data(start + at + e), key[0]);
        UNROLL for (int round = 1; round < AES_ROUNDS; round++)
            UNROLL for (unsigned e = 0; e < AT_ONCE; e++)
                block[e] = _mm_aesenc_si128(block[e], key[round]);
        UNROLL for (unsigned e = 0; e < AT_ONCE; e++) {
            block[e] = _mm_aesenclast_si128(block[e], key[AES_ROUNDS]);
            if (ids) _mm_storeu_si128((__m128i *)ids[at + e], block[e]);
            if (sum) *sum = _mm_xor_si128(*sum, block[e]);
        }
    }
}

static __attribute__((target(SHANI_TARGET))) unsigned
survivors(const struct gaen_batch *batch, const struct day_filter *filter, struct survivor *out)
{
    uint8_t id_keys[STREAMS][16], ids[GAEN_POSITIONS][ID_BYTES];
    unsigned count = 0;
    for (unsigned lane = 0; lane < BATCH_KEYS; lane++) {
        if (lane % STREAMS == 0) shani_id_keys(batch->key[lane], id_keys[0]);
        if (batch->first[lane] == batch->end[lane]) continue;
        derive_ids(id_keys[lane % STREAMS], batch->start[lane], ids, NULL);
        const uint8_t range[2] = {batch->first[lane], batch->end[lane]};
        count += collect_survivors(ids, lane, range, filter, out + count);
    }
    return count;
}

static __attribute__((target(SHANI_TARGET))) void
fold(const struct gaen_batch *batch, uint8_t sum[ID_BYTES])
{
    uint8_t id_keys[STREAMS][16];
    __m128i all = _mm_loadu_si128((const __m128i *)sum);
    for (unsigned lane = 0; lane < BATCH_KEYS; lane++) {
        if (lane % STREAMS == 0) shani_id_keys(batch->key[lane], id_keys[0]);
        derive_ids(id_keys[lane % STREAMS], batch->start[lane], NULL, &all);
    }
    _mm_storeu_si128((__m128i *)sum, all);
}

const struct gaen_kernel gaen_aesni = {survivors, fold};

#endif
