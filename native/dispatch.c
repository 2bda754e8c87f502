#include "dispatch.h"

#include <string.h>

#if defined(__x86_64__)
extern const struct variant gaen_avx512, gaen_vaes256, gaen_aesni;
const struct variant *const variants[] = {&gaen_avx512, &gaen_vaes256, &gaen_aesni};
const size_t n_variants = 3;
#elif defined(__aarch64__)
extern const struct variant gaen_armv8;
const struct variant *const variants[] = {&gaen_armv8};
const size_t n_variants = 1;
#else
const struct variant *const variants[] = {NULL};
const size_t n_variants = 0;
#endif

const struct variant *find_variant(const char *name)
{
    for (size_t i = 0; i < n_variants; i++)
        if (strcmp(variants[i]->name, name) == 0 && variants[i]->supported()) return variants[i];
    return NULL;
}
