/* Socket addresses, to and from text. */
#include "proxy/net/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/un.h>

bool address_unix(struct address *out, const char *folder, uint16_t port)
{
    struct sockaddr_un *unix_at = (struct sockaddr_un *)&out->at;
    *out = (struct address){.length = sizeof *unix_at};
    unix_at->sun_family = AF_UNIX;
    int length = snprintf(unix_at->sun_path, sizeof unix_at->sun_path, "%s/.s.PGSQL.%u", folder,
                          (unsigned)port);
    return length > 0 && (size_t)length < sizeof unix_at->sun_path;
}

bool address_numeric(struct address *out, const char *host, uint16_t port)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo *found;
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        return false;
    }
    out->length = found->ai_addrlen;
    memcpy(&out->at, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

void address_text(const struct address *address, char out[ADDRESS_TEXT_BYTES])
{
    const struct sockaddr_un *unix_at = (const struct sockaddr_un *)&address->at;
    if (address->at.ss_family == AF_UNIX) {
        bool named = address->length > sizeof(sa_family_t) && unix_at->sun_path[0] != 0;
        snprintf(out, ADDRESS_TEXT_BYTES, "%s", named ? unix_at->sun_path : "unix");
        return;
    }
    char host[80]; /* 45 characters of IPv6, '%', an interface name of 15, and room */
    if (getnameinfo((const struct sockaddr *)&address->at, address->length, host, sizeof host, NULL,
                    0, NI_NUMERICHOST) != 0) {
        snprintf(host, sizeof host, "?");
    }
    const char *format = address->at.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u";
    snprintf(out, ADDRESS_TEXT_BYTES, format, host, (unsigned)address_port(address));
}

uint16_t address_port(const struct address *address)
{
    switch (address->at.ss_family) {
    case AF_INET:
        return ntohs(((const struct sockaddr_in *)&address->at)->sin_port);
    case AF_INET6:
        return ntohs(((const struct sockaddr_in6 *)&address->at)->sin6_port);
    default:
        return 0;
    }
}

void address_set_port(struct address *address, uint16_t port)
{
    if (address->at.ss_family == AF_INET) {
        ((struct sockaddr_in *)&address->at)->sin_port = htons(port);
    } else if (address->at.ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)&address->at)->sin6_port = htons(port);
    }
}

void address_tune(int fd, const struct address *address)
{
    if (address->at.ss_family == AF_UNIX) {
        return;
    }
    /* A peer that has vanished is noticed after 60 s + 4 * 15 s = 2 min; the system's own default
     * is two hours. An option that cannot be set leaves the connection usable. */
    const struct {
        int level, name, value;
    } options[] = {{IPPROTO_TCP, TCP_NODELAY, 1},
                   {SOL_SOCKET, SO_KEEPALIVE, 1},
                   {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                   {IPPROTO_TCP, TCP_KEEPINTVL, 15},
                   {IPPROTO_TCP, TCP_KEEPCNT, 4}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
    }
}
