/* What is constant in bluezone's chains (docs/reference/schemes.md). The first link hashes
 * 45 bytes, each further one 32: one block each. */
#ifndef PROXIMITY_BLUEZONE_H
#define PROXIMITY_BLUEZONE_H

#include <stdint.h>

#include "sha256.h"

/* The words of the first block after the key: "bluzonesubkey", spelt so, 1, the number
 * of bits. */
static const uint32_t BLUEZONE_SALT[8] __attribute__((aligned(64))) = {
    0x626c757a, 0x6f6e6573, 0x75626b65, 0x79800000, 0, 0, 0, (32 + 13) * 8,
};

/* Those of every other block. */
static const uint32_t BLUEZONE_LINK[8] __attribute__((aligned(64))) = {
    SHA256_PAD, 0, 0, 0, 0, 0, 0, 32 * 8,
};

#endif
