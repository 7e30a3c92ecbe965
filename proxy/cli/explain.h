/* `ddlguard explain`: what the proxy would do with a text, computed by the very same policy code.
 * Private to proxy/cli/explain*.c. */
#ifndef PROXY_CLI_EXPLAIN_H
#define PROXY_CLI_EXPLAIN_H

#include "policy/effect.h"
#include "policy/plan.h"
#include "policy/probe.h"
#include "policy/shadow.h"

struct explanation {
    struct span sql; /* borrowed */
    struct situation now;
    struct probe probe; /* owned; facts borrow from it */
    struct facts facts; /* of the statement `asked_about` */
    struct settings settings;
    const struct override *overrides; /* the configuration's, which the settings' origins name */
    struct statement *statements;     /* owned, like decisions and plan */
    struct decision *decisions;
    size_t count;
    size_t asked_about; /* the first guarded statement; count when there is none */
    struct plan plan;
};

void explanation_print_text(const struct explanation *explanation);
/* One JSON object on one line. False: no memory. */
bool explanation_print_json(const struct explanation *explanation);

/* A connection to ask the probe's questions over, as the client would. */
struct explain_server;

/* NULL: *why says what is wrong (malloc'd, the caller frees; NULL for no memory). */
struct explain_server *explain_server_open(const char *conninfo, char **why);
void explain_server_close(struct explain_server *server);
/* Valid until it is closed. */
struct identity explain_server_identity(const struct explain_server *server);
/* False: *why as above; then the facts are unknown. */
bool explain_server_probe(struct explain_server *server, struct probe *probe, struct facts *facts,
                          char **why);
/* Fills the answers of facts->actions; whatever fails leaves them unknown. */
void explain_server_shadow(struct explain_server *server, const struct shadow *shadow,
                           struct facts *facts);

#endif
