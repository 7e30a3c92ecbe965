/* The session's insides, shared by session.c, the phases and the runner, and by nobody else.
 *
 *      session.c        the phase table, the only setter of the phase, events
 *      phase_startup.c  the packets before the first tagged message, and the dialling
 *      phase_login.c    authentication, relayed, up to the first ReadyForQuery
 *      traffic_client.c client messages when ready: forward, remember, or start a plan
 *      traffic_server.c server messages when ready: forward, count, settle transactions
 *      inspect.c        SQL text into statements; which of them need a plan
 *      runner*.c        carries out one plan: probe, decision, steps, outcome */
#ifndef PROXY_SESSION_SESSION_STATE_H
#define PROXY_SESSION_SESSION_STATE_H

#include "policy/sql/scan.h"
#include "proxy/session/pipeline.h"
#include "proxy/session/prepared.h"
#include "proxy/session/session.h"
#include "proxy/session/transaction.h"
#include "proxy/session/uncommitted.h"

struct runner;

#define PHASES(X)                                                                                  \
    X(STARTUP, "startup")     /* before the StartupMessage */                                      \
    X(DIALLING, "dialling")   /* the server leg is being made */                                   \
    X(LOGIN, "login")         /* authentication is relayed */                                      \
    X(STREAMING, "streaming") /* ready: messages pass */                                           \
    X(DRAINING, "draining") /* a client message needs a plan: waiting for the wire to be quiet */  \
    X(RUNNING, "running")   /* the runner owns the wire */                                         \
    X(CANCEL, "cancel")     /* this connection was a CancelRequest */                              \
    X(CLOSING, "closing")   /* nothing is read any more */

enum phase {
#define X(name, text) PHASE_##name,
    PHASES(X)
#undef X
};

/* A message longer than the inspection limit, scanned while it streams through. */
struct long_message {
    struct scanner scanner;
    size_t left;  /* bytes of the message still to come */
    size_t names; /* bytes before the SQL text that are not scanned (a Parse's name) */
    bool sent;    /* some of it is with the server already */
};

struct session {
    /* What every call looks at comes first, so that it shares cache lines. */
    const struct session_options *options;
    uint64_t wall_us; /* of the call under way */
    uint64_t now_us;
    enum phase phase;
    bool replication;
    bool standard_strings;
    bool readings_change; /* the client sets what its texts are to be read with: inspect.h */
    bool shutting_down;
    bool is_early;    /* the client has sent more than the login needs: it is not read meanwhile */
    bool client_gone; /* end of its bytes: nothing more to read from it */
    bool client_lost; /* nobody reads what is sent to it either */
    bool server_finished; /* … and the server was told so: not a byte goes there any more */
    bool awaits_ledger;   /* both sides are held until the ledger has answered */
    bool flushed;         /* a Flush of ours is out to drain the batch */
    uint8_t encoding;     /* enum scan_encoding */
    size_t skip_client, skip_server;   /* rest of a message that is passing, in bytes */
    size_t drop_client;                /* … that is dropped */
    struct long_message *long_message; /* NULL nearly always */
    struct runner *runner;             /* NULL unless draining or running */
    struct pipeline pipeline;
    struct migration_watch migration; /* whose session it is, as its texts tell */
    struct prepared_map prepared;
    struct buffer debt; /* SQL of a RESTORE that is owed until the session is idle */
    struct transaction transaction;
    struct uncommitted uncommitted;

    char *identity; /* one block: client, user, database, application_name, NUL-separated */
    const char *client, *user, *database;
    char *application;      /* owned: may change with SET application_name */
    char encoding_name[24]; /* as the server tells it: longer than any of src/common/encnames.c */
    struct buffer startup;  /* the StartupMessage until the server has it */
    struct buffer key;      /* the cancel key */
    uint32_t pid;
    uint32_t server_version; /* server_version_num */
    uint64_t random;
};

/* Nothing is unanswered, and no message of the server's is half on its way to the client: the
 * runner may take over. */
static inline bool session_is_quiet(const struct session *session)
{
    return pipeline_is_quiet(&session->pipeline) && session->skip_server == 0;
}

/* The only setter of the phase. */
void session_enter(struct session *session, enum phase phase, struct effects *effects);

/* Ends this session: tells the client (FATAL, when sqlstate is not NULL) and closes both legs. */
void session_end(struct session *session, const char *sqlstate, const char *message,
                 struct effects *effects);
/* A line for the log: level is "error", "warn", "info" or "debug". */
void session_log(struct effects *effects, const char *level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Hands out ledger lines that the session waits for. */
void session_await_ledger(struct session *session, struct effects *effects);

/* The handlers of each phase; they return whether to call again with the rest. */
bool startup_on_client(struct session *session, struct span in, struct effects *effects);
bool login_on_client(struct session *session, struct span in, struct effects *effects);
bool login_on_server(struct session *session, struct span in, struct effects *effects);
bool traffic_on_client(struct session *session, struct span in, struct effects *effects);
bool traffic_on_server(struct session *session, struct span in, struct effects *effects);

/* ParameterStatus, in login and later. */
void session_note_parameter(struct session *session, struct span body);
/* The StartupMessage goes to the server as it came, but for `dbname` when that is not empty. */
void startup_send(struct session *session, struct span dbname, struct effects *effects);
bool startup_set_identity(struct session *session, struct span parameters, const char *client);

#endif
