/* SHA-256 of four messages side by side by SHA-NI: one alone waits for its own rounds.
 *
 * The instructions keep a state as two registers, words A B E F and C D G H. */
#ifndef PROXIMITY_SHA256_SHANI_H
#define PROXIMITY_SHA256_SHANI_H

#include <immintrin.h>

#include "sha256.h"

#define SHANI_TARGET "sha,aes,sse4.1,ssse3"
#define SHANI_INLINE static inline __attribute__((always_inline, target(SHANI_TARGET)))
#define STREAMS 4
#define EACH_STREAM _Pragma("GCC unroll 4") for (int q = 0; q < STREAMS; q++)

struct shani_state {
    __m128i abef, cdgh;
};

SHANI_INLINE struct shani_state shani_pack(__m128i abcd, __m128i efgh)
{
    __m128i badc = _mm_shuffle_epi32(abcd, 0xb1), hgfe = _mm_shuffle_epi32(efgh, 0x1b);
    return (struct shani_state){_mm_alignr_epi8(badc, hgfe, 8), _mm_blend_epi16(hgfe, badc, 0xf0)};
}

SHANI_INLINE void shani_unpack(struct shani_state s, __m128i *abcd, __m128i *efgh)
{
    __m128i feba = _mm_shuffle_epi32(s.abef, 0x1b), dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);
    *abcd = _mm_blend_epi16(feba, dchg, 0xf0);
    *efgh = _mm_alignr_epi8(dchg, feba, 8);
}

SHANI_INLINE struct shani_state shani_begin(const uint32_t state[8])
{
    return shani_pack(_mm_loadu_si128((const __m128i *)state),
                      _mm_loadu_si128((const __m128i *)(state + 4)));
}

SHANI_INLINE void shani_four_rounds(struct shani_state *s, __m128i kw)
{
    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, kw);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(kw, 0x0e));
}

/* The next four words of the schedule, in place of the oldest four. */
SHANI_INLINE __m128i shani_schedule(__m128i w[4], int i)
{
    __m128i word = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
    word = _mm_add_epi32(word, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
    return w[i & 3] = _mm_sha256msg2_epu32(word, w[(i + 3) & 3]);
}

SHANI_INLINE void shani_add(struct shani_state *s, struct shani_state before)
{
    s->abef = _mm_add_epi32(s->abef, before.abef);
    s->cdgh = _mm_add_epi32(s->cdgh, before.cdgh);
}

/* Compress one block of each message into its state; the messages are used up. */
SHANI_INLINE void shani_compress(struct shani_state s[STREAMS], __m128i w[STREAMS][4])
{
    struct shani_state before[STREAMS];
    EACH_STREAM before[q] = s[q];
    _Pragma("GCC unroll 16") for (int i = 0; i < 16; i++)
    {
        const __m128i k = _mm_load_si128((const __m128i *)(SHA256_K + 4 * i));
        EACH_STREAM
        {
            __m128i word = i < 4 ? w[q][i & 3] : shani_schedule(w[q], i);
            shani_four_rounds(&s[q], _mm_add_epi32(word, k));
        }
    }
    EACH_STREAM shani_add(&s[q], before[q]);
}

/* Compress a block that all messages share, given as its schedule with constants. */
SHANI_INLINE void shani_compress_constant(struct shani_state s[STREAMS], const uint32_t kw[64])
{
    struct shani_state before[STREAMS];
    EACH_STREAM before[q] = s[q];
    _Pragma("GCC unroll 16") for (int i = 0; i < 16; i++)
    {
        const __m128i words = _mm_loadu_si128((const __m128i *)(kw + 4 * i));
        EACH_STREAM shani_four_rounds(&s[q], words);
    }
    EACH_STREAM shani_add(&s[q], before[q]);
}

/* Turn the bytes of 32-bit words around: SHA-256 is big-endian. */
SHANI_INLINE __m128i shani_swap_bytes(__m128i x)
{
    return _mm_shuffle_epi8(x, _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL));
}

/* The last eight words of a block whose first eight are a digest. */
SHANI_INLINE void shani_pad_digest(__m128i w[4], uint32_t bits)
{
    w[2] = _mm_set_epi32(0, 0, 0, (int)SHA256_PAD);
    w[3] = _mm_set_epi32((int)bits, 0, 0, 0);
}

#endif
