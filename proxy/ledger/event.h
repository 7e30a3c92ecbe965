/* One event in the life of a change, as the session hands it over and as the journal keeps it
 * (docs/ledger-events.md), and the fold: what the change looks like after it. Pure: no file, no
 * clock. */
#ifndef PROXY_LEDGER_EVENT_H
#define PROXY_LEDGER_EVENT_H

#include <jansson.h>

#include "proxy/ledger/change_id.h"

/* value, name in the journal, the state that the change has after it (NULL: as it was) */
#define EVENT_KINDS(X)                                                                             \
    X(EVENT_INTENDED, "intended", "intended")                                                      \
    X(EVENT_DENIED, "denied", "denied")                                                            \
    X(EVENT_FORWARDED, "forwarded", "in_flight")                                                   \
    X(EVENT_RETRY, "retry", NULL)                                                                  \
    X(EVENT_PROGRESS, "progress", NULL)                                                            \
    X(EVENT_STMT_OK, "stmt_ok", "stmt_ok")                                                         \
    X(EVENT_COMMITTED, "committed", "committed")                                                   \
    X(EVENT_ROLLED_BACK, "rolled_back", "rolled_back")                                             \
    X(EVENT_UNDONE_BY_SAVEPOINT, "undone_by_savepoint", "undone_by_savepoint")                     \
    X(EVENT_FAILED, "failed", "failed")                                                            \
    X(EVENT_NO_OP, "no_op", "no_op")                                                               \
    X(EVENT_PREPARED, "prepared", "prepared")                                                      \
    X(EVENT_UNKNOWN, "unknown", "unknown")                                                         \
    X(EVENT_COMPLETED, "completed", NULL)                                                          \
    X(EVENT_NEEDS_CLEANUP, "needs_cleanup", NULL)                                                  \
    X(EVENT_CLEANED_UP, "cleaned_up", NULL)                                                        \
    X(EVENT_CLEANUP_FAILED, "cleanup_failed", NULL)

enum event_kind {
#define EVENT_KIND_VALUE(value, name, state) value,
    EVENT_KINDS(EVENT_KIND_VALUE)
#undef EVENT_KIND_VALUE
};

struct event {
    enum event_kind kind;
    struct change_id change_id;
    int64_t at_us; /* microseconds since 1970, UTC */
    json_t *body;  /* owned; the whole object, the three above included */
};

const char *event_kind_name(enum event_kind kind);
const char *event_kind_state(enum event_kind kind); /* NULL: leaves the state as it was */
/* Whether some kind of event leads to a state of this name. */
bool event_state_exists(const char *state);

/* Reads one line. False: it is no event; *why (malloc'd, the caller frees) says what is wrong with
 * it, and *out need not be freed. */
MUST_USE bool event_parse(struct span line, struct event *out, char **why);
/* Makes an event of the ledger's own: `unknown`, with a message. False: no memory. */
MUST_USE bool event_make_unknown(const struct change_id *id, int64_t at_us, const char *message,
                                 struct event *out);
void event_free(struct event *event);

/* Folds an event into its change: keys of the event replace those of the change, except `times`,
 * which is merged key by key; `state` follows the kind. What belongs to the event alone (v, seq,
 * kind, at) stays out. False: no memory, and *change may be half updated. */
MUST_USE bool event_fold(const struct event *event, json_t *change);

#endif
