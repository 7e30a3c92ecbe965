/* A connection of the proxy's own to one database, on the maintenance thread's event loop: it is
 * made, asked one text after the other, and given up. It never blocks but to look up a host name,
 * and it never tries again by itself: that is its owner's business.
 *
 *      call_new --> CALL_READY --> call_ask --> CALL_ANSWER --> call_ask --> …
 *                                          \--> CALL_LOST: only call_free is left */
#ifndef PROXY_NET_MAINTENANCE_CALL_H
#define PROXY_NET_MAINTENANCE_CALL_H

#include "config/config.h"

struct call;
struct event_base;
struct pg_result; /* libpq's PGresult */

enum call_news { CALL_READY, CALL_ANSWER, CALL_LOST };

/* `result`, of CALL_ANSWER: that of the statement that has failed, else of the text's last one;
 * borrowed. `why`: NULL when all went well, else what to tell people. The call may be asked or
 * freed from within. */
typedef void call_hear(void *who, enum call_news news, const struct pg_result *result,
                       const char *why);

/* Begins to connect, as the maintenance user. NULL: no memory. `hear` is not called before this has
 * returned. */
struct call *call_new(struct event_base *base, const struct config *config,
                      const struct upstream *upstream, const char *database, call_hear *hear,
                      void *who);
void call_free(struct call *call); /* NULL is fine */

/* One text of one or several statements, as a simple Query; CALL_LOST when there is no answer
 * within `limit_ms`. Only when there is nothing unanswered. */
void call_ask(struct call *call, const char *sql, uint32_t limit_ms);

/* Of the server's process that serves it, for pg_blocking_pids and the like; from CALL_READY on. */
int call_server_pid(const struct call *call);
/* The SQLSTATE of an answer that has failed, else "". */
const char *call_sqlstate(const struct pg_result *result);

#endif
