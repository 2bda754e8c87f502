/* AES-128 by AES-NI. */
#ifndef PROXIMITY_AESNI_H
#define PROXIMITY_AESNI_H

#include <immintrin.h>

#include "aes.h"

#define AESNI_TARGET "aes,sse4.1,ssse3"
#define AESNI_INLINE static inline __attribute__((always_inline, target(AESNI_TARGET)))

AESNI_INLINE __m128i aesni_padded_data(uint32_t interval)
{
    __m128i text = _mm_loadu_si128((const __m128i *)GAEN_PADDED_DATA);
    return _mm_insert_epi32(text, (int)interval, 3);
}

AESNI_INLINE __m128i aesni_encrypt(const __m128i key[AES_ROUNDS + 1], __m128i block)
{
    block = _mm_xor_si128(block, key[0]);
    for (int round = 1; round < AES_ROUNDS; round++) block = _mm_aesenc_si128(block, key[round]);
    return _mm_aesenclast_si128(block, key[AES_ROUNDS]);
}

/* FIPS 197, 5.2. */
AESNI_INLINE __m128i aesni_next_key(__m128i key, __m128i assist)
{
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
    return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

AESNI_INLINE void aesni_expand(__m128i key, __m128i out[AES_ROUNDS + 1])
{
    out[0] = key;
#define NEXT(round, constant) \
    out[round] = aesni_next_key(out[(round) - 1], _mm_aeskeygenassist_si128(out[(round) - 1], constant))
    NEXT(1, 1);
    NEXT(2, 2);
    NEXT(3, 4);
    NEXT(4, 8);
    NEXT(5, 16);
    NEXT(6, 32);
    NEXT(7, 64);
    NEXT(8, 128);
    NEXT(9, 0x1b);
    NEXT(10, 0x36);
#undef NEXT
}

#endif
