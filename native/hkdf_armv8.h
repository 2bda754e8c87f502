/* Keys of ephemeral IDs of four gaen keys by the ARMv8 crypto extension: HKDF in six
 * compressions (hkdf.h). */
#ifndef PROXIMITY_HKDF_ARMV8_H
#define PROXIMITY_HKDF_ARMV8_H

#include "hkdf.h"
#include "sha256_armv8.h"

/* The block of an HMAC key of eight words. */
ARMV8_INLINE void armv8_pad_key(uint32x4_t w[4], struct armv8_state key, uint32_t pad)
{
    const uint32x4_t pads = vdupq_n_u32(pad);
    w[0] = veorq_u32(key.abcd, pads);
    w[1] = veorq_u32(key.efgh, pads);
    w[2] = w[3] = pads;
}

/* `keys` and `out` are four times 16 bytes. */
static ARMV8 __attribute__((noinline)) void armv8_id_keys(const uint8_t *keys, uint8_t *out)
{
    const uint32x4_t zeros = vdupq_n_u32(0);
    struct armv8_state s[STREAMS], outer[STREAMS], random_key[STREAMS];
    uint32x4_t w[STREAMS][4];

    EACH_STREAM
    {
        w[q][0] = armv8_load_words(keys + 16 * q);
        w[q][1] = vsetq_lane_u32(SHA256_PAD, zeros, 0);
        w[q][2] = zeros;
        w[q][3] = vsetq_lane_u32(HKDF_KEY_BITS, zeros, 3);
        s[q] = armv8_begin(HKDF_SALT_INNER);
        random_key[q] = armv8_begin(HKDF_SALT_OUTER);
    }
    armv8_compress(s, w);
    EACH_STREAM armv8_pad_digest(w[q], s[q], HKDF_DIGEST_BITS);
    armv8_compress(random_key, w);

    /* The pseudo-random key is the HMAC key of the expansion. */
    EACH_STREAM
    {
        armv8_pad_key(w[q], random_key[q], HMAC_INNER);
        s[q] = armv8_begin(SHA256_IV);
        outer[q] = armv8_begin(SHA256_IV);
    }
    armv8_compress(s, w);
    armv8_compress_constant(s, HKDF_INFO_KW);
    EACH_STREAM armv8_pad_key(w[q], random_key[q], HMAC_OUTER);
    armv8_compress(outer, w);
    EACH_STREAM armv8_pad_digest(w[q], s[q], HKDF_DIGEST_BITS);
    armv8_compress(outer, w);
    EACH_STREAM armv8_store_words(out + 16 * q, outer[q].abcd);
}

#endif
