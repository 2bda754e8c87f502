/* bluezone on AVX-512: 32 chains side by side. */
#include "kernel.h"

#if defined(__x86_64__)

#include "bluezone.h"
#include "filter_avx512.h"
#include "sha256_avx512.h"

#define SET_KEYS 16
#define LINK_WORDS 8

AVX512_INLINE lanes lane_numbers(void)
{
    return _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/* Links as message words, a chain a lane. Once for many steps, so a gather will do. */
AVX512_INLINE void load_links(uint8_t (*bytes)[BLUEZONE_KEY_BYTES], lanes link[2][LINK_WORDS])
{
    const lanes row = _mm512_slli_epi32(lane_numbers(), 3);
    BOTH for (int i = 0; i < LINK_WORDS; i++)
        link[set][i] = avx512_swap_bytes(
            _mm512_i32gather_epi32(row, bytes[SET_KEYS * set] + 4 * i, 4));
}

AVX512_INLINE void store_links(lanes link[2][LINK_WORDS], uint8_t (*bytes)[BLUEZONE_KEY_BYTES])
{
    const lanes row = _mm512_slli_epi32(lane_numbers(), 3);
    BOTH for (int i = 0; i < LINK_WORDS; i++)
        _mm512_i32scatter_epi32(bytes[SET_KEYS * set] + 4 * i, row,
                                avx512_swap_bytes(link[set][i]), 4);
}

/* Hash each link and the rest of its block. */
AVX512_INLINE void hash_links(lanes link[2][LINK_WORDS], const uint32_t rest[8])
{
    lanes w[2][16];
    BOTH for (int i = 0; i < 8; i++) {
        w[set][i] = link[set][i];
        w[set][i + 8] = avx512_word(rest[i]);
    }
    avx512_begin(link, SHA256_IV);
    avx512_compress(link, w);
}

/* Bytes 0, 4, 8 and 12 of the links. */
AVX512_INLINE lanes prefixes(lanes link[LINK_WORDS])
{
    lanes low = _mm512_mask_blend_epi8(0x2222222222222222, _mm512_srli_epi32(link[0], 24),
                                       _mm512_srli_epi32(link[1], 16));
    lanes high = _mm512_mask_blend_epi8(0x8888888888888888, _mm512_srli_epi32(link[2], 8), link[3]);
    return _mm512_mask_blend_epi16(0xaaaaaaaa, low, high);
}

/* Write the IDs of those lanes of a set that passed. */
static AVX512 __attribute__((noinline)) unsigned
take_passed(__mmask16 passed, lanes link[LINK_WORDS], const uint8_t place[2], struct survivor *out)
{
    uint32_t word[LINK_WORDS][SET_KEYS];
    unsigned count = 0;
    for (int i = 0; i < LINK_WORDS; i++) _mm512_storeu_si512(word[i], link[i]);
    for (unsigned rest = passed; rest; rest &= rest - 1) {
        unsigned lane = (unsigned)__builtin_ctz(rest);
        uint8_t *id = out[count].id;
        memset(id, 0, ID_BYTES);
        for (int i = 0; i < 4; i++) {
            id[i] = (uint8_t)(word[i][lane] >> 24);
            id[4 + 2 * i] = (uint8_t)(word[4 + i][lane] >> 24);
            id[5 + 2 * i] = (uint8_t)(word[4 + i][lane] >> 8);
        }
        out[count].lane = (uint8_t)(place[0] + lane);
        out[count++].position = place[1];
    }
    return count;
}

static AVX512 unsigned survivors(struct bluezone_batch *batch, const struct day_filter *filter,
                                 struct survivor *out)
{
    lanes link[2][LINK_WORDS], steps[2];
    unsigned most = 0, count = 0;
    for (int lane = 0; lane < BATCH_KEYS; lane++)
        most = batch->steps[lane] > most ? batch->steps[lane] : most;
    BOTH steps[set] = _mm512_cvtepu8_epi32(
        _mm_loadu_si128((const __m128i *)(batch->steps + SET_KEYS * set)));
    load_links(batch->link, link);
    for (unsigned step = 0; step < most; step++) {
        hash_links(link, batch->begins && step == 0 ? BLUEZONE_SALT : BLUEZONE_LINK);
        BOTH {
            __mmask16 passed = avx512_in_memory(filter, prefixes(link[set]))
                             & _mm512_cmpgt_epi32_mask(steps[set], avx512_word(step));
            const uint8_t place[2] = {(uint8_t)(SET_KEYS * set), (uint8_t)step};
            if (passed) count += take_passed(passed, link[set], place, out + count);
        }
    }
    store_links(link, batch->link);
    return count;
}

static AVX512 void advance(uint8_t keys[BATCH_KEYS][BLUEZONE_KEY_BYTES], uint32_t days)
{
    lanes link[2][LINK_WORDS];
    load_links(keys, link);
    for (uint32_t day = 0; day < days; day++) hash_links(link, BLUEZONE_LINK);
    store_links(link, keys);
}

const struct bluezone_kernel bluezone_avx512 = {survivors, advance};

#endif
