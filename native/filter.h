/* The filter of a day: which derived IDs cannot have been heard around that day.
 *
 * A Bloom filter whose two bits lie in one 32-bit word, so that one load decides. The
 * bits are taken from the first four bytes of the ID as they are: IDs that an attacker
 * chose set as many bits as any others, and derived IDs are random to the attacker. */
#ifndef PROXIMITY_FILTER_H
#define PROXIMITY_FILTER_H

#include <stdint.h>
#include <string.h>

#define FILTER_LEAST_WORDS 64
#define FILTER_MOST_WORDS (1 << 22)
/* Words of the folded filter, small enough for registers, and the most words of a
 * filter that is not too full to be folded. */
#define FILTER_FOLDED_WORDS 64
#define FILTER_MOST_FOLDED 512

struct day_filter {
    /* `word_mask` + 1 words, a power of two. */
    const uint32_t *words;
    /* The same, words with equal low six index bits joined; NULL where too full. */
    const uint32_t *folded;
    uint32_t word_mask;
};

static inline uint32_t filter_prefix(const uint8_t *id)
{
    return (uint32_t)id[0] | (uint32_t)id[1] << 8 | (uint32_t)id[2] << 16
         | (uint32_t)id[3] << 24;
}

static inline uint32_t filter_index(uint32_t prefix, uint32_t word_mask)
{
    return prefix >> 10 & word_mask;
}

static inline uint32_t filter_bits(uint32_t prefix)
{
    return 1u << (prefix & 31) | 1u << (prefix >> 5 & 31);
}

static inline int filter_may_hold(const struct day_filter *filter, uint32_t prefix)
{
    uint32_t word = filter->words[filter_index(prefix, filter->word_mask)];
    return (word >> (prefix & 31)) & (word >> (prefix >> 5 & 31)) & 1;
}

#endif
