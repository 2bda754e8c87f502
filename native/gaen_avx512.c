/* gaen on AVX-512 and VAES: 32 keys at a time, four AES blocks in a register. */
#include "kernel.h"

#if defined(__x86_64__)

#include "aesni.h"
#include "filter_avx512.h"
#include "hkdf.h"
#include "sha256_avx512.h"

#define SETS 2
#define SET_KEYS 16
/* Positions whose blocks are encrypted together: 12 registers of 4. */
#define GROUP 48
#define GROUP_REGISTERS 12
#define UNROLL _Pragma("GCC unroll 12")

/* Round keys of sixteen keys: [round][key][byte]. */
typedef uint8_t round_keys[AES_ROUNDS + 1][SET_KEYS][16];

/* Derive the 32 keys of ephemeral IDs: HKDF in six compressions (hkdf.h). */
static AVX512 void id_keys(const uint8_t *keys, uint8_t *out)
{
    lanes w[SETS][16], s[SETS][8], outer[SETS][8], words[4];
    const lanes inner_pad = avx512_word(HMAC_INNER), outer_pad = avx512_word(HMAC_OUTER);

    BOTH {
        for (int i = 0; i < 4; i++)
            words[i] = avx512_swap_bytes(_mm512_loadu_si512(keys + 256 * set + 64 * i));
        avx512_transpose(words);
        for (int i = 0; i < 4; i++) w[set][i] = words[i];
    }
    avx512_pad(w, 4, HKDF_KEY_BITS);
    avx512_begin(s, HKDF_SALT_INNER);
    avx512_compress(s, w);
    BOTH for (int i = 0; i < 8; i++) w[set][i] = s[set][i];
    avx512_pad(w, 8, HKDF_DIGEST_BITS);
    avx512_begin(s, HKDF_SALT_OUTER);
    avx512_compress(s, w);

    /* The pseudo-random key is the HMAC key of the expansion. */
    BOTH for (int i = 0; i < 8; i++) {
        w[set][i] = _mm512_xor_si512(s[set][i], outer_pad);
        w[set][i + 8] = outer_pad;
        outer[set][i] = s[set][i];
    }
    lanes random_key[SETS][8];
    BOTH for (int i = 0; i < 8; i++) random_key[set][i] = outer[set][i];
    avx512_begin(outer, SHA256_IV);
    avx512_compress(outer, w);
    BOTH for (int i = 0; i < 8; i++) {
        w[set][i] = _mm512_xor_si512(random_key[set][i], inner_pad);
        w[set][i + 8] = inner_pad;
    }
    avx512_begin(s, SHA256_IV);
    avx512_compress(s, w);
    avx512_compress_constant(s, HKDF_INFO_KW);
    BOTH for (int i = 0; i < 8; i++) w[set][i] = s[set][i];
    avx512_pad(w, 8, HKDF_DIGEST_BITS);
    avx512_compress(outer, w);

    BOTH {
        for (int i = 0; i < 4; i++) words[i] = outer[set][i];
        avx512_transpose(words);
        for (int i = 0; i < 4; i++)
            _mm512_storeu_si512(out + 256 * set + 64 * i, avx512_swap_bytes(words[i]));
    }
}

/* FIPS 197, 5.2, of sixteen keys: the last AES round, fed equal columns, substitutes
 * the bytes of a rotated word and adds the round constant. */
static AVX512 void expand_keys(const uint8_t *keys, round_keys out)
{
    static const uint8_t constants[AES_ROUNDS] = {1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36};
    const lanes rotated = _mm512_set1_epi32(0x0c0f0e0d);
    lanes k[4];
    for (int q = 0; q < 4; q++) {
        k[q] = _mm512_loadu_si512(keys + 64 * q);
        _mm512_storeu_si512(out[0][4 * q], k[q]);
    }
    for (int round = 0; round < AES_ROUNDS; round++) {
        const lanes constant = avx512_word(constants[round]);
        for (int q = 0; q < 4; q++) {
            lanes word = _mm512_aesenclast_epi128(_mm512_shuffle_epi8(k[q], rotated), constant);
            lanes twice = _mm512_xor_si512(k[q], _mm512_bslli_epi128(k[q], 4));
            k[q] = avx512_xor3(twice, _mm512_bslli_epi128(twice, 8), word);
            _mm512_storeu_si512(out[round + 1][4 * q], k[q]);
        }
    }
}

