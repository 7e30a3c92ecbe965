/* See turn.h. Without a server there is no table, and without memory no line: then everybody goes
 * at once, as PostgreSQL itself would have it. */
#include "proxy/net/turn.h"

#include "proxy/net/link_state.h"
#include "proxy/net/maintenance_lock.h"

void turn_ask(struct link *link)
{
    const struct upstream *upstream = link->upstream;
    struct buffer key = {0};
    buffer_append_format(&key, "%s:%u/", upstream->host, (unsigned)upstream->port);
    buffer_append_span(&key, link_database(link)); /* clients may have several names for it */
    buffer_append_text(&key, "/");
    buffer_append_span(&key, session_turn_table(link->session));
    buffer_reset(&link->ahead);
    bool joined =
        !key.failed && queue_join(link->worker->proxy->queue, &link->turn, link, buffer_span(&key),
                                  session_turn_what(link->session), &link->ahead);
    link->due |= joined && link->ahead.length > 0 ? DUE_QUEUED : DUE_TURN;
    buffer_free(&key);
}

void turn_come(struct link *link, bool waited)
{
    struct maintenance_line *line = link->worker->proxy->maintenance;
    const struct lock_target target = {.upstream = link->upstream,
                                       .database = link_database(link),
                                       .table = session_turn_table(link->session),
                                       .link_id = link->id,
                                       .number = link->locks + 1,
                                       .waited = waited};
    if (link->lock != 0) {
        return; /* a letter of the queue that has crossed with leaving it and coming back */
    }
    if (line == NULL || !lock_take(line, link, &target)) {
        link_tell(link, SESSION_TURN, span_text(waited ? "waited" : ""));
        return;
    }
    link->lock = ++link->locks;
}

/* The lock first: who comes next in this process finds it free. */
void turn_give_back(struct link *link)
{
    struct proxy *proxy = link->worker->proxy;
    if (link->lock != 0) {
        lock_give_back(proxy->maintenance, link->upstream, link->id, link->lock);
        link->lock = 0;
    }
    queue_leave(proxy->queue, &link->turn);
}
