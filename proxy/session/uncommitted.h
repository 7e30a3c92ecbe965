/* The rule ban-uncommitted-transaction at run time: a transaction that has changed the schema holds
 * its locks until it ends, and whoever needs the table waits.
 *
 *      ALTER TABLE done .......... COMMIT          open for long: told at its COMMIT
 *          \-- idle: told --- idle: ended (BLOCK)  left alone: told, then ended
 *
 * A transaction that has failed holds nothing any more, and one that is at work may have good
 * reasons: only its client's silence is watched. */
#ifndef PROXY_SESSION_UNCOMMITTED_H
#define PROXY_SESSION_UNCOMMITTED_H

#include "policy/settings.h"
#include "proxy/session/session.h"

/* Of the changes that wait for the end of their transaction; nothing unless there are any. */
struct uncommitted {
    uint64_t since_us;  /* the first of them was done */
    uint64_t silent_us; /* its client has been silent since then; 0: it is not */
    enum action action; /* the strongest that any of them wants */
    bool is_told;       /* of this silence */
    bool is_deaf;       /* the client wants no notices */
};

/* A change has been added to session->transaction. `settings` are those it was decided by, with
 * what its own comments allow. */
void uncommitted_add(struct session *session, const struct settings *settings, bool is_deaf);
/* To be asked at the end of every call: when the clock should ring; 0: never. */
uint64_t uncommitted_deadline(struct session *session);
void uncommitted_on_timer(struct session *session, struct effects *effects);
/* The transaction commits: if that took long, a notice is appended to *out. */
void uncommitted_tell_end(const struct session *session, struct buffer *out);

#endif