/* Encrypt 48 blocks under one key, four of them a register, in place. */
AVX512_INLINE void encrypt_group(const lanes key[AES_ROUNDS + 1], lanes block[GROUP_REGISTERS])
{
    UNROLL for (int e = 0; e < GROUP_REGISTERS; e++) block[e] = _mm512_xor_si512(block[e], key[0]);
    UNROLL for (int round = 1; round < AES_ROUNDS; round++)
        UNROLL for (int e = 0; e < GROUP_REGISTERS; e++)
            block[e] = _mm512_aesenc_epi128(block[e], key[round]);
    UNROLL for (int e = 0; e < GROUP_REGISTERS; e++)
        block[e] = _mm512_aesenclast_epi128(block[e], key[AES_ROUNDS]);
}

/* Padded data (cryptography specification, "EN-RPI", six zeros, interval) of four
 * consecutive intervals. */
AVX512_INLINE lanes first_blocks(uint32_t interval)
{
    const __m128i text = _mm_loadu_si128((const __m128i *)GAEN_PADDED_DATA);
    const lanes ahead = _mm512_set_epi32(3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_add_epi32(_mm512_broadcast_i32x4(text),
                            _mm512_maskz_add_epi32(0x8888, ahead, avx512_word(interval)));
}

AVX512_INLINE void load_group(lanes block[GROUP_REGISTERS], lanes *next)
{
    const lanes four = _mm512_maskz_set1_epi32(0x8888, 4);
    UNROLL for (int e = 0; e < GROUP_REGISTERS; e++) {
        block[e] = *next;
        *next = _mm512_add_epi32(*next, four);
    }
}

/* The first word of each of sixteen blocks, in order. */
AVX512_INLINE lanes prefixes(const lanes block[4])
{
    const lanes firsts = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 28, 24, 20, 16, 12, 8, 4, 0);
    lanes low = _mm512_permutex2var_epi32(block[0], firsts, block[1]);
    lanes high = _mm512_permutex2var_epi32(block[2], firsts, block[3]);
    return _mm512_inserti64x4(low, _mm512_castsi512_si256(high), 1);
}

/* What the vectors did not dismiss: lane << 8 | position, and the prefix. */
struct passed {
    uint32_t place[GAEN_MOST_SURVIVORS + 16];
    uint32_t prefix[GAEN_MOST_SURVIVORS + 16];
};

/* The prefixes of a group that is still to be looked up, and where they are from. */
struct pending {
    lanes prefix[GROUP / 16];
    lanes place;
    __mmask16 valid;
};

/* Look up a part of a group; add what passes after `count` others, return how many there
 * are then. The count goes from hand to hand in a register: in memory every part would
 * wait for it. */
AVX512_INLINE unsigned look_up_part(const struct day_filter *filter, int folded,
                                    struct pending *pending, int part, struct passed *passed,
                                    unsigned count)
{
    lanes prefix = pending->prefix[part];
    __mmask16 kept = folded ? avx512_in_registers(filter, prefix)
                            : avx512_in_memory(filter, prefix);
    kept &= pending->valid;
    _mm512_storeu_si512(passed->place + count, _mm512_maskz_compress_epi32(kept, pending->place));
    _mm512_storeu_si512(passed->prefix + count, _mm512_maskz_compress_epi32(kept, prefix));
    pending->place = avx512_add(pending->place, avx512_word(16));
    return count + (unsigned)__builtin_popcount(kept);
}

AVX512_INLINE void load_round_keys(const round_keys keys, unsigned lane,
                                   lanes out[AES_ROUNDS + 1])
{
    for (int round = 0; round <= AES_ROUNDS; round++)
        out[round] = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)keys[round][lane]));
}

/* Derive and look up a batch. The look-ups of a group are done between the AES rounds of
 * the next: these keep two units of the processor busy, and those the others. */
