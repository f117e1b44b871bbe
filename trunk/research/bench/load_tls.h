#pragma once
// TLS of players: a handshake and a decrypter on top of a descriptor, for those whose URL says so.
// Senders name the descriptor only and need not know.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct srs_load_tls;

// For a connected descriptor, which stays the caller's and outlives this.
struct srs_load_tls *srs_load_tls_new(int fd);
void srs_load_tls_free(struct srs_load_tls *tls);

// Goes on with the handshake: 1 done, 0 when the socket must be waited for, -1 failed.
int srs_load_tls_shake(struct srs_load_tls *tls);

// As recv on a descriptor that does not block, for what is inside. *taken grows by the bytes that
// were read of the socket.
ssize_t srs_load_tls_recv(struct srs_load_tls *tls, void *into, size_t size, uint64_t *taken);

// All of it, through TLS where the descriptor has it. False when the peer takes less at once.
bool srs_load_send(int fd, const void *data, size_t len);
