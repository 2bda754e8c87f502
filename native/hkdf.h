/* What is constant in HKDF-SHA256 without salt of "EN-RPIK" (RFC 5869; Exposure
 * Notification, cryptography specification v1.2). tests/vectors/test_native_constants.py
 * computes all of it anew.
 *
 * Of eight compressions of a key six are left: the HMAC key blocks of the zero salt are
 * the same for all keys, and so is the one message block of the expansion. */
#ifndef PROXIMITY_HKDF_H
#define PROXIMITY_HKDF_H

#include <stdint.h>

#define HMAC_INNER 0x36363636u
#define HMAC_OUTER 0x5c5c5c5cu

/* Bits that were hashed, as the padding of each kind of message states them. */
#define HKDF_KEY_BITS ((64u + 16u) * 8u)
#define HKDF_DIGEST_BITS ((64u + 32u) * 8u)

/* State after the inner key block of the salt. */
static const uint32_t HKDF_SALT_INNER[8] __attribute__((aligned(64))) = {
    0xf454dead, 0x9725214f, 0x90daf2a0, 0xdf1228ea, 0x64e5750f, 0xa3924181,
    0x824a932b, 0xf8e04e32,
};

/* State after the outer key block of the salt. */
static const uint32_t HKDF_SALT_OUTER[8] __attribute__((aligned(64))) = {
    0xd385480f, 0x7abb6477, 0x37c9c538, 0x5dd82467, 0x8e043a72, 0x753434b0,
    0xdeb82818, 0x361d45a6,
};

/* Message schedule of "EN-RPIK", 1 and padding, each word with its round constant. */
static const uint32_t HKDF_INFO_KW[64] __attribute__((aligned(64))) = {
    0x87d85cea, 0xc1808f92, 0x35c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf3b4, 0x845386f7, 0x526fb287,
    0x9cdc0ff2, 0xbd04d320, 0xa559be21, 0x691b6619, 0xb7a3558e, 0xc34f6b4f,
    0xfba996e0, 0x82b35371, 0x13698025, 0x2dde67ec, 0xccc4b1ab, 0x19a7f8a1,
    0x9a1ac179, 0x3071b040, 0x1b395bae, 0x1c15fe09, 0x61d4bfe8, 0x764b08dd,
    0xa8fc657b, 0x0ffd0244, 0x5bd4f652, 0xb9262249, 0xb8ca81da, 0x3c54e00f,
    0xe587da6e, 0x47bc5e78, 0xc5913d69, 0x51428e70, 0x1e58e84a, 0x11cc0b4c,
    0xb9e30420, 0x966bd051, 0xd4e3d3df, 0x44e5b930, 0x7b8b6a49, 0xce2c9335,
    0xee63e5fb, 0x8f3ab111, 0x77340a32, 0x4ebec7ca, 0x43c3ad4b, 0x18e58f08,
    0xf5d75157, 0x6c70eac1, 0x1586dfeb, 0x8d603d05,
};

#endif