AVX512_INLINE unsigned look_up(const struct gaen_batch *batch, const struct day_filter *filter,
                               int folded, round_keys *keys, struct passed *passed)
{
    const lanes along = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    struct pending pending = {.valid = 0, .place = _mm512_setzero_si512()};
    unsigned count = 0;
    UNROLL for (int part = 0; part < GROUP / 16; part++) pending.prefix[part] = pending.place;
    for (unsigned lane = 0; lane < BATCH_KEYS; lane++) {
        lanes key[AES_ROUNDS + 1], block[GROUP_REGISTERS];
        load_round_keys(keys[lane / SET_KEYS], lane % SET_KEYS, key);
        for (unsigned at = 0; at < GAEN_POSITIONS; at += GROUP) {
            if (at + GROUP <= batch->first[lane] || at >= batch->end[lane]) continue;
            lanes next = first_blocks(batch->start[lane] + at);
            load_group(block, &next);
            UNROLL for (int e = 0; e < GROUP_REGISTERS; e++)
                block[e] = _mm512_xor_si512(block[e], key[0]);
            UNROLL for (int round = 1; round < AES_ROUNDS; round++) {
                UNROLL for (int e = 0; e < GROUP_REGISTERS; e++)
                    block[e] = _mm512_aesenc_epi128(block[e], key[round]);
                if (round % 3 == 0)
                    count = look_up_part(filter, folded, &pending, round / 3 - 1, passed, count);
            }
            UNROLL for (int e = 0; e < GROUP_REGISTERS; e++)
                block[e] = _mm512_aesenclast_epi128(block[e], key[AES_ROUNDS]);
            UNROLL for (int part = 0; part < GROUP / 16; part++)
                pending.prefix[part] = prefixes(block + 4 * part);
            pending.place = avx512_add(along, avx512_word(lane << 8 | at));
            pending.valid = 0xffff;
        }
    }
    UNROLL for (int part = 0; part < GROUP / 16; part++)
        count = look_up_part(filter, folded, &pending, part, passed, count);
    return count;
}

static AVX512 unsigned survivors(const struct gaen_batch *batch, const struct day_filter *filter,
                                 struct survivor *out)
{
    uint8_t derived[BATCH_KEYS * 16];
    round_keys keys[SETS];
    struct passed passed;
    id_keys(batch->key[0], derived);
    BOTH expand_keys(derived + 256 * set, keys[set]);
    const unsigned n_passed = filter->folded ? look_up(batch, filter, 1, keys, &passed)
                                             : look_up(batch, filter, 0, keys, &passed);
    unsigned count = 0;
    for (unsigned i = 0; i < n_passed; i++) {
        unsigned lane = passed.place[i] >> 8, position = passed.place[i] & 255;
        if (position < batch->first[lane] || position >= batch->end[lane]
            || !filter_may_hold(filter, passed.prefix[i]))
            continue;
        __m128i key[AES_ROUNDS + 1];
        for (int round = 0; round <= AES_ROUNDS; round++)
            key[round] = _mm_loadu_si128((const __m128i *)keys[lane / SET_KEYS][round][lane % SET_KEYS]);
        __m128i id = aesni_encrypt(key, aesni_padded_data(batch->start[lane] + position));
        _mm_storeu_si128((__m128i *)out[count].id, id);
        out[count].lane = (uint8_t)lane;
        out[count].position = (uint8_t)position;
        count++;
    }
    return count;
}

static AVX512 void fold(const struct gaen_batch *batch, uint8_t sum[ID_BYTES])
{
    uint8_t derived[BATCH_KEYS * 16];
    round_keys keys[SETS];
    lanes all = _mm512_setzero_si512();
    id_keys(batch->key[0], derived);
    BOTH expand_keys(derived + 256 * set, keys[set]);
    for (unsigned lane = 0; lane < BATCH_KEYS; lane++) {
        lanes key[AES_ROUNDS + 1], block[GROUP_REGISTERS];
        load_round_keys(keys[lane / SET_KEYS], lane % SET_KEYS, key);
        lanes next = first_blocks(batch->start[lane]);
        for (unsigned at = 0; at < GAEN_POSITIONS; at += GROUP) {
            load_group(block, &next);
            encrypt_group(key, block);
            UNROLL for (int e = 0; e < GROUP_REGISTERS; e++) all = _mm512_xor_si512(all, block[e]);
        }
    }
    __m128i parts[4];
    _mm512_storeu_si512(parts, all);
    __m128i joined = _mm_xor_si128(_mm_xor_si128(parts[0], parts[1]),
                                   _mm_xor_si128(parts[2], parts[3]));
    joined = _mm_xor_si128(joined, _mm_loadu_si128((const __m128i *)sum));
    _mm_storeu_si128((__m128i *)sum, joined);
}

const struct gaen_kernel gaen_avx512 = {survivors, fold};

#endif
