/* x86: CPUID and the registers that the system saves (Intel SDM, volume 1, 13.3 and 15.2). */
#include "cpu.h"

#include <stdint.h>

#if defined(__x86_64__)

#include <cpuid.h>

enum { XMM_YMM = 0x06, ZMM = 0xe6 };

static int saves(uint32_t registers)
{
    uint32_t a, b, c, d;
    /* Without OSXSAVE the next instruction does not exist. */
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return 0;
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & registers) == registers;
}

static int has_aes(void)
{
    uint32_t a, b, c, d;
    const uint32_t needed = bit_AES | bit_SSE4_1 | bit_SSSE3;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & needed) == needed;
}

/* Leaf 7: all of the given bits of EBX and of ECX. */
static int has_extended(uint32_t in_ebx, uint32_t in_ecx)
{
    uint32_t a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & in_ebx) == in_ebx
        && (c & in_ecx) == in_ecx;
}

enum { EBX_AVX2 = 1 << 5, EBX_AVX512F = 1 << 16, EBX_SHA = 1 << 29, EBX_AVX512BW = 1 << 30 };
#define EBX_AVX512VL (1u << 31)
enum { ECX_VAES = 1 << 9 };

int cpu_has_aes_sha(void) { return has_aes() && has_extended(EBX_SHA, 0); }

int cpu_has_avx2_vaes_sha(void)
{
    return has_aes() && has_extended(EBX_SHA | EBX_AVX2, ECX_VAES) && saves(XMM_YMM);
}

int cpu_has_avx512_vaes(void)
{
    return has_aes() && has_extended(EBX_AVX512F | EBX_AVX512BW | EBX_AVX512VL, ECX_VAES)
        && saves(ZMM);
}

#elif defined(__aarch64__)

#if defined(__linux__)
#include <sys/auxv.h>
#endif

int cpu_has_armv8_crypto(void)
{
#if defined(__linux__)
    enum { HWCAP_AES_BIT = 1 << 3, HWCAP_SHA2_BIT = 1 << 6 };
    unsigned long needed = HWCAP_AES_BIT | HWCAP_SHA2_BIT;
    return (getauxval(AT_HWCAP) & needed) == needed;
#elif defined(__APPLE__)
    /* Every processor of Apple's with this instruction set has both. */
    return 1;
#else
    return 0;
#endif
}

#endif
