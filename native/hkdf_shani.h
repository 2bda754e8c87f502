/* Keys of ephemeral IDs of four gaen keys by SHA-NI: HKDF in six compressions (hkdf.h). */
#ifndef PROXIMITY_HKDF_SHANI_H
#define PROXIMITY_HKDF_SHANI_H

#include "hkdf.h"
#include "sha256_shani.h"

/* `keys` and `out` are four times 16 bytes. */
static __attribute__((noinline, target(SHANI_TARGET))) void
shani_id_keys(const uint8_t *keys, uint8_t *out)
{
    const __m128i inner_pad = _mm_set1_epi32(HMAC_INNER), outer_pad = _mm_set1_epi32(HMAC_OUTER);
    struct shani_state s[STREAMS], outer[STREAMS];
    __m128i w[STREAMS][4], low[STREAMS], high[STREAMS];

    EACH_STREAM
    {
        w[q][0] = shani_swap_bytes(_mm_loadu_si128((const __m128i *)(keys + 16 * q)));
        w[q][1] = _mm_set_epi32(0, 0, 0, (int)SHA256_PAD);
        w[q][2] = _mm_setzero_si128();
        w[q][3] = _mm_set_epi32(HKDF_KEY_BITS, 0, 0, 0);
        s[q] = shani_begin(HKDF_SALT_INNER);
    }
    shani_compress(s, w);
    EACH_STREAM
    {
        shani_unpack(s[q], &w[q][0], &w[q][1]);
        shani_pad_digest(w[q], HKDF_DIGEST_BITS);
        s[q] = shani_begin(HKDF_SALT_OUTER);
    }
    shani_compress(s, w);

    /* The pseudo-random key is the HMAC key of the expansion. */
    EACH_STREAM
    {
        shani_unpack(s[q], &low[q], &high[q]);
        w[q][0] = _mm_xor_si128(low[q], inner_pad);
        w[q][1] = _mm_xor_si128(high[q], inner_pad);
        w[q][2] = w[q][3] = inner_pad;
        s[q] = shani_begin(SHA256_IV);
    }
    shani_compress(s, w);
    shani_compress_constant(s, HKDF_INFO_KW);
    EACH_STREAM
    {
        w[q][0] = _mm_xor_si128(low[q], outer_pad);
        w[q][1] = _mm_xor_si128(high[q], outer_pad);
        w[q][2] = w[q][3] = outer_pad;
        outer[q] = shani_begin(SHA256_IV);
    }
    shani_compress(outer, w);
    EACH_STREAM
    {
        shani_unpack(s[q], &w[q][0], &w[q][1]);
        shani_pad_digest(w[q], HKDF_DIGEST_BITS);
    }
    shani_compress(outer, w);
    EACH_STREAM
    {
        shani_unpack(outer[q], &low[q], &high[q]);
        _mm_storeu_si128((__m128i *)(out + 16 * q), shani_swap_bytes(low[q]));
    }
}

#endif
