/* Socket addresses: a value that connect, bind and people understand. Nothing here blocks. */
#ifndef PROXY_NET_ADDRESS_H
#define PROXY_NET_ADDRESS_H

#include <sys/socket.h>

#include "protocol/span.h"

struct address {
    socklen_t length; /* 0: none */
    struct sockaddr_storage at;
};

/* "[", an IPv6 address with its scope, "]:", a port; or the path of a unix socket. */
#define ADDRESS_TEXT_BYTES 128

/* The unix socket FOLDER/.s.PGSQL.PORT, as PostgreSQL names it. False: longer than the kernel's
 * limit for socket paths (107 bytes). */
MUST_USE bool address_unix(struct address *out, const char *folder, uint16_t port);
/* A number, without any look-up. False: it is a name. */
MUST_USE bool address_numeric(struct address *out, const char *host, uint16_t port);
/* "127.0.0.1:5432", "[::1]:5432", "/run/postgresql/.s.PGSQL.5432"; "unix" for an unnamed one. */
void address_text(const struct address *address, char out[ADDRESS_TEXT_BYTES]);
/* 0 for a unix socket. */
uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);

/* For a TCP connection: no delay (messages are written whole) and keepalive. Nothing for others. */
void address_tune(int fd, const struct address *address);

#endif
