/* The filter asked for sixteen IDs at once. */
#ifndef PROXIMITY_FILTER_AVX512_H
#define PROXIMITY_FILTER_AVX512_H

#include "filter.h"
#include "sha256_avx512.h"

/* Which of sixteen prefixes a filter may hold, given their words of it. */
AVX512_INLINE __mmask16 avx512_both_bits(lanes word, lanes prefix)
{
    lanes first = _mm512_rorv_epi32(word, prefix);
    lanes second = _mm512_rorv_epi32(word, _mm512_srli_epi32(prefix, 5));
    return _mm512_test_epi32_mask(_mm512_and_si512(first, second), avx512_word(1));
}

AVX512_INLINE __mmask16 avx512_in_memory(const struct day_filter *filter, lanes prefix)
{
    lanes index = _mm512_and_si512(_mm512_srli_epi32(prefix, 10), avx512_word(filter->word_mask));
    return avx512_both_bits(_mm512_i32gather_epi32(index, filter->words, 4), prefix);
}

AVX512_INLINE __mmask16 avx512_in_registers(const struct day_filter *filter, lanes prefix)
{
    const uint32_t *folded = filter->folded;
    lanes index = _mm512_srli_epi32(prefix, 10);
    lanes low = _mm512_permutex2var_epi32(_mm512_loadu_si512(folded), index,
                                          _mm512_loadu_si512(folded + 16));
    lanes high = _mm512_permutex2var_epi32(_mm512_loadu_si512(folded + 32), index,
                                           _mm512_loadu_si512(folded + 48));
    __mmask16 is_high = _mm512_test_epi32_mask(index, avx512_word(32));
    return avx512_both_bits(_mm512_mask_mov_epi32(low, is_high, high), prefix);
}

#endif
