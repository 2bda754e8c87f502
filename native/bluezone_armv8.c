/* bluezone on the ARMv8 crypto extension: four chains side by side. */
#include "kernel.h"

#if defined(__aarch64__)

#include "bluezone.h"
#include "sha256_armv8.h"

ARMV8_INLINE void load_links(uint8_t (*bytes)[BLUEZONE_KEY_BYTES], struct armv8_state link[STREAMS])
{
    EACH_STREAM
    {
        link[q].abcd = armv8_load_words(bytes[q]);
        link[q].efgh = armv8_load_words(bytes[q] + 16);
    }
}

ARMV8_INLINE void store_links(const struct armv8_state link[STREAMS],
                              uint8_t (*bytes)[BLUEZONE_KEY_BYTES])
{
    EACH_STREAM
    {
        armv8_store_words(bytes[q], link[q].abcd);
        armv8_store_words(bytes[q] + 16, link[q].efgh);
    }
}

/* Hash each link and the rest of its block. */
ARMV8_INLINE void hash_links(struct armv8_state link[STREAMS], const uint32_t rest[8])
{
    uint32x4_t w[STREAMS][4];
    EACH_STREAM
    {
        w[q][0] = link[q].abcd;
        w[q][1] = link[q].efgh;
        w[q][2] = vld1q_u32(rest);
        w[q][3] = vld1q_u32(rest + 4);
        link[q] = armv8_begin(SHA256_IV);
    }
    armv8_compress(link, w);
}

/* Bytes 0, 4, 8, 12, 16, 18, ... 30 of a link, and zeros; words lie in memory with their
 * least significant byte first. */
ARMV8_INLINE uint8x16_t pick_id(struct armv8_state link)
{
    static const uint8_t order[ID_BYTES] = {3,  7,  11, 15, 19, 17, 23, 21,
                                            27, 25, 31, 29, 32, 32, 32, 32};
    const uint8x16x2_t words = {{vreinterpretq_u8_u32(link.abcd), vreinterpretq_u8_u32(link.efgh)}};
    return vqtbl2q_u8(words, vld1q_u8(order));
}

static ARMV8 unsigned survivors(struct bluezone_batch *batch, const struct day_filter *filter,
                                struct survivor *out)
{
    unsigned count = 0;
    for (unsigned lane = 0; lane < BATCH_KEYS; lane += STREAMS) {
        const uint8_t *steps = batch->steps + lane;
        struct armv8_state link[STREAMS];
        unsigned most = 0;
        EACH_STREAM most = steps[q] > most ? steps[q] : most;
        load_links(batch->link + lane, link);
        for (unsigned step = 0; step < most; step++) {
            hash_links(link, batch->begins && step == 0 ? BLUEZONE_SALT : BLUEZONE_LINK);
            EACH_STREAM
            {
                uint8x16_t id = pick_id(link[q]);
                uint32_t prefix = vgetq_lane_u32(vreinterpretq_u32_u8(id), 0);
                if (step >= steps[q] || !filter_may_hold(filter, prefix)) continue;
                vst1q_u8(out[count].id, id);
                out[count].lane = (uint8_t)(lane + (unsigned)q);
                out[count++].position = (uint8_t)step;
            }
        }
        store_links(link, batch->link + lane);
    }
    return count;
}

static ARMV8 void advance(uint8_t keys[BATCH_KEYS][BLUEZONE_KEY_BYTES], uint32_t days)
{
    for (unsigned lane = 0; lane < BATCH_KEYS; lane += STREAMS) {
        struct armv8_state link[STREAMS];
        load_links(keys + lane, link);
        for (uint32_t day = 0; day < days; day++) hash_links(link, BLUEZONE_LINK);
        store_links(link, keys + lane);
    }
}

const struct bluezone_kernel bluezone_armv8 = {survivors, advance};

#endif
