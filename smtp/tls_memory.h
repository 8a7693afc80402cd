/* smtp/tls_memory.h: whether OpenSSL lacked memory.
 *
 * OpenSSL often goes on without, and then calls a certificate's key too weak, or the relay's handshake a failure. Who
 * is to be told so in earnest needs to know.
 *
 * Threads    each has a count of its own.
 */
#ifndef POSTERN_SMTP_TLS_MEMORY_H
#define POSTERN_SMTP_TLS_MEMORY_H

/* Once, before the first call of OpenSSL that takes memory; else nothing is counted. */
void smtp_tls_memory_watch(void);

/* How often OpenSSL was given no memory on this thread. */
unsigned smtp_tls_memory_failures(void);

#endif
