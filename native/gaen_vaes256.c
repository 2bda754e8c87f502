/* gaen on VAES and SHA-NI: as gaen_aesni.c, two blocks in a register. */
#include "kernel.h"

#if defined(__x86_64__)

#include "aesni.h"
#include "hkdf_shani.h"

#define VAES_TARGET "vaes,avx2,sha,aes,sse4.1,ssse3"
#define VAES_INLINE static inline __attribute__((always_inline, target(VAES_TARGET)))
/* Registers of two blocks that are encrypted together. */
#define AT_ONCE 12
#define GROUP (2 * AT_ONCE)
#define UNROLL _Pragma("GCC unroll 12")

/* The round keys of one key, and the padded data of the next two intervals. */
struct sender {
    __m256i key[AES_ROUNDS + 1];
    __m256i next;
};

VAES_INLINE struct sender begin(const uint8_t *id_key, uint32_t start)
{
    __m128i narrow[AES_ROUNDS + 1];
    struct sender sender;
    aesni_expand(_mm_loadu_si128((const __m128i *)id_key), narrow);
    for (int round = 0; round <= AES_ROUNDS; round++)
        sender.key[round] = _mm256_broadcastsi128_si256(narrow[round]);
    sender.next = _mm256_set_m128i(aesni_padded_data(start + 1), aesni_padded_data(start));
    return sender;
}

/* Derive the next 24 IDs. */
VAES_INLINE void derive_group(struct sender *sender, __m256i block[AT_ONCE])
{
    const __m256i two = _mm256_set_epi32(2, 0, 0, 0, 2, 0, 0, 0);
    UNROLL for (unsigned e = 0; e < AT_ONCE; e++) {
        block[e] = _mm256_xor_si256(sender->next, sender->key[0]);
        sender->next = _mm256_add_epi32(sender->next, two);
    }
    UNROLL for (int round = 1; round < AES_ROUNDS; round++)
        UNROLL for (unsigned e = 0; e < AT_ONCE; e++)
            block[e] = _mm256_aesenc_epi128(block[e], sender->key[round]);
    UNROLL for (unsigned e = 0; e < AT_ONCE; e++)
        block[e] = _mm256_aesenclast_epi128(block[e], sender->key[AES_ROUNDS]);
}

/* Bit i tells whether the filter may hold block `PLACES[i]` of eight. */
static const uint8_t PLACES[8] = {0, 2, 4, 6, 1, 3, 5, 7};

VAES_INLINE unsigned test_eight(const struct day_filter *filter, const __m256i block[4])
{
    __m256i prefix = _mm256_unpacklo_epi64(_mm256_unpacklo_epi32(block[0], block[1]),
                                           _mm256_unpacklo_epi32(block[2], block[3]));
    const __m256i mask = _mm256_set1_epi32((int)filter->word_mask), low5 = _mm256_set1_epi32(31);
    __m256i index = _mm256_and_si256(_mm256_srli_epi32(prefix, 10), mask);
    __m256i word = _mm256_i32gather_epi32((const int *)filter->words, index, 4);
    __m256i first = _mm256_srlv_epi32(word, _mm256_and_si256(prefix, low5));
    __m256i second = _mm256_srlv_epi32(word, _mm256_and_si256(_mm256_srli_epi32(prefix, 5), low5));
    __m256i both = _mm256_slli_epi32(_mm256_and_si256(first, second), 31);
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(both));
}

/* Write those of eight IDs that passed and lie in the lane's range. */
static __attribute__((noinline, target(VAES_TARGET))) unsigned
take_passed(unsigned passed, const __m256i block[4], const uint8_t place[2],
            const struct gaen_batch *batch, struct survivor *out)
{
    uint8_t ids[8][ID_BYTES];
    unsigned lane = place[0], count = 0;
    for (int e = 0; e < 4; e++) _mm256_storeu_si256((__m256i *)ids[2 * e], block[e]);
    for (; passed; passed &= passed - 1) {
        unsigned which = PLACES[__builtin_ctz(passed)], position = place[1] + which;
        if (position < batch->first[lane] || position >= batch->end[lane]) continue;
        memcpy(out[count].id, ids[which], ID_BYTES);
        out[count].lane = (uint8_t)lane;
        out[count++].position = (uint8_t)position;
    }
    return count;
}

static __attribute__((target(VAES_TARGET))) unsigned
survivors(const struct gaen_batch *batch, const struct day_filter *filter, struct survivor *out)
{
    uint8_t id_keys[STREAMS][16];
    unsigned count = 0;
    for (unsigned lane = 0; lane < BATCH_KEYS; lane++) {
        if (lane % STREAMS == 0) shani_id_keys(batch->key[lane], id_keys[0]);
        struct sender sender = begin(id_keys[lane % STREAMS], batch->start[lane]);
        for (unsigned at = 0; at < batch->end[lane]; at += GROUP) {
            __m256i block[AT_ONCE];
            derive_group(&sender, block);
            UNROLL for (unsigned part = 0; part < AT_ONCE; part += 4) {
                unsigned passed = test_eight(filter, block + part);
                const uint8_t place[2] = {(uint8_t)lane, (uint8_t)(at + 2 * part)};
                if (passed) count += take_passed(passed, block + part, place, batch, out + count);
            }
        }
    }
    return count;
}

static __attribute__((target(VAES_TARGET))) void
fold(const struct gaen_batch *batch, uint8_t sum[ID_BYTES])
{
    uint8_t id_keys[STREAMS][16];
    __m256i all = _mm256_setzero_si256();
    for (unsigned lane = 0; lane < BATCH_KEYS; lane++) {
        if (lane % STREAMS == 0) shani_id_keys(batch->key[lane], id_keys[0]);
        struct sender sender = begin(id_keys[lane % STREAMS], batch->start[lane]);
        for (unsigned at = 0; at < GAEN_POSITIONS; at += GROUP) {
            __m256i block[AT_ONCE];
            derive_group(&sender, block);
            UNROLL for (unsigned e = 0; e < AT_ONCE; e++) all = _mm256_xor_si256(all, block[e]);
        }
    }
    __m128i joined = _mm_xor_si128(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    joined = _mm_xor_si128(joined, _mm_loadu_si128((const __m128i *)sum));
    _mm_storeu_si128((__m128i *)sum, joined);
}

const struct gaen_kernel gaen_vaes256 = {survivors, fold};

#endif
