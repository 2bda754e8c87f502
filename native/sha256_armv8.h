/* SHA-256 of four messages side by side by the ARMv8 crypto extension: one alone waits
 * for its own rounds. */
#ifndef PROXIMITY_SHA256_ARMV8_H
#define PROXIMITY_SHA256_ARMV8_H

#if defined(__ARM_FEATURE_AES) && defined(__ARM_FEATURE_SHA2)
/* Every processor of the target has it: so on Apple's. */
#define ARMV8
#elif defined(__clang__) && __clang_major__ < 16
/* Before version 16, clang declares the instructions only where flags ask for them. */
#define __ARM_FEATURE_AES 1
#define __ARM_FEATURE_SHA2 1
#define ARMV8 __attribute__((target("crypto")))
#else
#define ARMV8 __attribute__((target("+crypto")))
#endif
#include <arm_neon.h>

#include "sha256.h"

#define ARMV8_INLINE static inline ARMV8 __attribute__((always_inline))
#define STREAMS 4
#define EACH_STREAM _Pragma("GCC unroll 4") for (int q = 0; q < STREAMS; q++)

struct armv8_state {
    uint32x4_t abcd, efgh;
};

ARMV8_INLINE struct armv8_state armv8_begin(const uint32_t state[8])
{
    return (struct armv8_state){vld1q_u32(state), vld1q_u32(state + 4)};
}

ARMV8_INLINE void armv8_four_rounds(struct armv8_state *s, uint32x4_t kw)
{
    uint32x4_t abcd = s->abcd;
    s->abcd = vsha256hq_u32(abcd, s->efgh, kw);
    s->efgh = vsha256h2q_u32(s->efgh, abcd, kw);
}

/* The next four words of the schedule, in place of the oldest four. */
ARMV8_INLINE uint32x4_t armv8_schedule(uint32x4_t w[4], int i)
{
    uint32x4_t word = vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]);
    return w[i & 3] = vsha256su1q_u32(word, w[(i + 2) & 3], w[(i + 3) & 3]);
}

ARMV8_INLINE void armv8_add(struct armv8_state *s, struct armv8_state before)
{
    s->abcd = vaddq_u32(s->abcd, before.abcd);
    s->efgh = vaddq_u32(s->efgh, before.efgh);
}

/* Compress one block of each message into its state; the messages are used up. */
ARMV8_INLINE void armv8_compress(struct armv8_state s[STREAMS], uint32x4_t w[STREAMS][4])
{
    struct armv8_state before[STREAMS];
    EACH_STREAM before[q] = s[q];
    _Pragma("GCC unroll 16") for (int i = 0; i < 16; i++)
    {
        const uint32x4_t k = vld1q_u32(SHA256_K + 4 * i);
        EACH_STREAM
        {
            uint32x4_t word = i < 4 ? w[q][i & 3] : armv8_schedule(w[q], i);
            armv8_four_rounds(&s[q], vaddq_u32(word, k));
        }
    }
    EACH_STREAM armv8_add(&s[q], before[q]);
}

/* Compress a block that all messages share, given as its schedule with constants. */
ARMV8_INLINE void armv8_compress_constant(struct armv8_state s[STREAMS], const uint32_t kw[64])
{
    struct armv8_state before[STREAMS];
    EACH_STREAM before[q] = s[q];
    _Pragma("GCC unroll 16") for (int i = 0; i < 16; i++)
    {
        const uint32x4_t words = vld1q_u32(kw + 4 * i);
        EACH_STREAM armv8_four_rounds(&s[q], words);
    }
    EACH_STREAM armv8_add(&s[q], before[q]);
}

/* Words of big-endian bytes, and back. */
ARMV8_INLINE uint32x4_t armv8_load_words(const uint8_t *bytes)
{
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(bytes)));
}

ARMV8_INLINE void armv8_store_words(uint8_t *bytes, uint32x4_t words)
{
    vst1q_u8(bytes, vrev32q_u8(vreinterpretq_u8_u32(words)));
}

/* A block that begins with a digest: the digest and its padding. */
ARMV8_INLINE void armv8_pad_digest(uint32x4_t w[4], struct armv8_state digest, uint32_t bits)
{
    const uint32x4_t zeros = vdupq_n_u32(0);
    w[0] = digest.abcd;
    w[1] = digest.efgh;
    w[2] = vsetq_lane_u32(SHA256_PAD, zeros, 0);
    w[3] = vsetq_lane_u32(bits, zeros, 3);
}

#endif
