/* The worker's side of builds beside a session: orders to the maintenance thread. Each but a cancel
 * is answered by one letter, SESSION_ASIDE_DONE or SESSION_ASIDE_FAILED. */
#ifndef PROXY_NET_MAINTENANCE_ASIDE_H
#define PROXY_NET_MAINTENANCE_ASIDE_H

#include "proxy/net/proxy.h"

struct link;

struct aside_target {
    const struct upstream *upstream;
    struct span database; /* as the client calls it */
    uint32_t client_pid;  /* the server process whose transaction waits */
    uint64_t link_id;
};

/* On the link's worker. What is given is copied. False: no memory, and nothing is ordered. */
MUST_USE bool aside_prepare(struct maintenance_line *line, struct link *link,
                            const struct aside_target *target, const struct session_aside *aside);
MUST_USE bool aside_go_ahead(struct maintenance_line *line, struct link *link, uint64_t link_id);
/* Also of one that is not there. Without memory it goes on until the session's end is noticed. */
void aside_give_up(struct maintenance_line *line, uint64_t link_id);

#endif
