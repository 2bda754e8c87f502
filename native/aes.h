/* What every variant of AES-128 shares, and the block that gaen encrypts. */
#ifndef PROXIMITY_AES_H
#define PROXIMITY_AES_H

#include <stdint.h>

#define AES_ROUNDS 10

/* "EN-RPI" and six zeros; the interval follows, least significant byte first. */
static const uint8_t GAEN_PADDED_DATA[16] = {'E', 'N', '-', 'R', 'P', 'I'};

#endif
