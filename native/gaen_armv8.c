/* gaen on the ARMv8 crypto extension: four keys hashed side by side, eight blocks at a
 * time. */
#include "kernel.h"

#if defined(__aarch64__)

#include "aes.h"
#include "collect.h"
#include "hkdf_armv8.h"

#define AT_ONCE 8
#define UNROLL _Pragma("GCC unroll 8")

/* FIPS 197, 5.2. There is no instruction for it: an AES round of a zero key substitutes
 * bytes, and where all columns are equal its shifting of rows moves none. */
ARMV8_INLINE void expand_key(const uint8_t *bytes, uint8x16_t out[AES_ROUNDS + 1])
{
    static const uint8_t constants[AES_ROUNDS] = {1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36};
    const uint8x16_t zeros = vdupq_n_u8(0);
    const uint8x16_t rotated = vreinterpretq_u8_u32(vdupq_n_u32(0x0c0f0e0d));
    uint8x16_t key = out[0] = vld1q_u8(bytes);
    for (int round = 0; round < AES_ROUNDS; round++) {
        uint8x16_t word = vaeseq_u8(vqtbl1q_u8(key, rotated), zeros);
        key = veorq_u8(key, vextq_u8(zeros, key, 12));
        key = veorq_u8(key, vextq_u8(zeros, key, 8));
        key = veorq_u8(key, word);
        key = veorq_u8(key, vreinterpretq_u8_u32(vdupq_n_u32(constants[round])));
        out[round + 1] = key;
    }
}

/* Encrypt the padded data of 144 intervals: into `ids`, or XORed into `sum`. */
ARMV8_INLINE void derive_ids(const uint8_t *id_key, uint32_t start, uint8_t ids[][ID_BYTES],
                             uint8x16_t *sum)
{
    const uint32x4_t text = vreinterpretq_u32_u8(vld1q_u8(GAEN_PADDED_DATA));
    uint8x16_t key[AES_ROUNDS + 1];
    expand_key(id_key, key);
    for (unsigned at = 0; at < GAEN_POSITIONS; at += AT_ONCE) {
        uint8x16_t block[AT_ONCE];
        UNROLL for (unsigned e = 0; e < AT_ONCE; e++)
            block[e] = vreinterpretq_u8_u32(vsetq_lane_u32(start + at + e, text, 3));
        UNROLL for (int round = 0; round < AES_ROUNDS - 1; round++)
            UNROLL for (unsigned e = 0; e < AT_ONCE; e++)
                block[e] = vaesmcq_u8(vaeseq_u8(block[e], key[round]));
        UNROLL for (unsigned e = 0; e < AT_ONCE; e++) {
            block[e] = veorq_u8(vaeseq_u8(block[e], key[AES_ROUNDS - 1]), key[AES_ROUNDS]);
            if (ids) vst1q_u8(ids[at + e], block[e]);
            if (sum) *sum = veorq_u8(*sum, block[e]);
        }
    }
}

static ARMV8 unsigned survivors(const struct gaen_batch *batch, const struct day_filter *filter,
                                struct survivor *out)
{
    uint8_t id_keys[STREAMS][16], ids[GAEN_POSITIONS][ID_BYTES];
    unsigned count = 0;
    for (unsigned lane = 0; lane < BATCH_KEYS; lane++) {
        if (lane % STREAMS == 0) armv8_id_keys(batch->key[lane], id_keys[0]);
        if (batch->first[lane] == batch->end[lane]) continue;
        derive_ids(id_keys[lane % STREAMS], batch->start[lane], ids, NULL);
        const uint8_t range[2] = {batch->first[lane], batch->end[lane]};
        count += collect_survivors(ids, lane, range, filter, out + count);
    }
    return count;
}

static ARMV8 void fold(const struct gaen_batch *batch, uint8_t sum[ID_BYTES])
{
    uint8_t id_keys[STREAMS][16];
    uint8x16_t all = vld1q_u8(sum);
    for (unsigned lane = 0; lane < BATCH_KEYS; lane++) {
        if (lane % STREAMS == 0) armv8_id_keys(batch->key[lane], id_keys[0]);
        derive_ids(id_keys[lane % STREAMS], batch->start[lane], NULL, &all);
    }
    vst1q_u8(sum, all);
}

const struct gaen_kernel gaen_armv8 = {survivors, fold};

#endif
