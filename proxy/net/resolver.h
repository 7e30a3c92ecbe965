/* Looks up host names on a thread of its own, so that no worker waits for a name server. The same
 * sources as every other program: getaddrinfo, with the system's hosts file and name switch.
 *
 *      worker -- resolver_ask --> | queue | --> getaddrinfo --> mail --> worker
 *
 * All requests for the same host that wait when an answer comes get that answer. Nothing is kept.
 */
#ifndef PROXY_NET_RESOLVER_H
#define PROXY_NET_RESOLVER_H

#include "proxy/net/address.h"
#include "proxy/net/worker.h"

struct resolver;

#define RESOLVE_MOST 8 /* addresses of one name that are worth trying */

struct resolve {
    struct mail mail; /* delivered to `worker` when the answer is there */
    struct worker *worker;
    void *who; /* the asker's own */
    char *host;
    uint16_t port;
    size_t count; /* 0: `error` says why */
    int error;    /* of getaddrinfo */
    struct address addresses[RESOLVE_MOST];
    struct resolve *next;
};

struct resolver *resolver_new(char **why);
/* Waits at most a second for a look-up that is under way; requests still queued are answered with
 * EAI_AGAIN. After the workers have been joined, before they are freed. NULL is fine. */
void resolver_free(struct resolver *resolver);

/* The answer comes as mail: `deliver` takes the request over and frees it with resolve_free. NULL:
 * no memory. `host` is copied. */
struct resolve *resolver_ask(struct resolver *resolver, struct worker *worker, const char *host,
                             uint16_t port, void (*deliver)(struct mail *, bool), void *who);
void resolve_free(struct resolve *resolve);

#endif
