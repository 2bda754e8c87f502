#include "dispatch.h"

#include <string.h>

#include "cpu.h"

#if defined(__x86_64__)
extern const struct gaen_kernel gaen_avx512, gaen_vaes256, gaen_aesni;
extern const struct bluezone_kernel bluezone_avx512, bluezone_shani;
const struct variant variants[] = {
    {"avx512", cpu_has_avx512_vaes, &gaen_avx512, &bluezone_avx512},
    {"vaes256", cpu_has_avx2_vaes_sha, &gaen_vaes256, &bluezone_shani},
    {"aesni", cpu_has_aes_sha, &gaen_aesni, &bluezone_shani},
};
const size_t n_variants = 3;
#elif defined(__aarch64__)
extern const struct gaen_kernel gaen_armv8;
extern const struct bluezone_kernel bluezone_armv8;
const struct variant variants[] = {
    {"armv8", cpu_has_armv8_crypto, &gaen_armv8, &bluezone_armv8},
};
const size_t n_variants = 1;
#else
const struct variant variants[] = {{NULL, NULL, NULL, NULL}};
const size_t n_variants = 0;
#endif

const struct variant *find_variant(const char *name)
{
    for (size_t i = 0; i < n_variants; i++)
        if (strcmp(variants[i].name, name) == 0 && variants[i].supported()) return &variants[i];
    return NULL;
}
