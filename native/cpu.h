/* What the processor and the system offer; read anew on each call, a few cycles. */
#ifndef PROXIMITY_CPU_H
#define PROXIMITY_CPU_H

int cpu_has_avx512_vaes(void);
int cpu_has_avx2_vaes_sha(void);
int cpu_has_aes_sha(void);
int cpu_has_armv8_crypto(void);

#endif
