/* SHA-256 of 2 x 16 messages side by side: a register holds one word of each of sixteen.
 *
 * Two sets are interleaved because one alone does not keep the units busy: each round
 * waits for the one before it. */
#ifndef PROXIMITY_SHA256_AVX512_H
#define PROXIMITY_SHA256_AVX512_H

#include <immintrin.h>

#include "sha256.h"

#define AVX512_TARGET "avx512f,avx512bw,avx512vl,aes,vaes"
#define AVX512 __attribute__((target(AVX512_TARGET)))
#define AVX512_INLINE static inline __attribute__((always_inline, target(AVX512_TARGET)))

typedef __m512i lanes;

#define BOTH for (int set = 0; set < 2; set++)

AVX512_INLINE lanes avx512_add(lanes a, lanes b) { return _mm512_add_epi32(a, b); }

AVX512_INLINE lanes avx512_xor3(lanes a, lanes b, lanes c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

AVX512_INLINE lanes avx512_word(uint32_t word) { return _mm512_set1_epi32((int)word); }

/* FIPS 180-4, 4.1.2. */
#define ROTATED3(x, i, j, k) \
    avx512_xor3(_mm512_ror_epi32(x, i), _mm512_ror_epi32(x, j), _mm512_ror_epi32(x, k))
#define SIGMA(x, i, j, shift) \
    avx512_xor3(_mm512_ror_epi32(x, i), _mm512_ror_epi32(x, j), _mm512_srli_epi32(x, shift))
#define CHOICE(e, f, g) _mm512_ternarylogic_epi32(e, f, g, 0xCA)
#define MAJORITY(a, b, c) _mm512_ternarylogic_epi32(a, b, c, 0xE8)

/* One round. What does not depend on the round before is added first, so that the chain
 * from e to e and from a to a stays short. */
#define ROUND(a, b, c, d, e, f, g, h, kw)                                      \
    do {                                                                       \
        lanes hk_ = avx512_add(h, kw), choice_ = CHOICE(e, f, g);              \
        lanes sum_ = ROTATED3(e, 6, 11, 25), hkc_ = avx512_add(hk_, choice_);  \
        d = avx512_add(sum_, avx512_add(avx512_add(d, hk_), choice_));         \
        h = avx512_add(ROTATED3(a, 2, 13, 22),                                 \
                       avx512_add(MAJORITY(a, b, c), avx512_add(sum_, hkc_))); \
    } while (0)

#define ROUND_OF_BOTH(a, b, c, d, e, f, g, h, KW, i)                             \
    ROUND(a##0, b##0, c##0, d##0, e##0, f##0, g##0, h##0, KW(0, i));             \
    ROUND(a##1, b##1, c##1, d##1, e##1, f##1, g##1, h##1, KW(1, i))

#define EIGHT_ROUNDS(KW, i)                             \
    ROUND_OF_BOTH(a, b, c, d, e, f, g, h, KW, i);       \
    ROUND_OF_BOTH(h, a, b, c, d, e, f, g, KW, (i) + 1); \
    ROUND_OF_BOTH(g, h, a, b, c, d, e, f, KW, (i) + 2); \
    ROUND_OF_BOTH(f, g, h, a, b, c, d, e, KW, (i) + 3); \
    ROUND_OF_BOTH(e, f, g, h, a, b, c, d, KW, (i) + 4); \
    ROUND_OF_BOTH(d, e, f, g, h, a, b, c, KW, (i) + 5); \
    ROUND_OF_BOTH(c, d, e, f, g, h, a, b, KW, (i) + 6); \
    ROUND_OF_BOTH(b, c, d, e, f, g, h, a, KW, (i) + 7)

/* Message words with their round constants: as given, then from the schedule. */
#define GIVEN(set, i) avx512_add(w[set][i], avx512_word(SHA256_K[i]))
#define SCHEDULED(set, i)                                                          \
    (w[set][(i) & 15] = avx512_add(                                                \
         avx512_add(w[set][(i) & 15], w[set][((i) + 9) & 15]),                     \
         avx512_add(SIGMA(w[set][((i) + 1) & 15], 7, 18, 3),                       \
                    SIGMA(w[set][((i) + 14) & 15], 17, 19, 10))))
#define DERIVED(set, i) avx512_add(SCHEDULED(set, i), avx512_word(SHA256_K[i]))
#define CONSTANT(set, i) avx512_word(kw[i])

#define LOAD_STATE                                                                   \
    lanes a0 = s[0][0], b0 = s[0][1], c0 = s[0][2], d0 = s[0][3];                    \
    lanes e0 = s[0][4], f0 = s[0][5], g0 = s[0][6], h0 = s[0][7];                    \
    lanes a1 = s[1][0], b1 = s[1][1], c1 = s[1][2], d1 = s[1][3];                    \
    lanes e1 = s[1][4], f1 = s[1][5], g1 = s[1][6], h1 = s[1][7]
#define ADD_STATE                                                                    \
    do {                                                                             \
        const lanes end_[2][8] = {{a0, b0, c0, d0, e0, f0, g0, h0},                  \
                                  {a1, b1, c1, d1, e1, f1, g1, h1}};                 \
        BOTH for (int i = 0; i < 8; i++) s[set][i] = avx512_add(s[set][i], end_[set][i]); \
    } while (0)

/* Compress one block of each message into its state; the message is used up. */
static AVX512 __attribute__((noinline)) void avx512_compress(lanes s[2][8], lanes w[2][16])
{
    LOAD_STATE;
    EIGHT_ROUNDS(GIVEN, 0);
    EIGHT_ROUNDS(GIVEN, 8);
    EIGHT_ROUNDS(DERIVED, 16);
    EIGHT_ROUNDS(DERIVED, 24);
    EIGHT_ROUNDS(DERIVED, 32);
    EIGHT_ROUNDS(DERIVED, 40);
    EIGHT_ROUNDS(DERIVED, 48);
    EIGHT_ROUNDS(DERIVED, 56);
    ADD_STATE;
}

/* Compress a block that all messages share, given as its schedule with constants. */
static AVX512 __attribute__((noinline, unused)) void
avx512_compress_constant(lanes s[2][8], const uint32_t kw[64])
{
    LOAD_STATE;
    EIGHT_ROUNDS(CONSTANT, 0);
    EIGHT_ROUNDS(CONSTANT, 8);
    EIGHT_ROUNDS(CONSTANT, 16);
    EIGHT_ROUNDS(CONSTANT, 24);
    EIGHT_ROUNDS(CONSTANT, 32);
    EIGHT_ROUNDS(CONSTANT, 40);
    EIGHT_ROUNDS(CONSTANT, 48);
    EIGHT_ROUNDS(CONSTANT, 56);
    ADD_STATE;
}

/* Begin states at a constant. */
AVX512_INLINE void avx512_begin(lanes s[2][8], const uint32_t state[8])
{
    BOTH for (int i = 0; i < 8; i++) s[set][i] = avx512_word(state[i]);
}

/* End messages of `words` words with the padding for so many bits. */
AVX512_INLINE void avx512_pad(lanes w[2][16], int words, uint32_t bits)
{
    BOTH {
        w[set][words] = avx512_word(SHA256_PAD);
        for (int i = words + 1; i < 15; i++) w[set][i] = _mm512_setzero_si512();
        w[set][15] = avx512_word(bits);
    }
}

/* Turn the bytes of 32-bit words around: SHA-256 is big-endian. */
AVX512_INLINE lanes avx512_swap_bytes(lanes x)
{
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    return _mm512_shuffle_epi8(x, _mm512_broadcast_i32x4(order));
}

/* Transpose the 4 x 4 words in each 128-bit part; its own inverse. Four registers of
 * four 16-byte rows each become word 0, 1, 2, 3 of sixteen rows. */
AVX512_INLINE void avx512_transpose(lanes r[4])
{
    lanes low01 = _mm512_unpacklo_epi32(r[0], r[1]), low23 = _mm512_unpacklo_epi32(r[2], r[3]);
    lanes high01 = _mm512_unpackhi_epi32(r[0], r[1]), high23 = _mm512_unpackhi_epi32(r[2], r[3]);
    r[0] = _mm512_unpacklo_epi64(low01, low23);
    r[1] = _mm512_unpackhi_epi64(low01, low23);
    r[2] = _mm512_unpacklo_epi64(high01, high23);
    r[3] = _mm512_unpackhi_epi64(high01, high23);
}

#endif
