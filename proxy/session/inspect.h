/* SQL text into statements, and the question whether they need a plan. The scanner answers it for
 * all text; the grammar is asked only for the few that do. */
#ifndef PROXY_SESSION_INSPECT_H
#define PROXY_SESSION_INSPECT_H

#include "proxy/session/session_state.h"

/* More statements than this in one Query are taken for one that is too long to read. */
#define INSPECT_STATEMENTS_MAX 4096

struct statement_list {
    struct statement *at; /* owned */
    size_t count;
};

struct scan_options inspect_options(const struct session *session);

/* Whether a statement of this class and these words goes through the runner now. */
bool inspect_class_needs_plan(const struct session *session, const struct scan_statement *cut);
/* The hot path: scans, and stops at the first statement that does. True also when that cannot be
 * told before the wire is quiet. */
bool inspect_needs_plan(struct session *session, struct span sql);
/* What a statement means for how those behind it are to be understood: settings that texts are read
 * with, names that it frees. */
void inspect_note(struct session *session, const struct scan_statement *cut);
/* The server tells what standard_conforming_strings and client_encoding are just before it says
 * ReadyForQuery. In a session that sets them, a text that they make a difference to is read when
 * all is answered. */
bool inspect_must_wait(const struct session *session, struct span sql);

/* All statements of the text, the uninteresting ones as STATEMENT_OTHER. False: no memory. */
MUST_USE bool inspect_statements(struct session *session, struct span sql,
                                 struct statement_list *out);
/* One statement of a text that could not be read whole. */
void inspect_too_long(const struct session *session, struct span beginning, struct statement *out);

/* Whether a prepared statement is worth remembering; fills *out when it is. */
bool inspect_prepared(struct session *session, struct span sql, struct statement *out);
/* Whether executing it needs a plan now. */
bool inspect_kind_needs_plan(const struct session *session, enum statement_kind kind);

#endif
