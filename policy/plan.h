/* The steps that carry a decision out, as data: printable before anything runs. A step is a whole
 * exchange with the server; how it is put on the wire is the runner's business.
 *
 *      GUARD    a set_config() that sets our timeouts; the old values are in facts
 *      GATE     fails with 55P03 while a concurrent build would get stuck
 *      CLEAN    a query whose rows are statements to be run, one by one (drop an invalid leftover)
 *      PART     a statement of a change that is made in several: each is an exchange and a
 *               transaction of its own; its failure is the change's failure
 *      BATCH    a statement that is sent again, after a pause, for as long as its one row says so;
 *               each time an exchange and a transaction of its own (plan_fill.c)
 *      RUN      the client's statement, as it came or rewritten; of a change in several parts the
 *               last one. Its reply is the client's
 *      SETTINGS a query in the client's session; its one value is a text of statements that give
 *               another session the same settings and role
 *      ASIDE    a statement over a connection of the proxy's own while the client's transaction
 *               waits: first a query that says why it cannot be, then a GATE, then the build
 *      SAVE     in a transaction: a savepoint of ours, so that the RUN may fail and be tried again
 *      BACK     back to it, before another try
 *      RELEASE  and done with it, when the RUN has succeeded
 *      UNDO     as CLEAN, but only when the change has failed and is not tried again
 *      NOOP     nothing is run: the statement would change nothing, and is answered with its tag
 *      RESTORE  puts the old settings back
 *
 * A step that fails with one of the retryable SQLSTATEs (55P03, 40P01) is tried again from its
 * `retry_from` on, after a pause, until attempts or total time are used up. Any other error
 * of a GATE is for the RUN to meet, in its own words. */
#ifndef POLICY_PLAN_H
#define POLICY_PLAN_H

#include "policy/decide.h"
#include "policy/sql/sql.h"

#define STEP_KINDS(X)                                                                              \
    X(GUARD, "guard")                                                                              \
    X(GATE, "gate")                                                                                \
    X(CLEAN, "clean")                                                                              \
    X(PART, "part")                                                                                \
    X(SETTINGS, "settings")                                                                        \
    X(ASIDE, "aside")                                                                              \
    X(BATCH, "batch")                                                                              \
    X(SAVE, "save")                                                                                \
    X(BACK, "back")                                                                                \
    X(RELEASE, "release")                                                                          \
    X(RUN, "run")                                                                                  \
    X(UNDO, "undo")                                                                                \
    X(RESTORE, "restore")                                                                          \
    X(NOOP, "noop")                                                                                \
    X(REFUSE, "refuse")

enum step_kind {
#define X(name, text) STEP_##name,
    STEP_KINDS(X)
#undef X
};

struct step {
    enum step_kind kind;
    struct span sql; /* into plan.text; RUN with an empty span: the client's own bytes, unchanged */
    bool retry;      /* a lock timeout or deadlock here is worth another try */
    size_t retry_from; /* the step that a new try begins at: itself, or what must come before it */
    /* UNDO: the step whose work it takes back. It is due when the change has failed and that step
     * has succeeded, or, with undo_started, has been begun: a build that fails leaves its index. */
    size_t undo_of;
    bool undo_started;
    /* RUN, PART, the first ASIDE: an index, CONCURRENTLY, and so it waits for every older snapshot
     * of its database. */
    bool builds;
    /* PART: a query; its rows are statements, which are the part, one after the other. */
    bool lists;
    /* PART: done, it is not taken back when a later one fails, and cut off, its UNDO makes it
     * whole. The client and the ledger are told of both. */
    bool stays;
    /* PART that stays: once it has ended a cancel comes too late, and when it has failed the next
     * part finds out how far it came: completes it, or fails because nothing was begun. */
    bool is_final;
    /* PART that stays: once it has succeeded a cancel comes too late. */
    bool is_binding;
    /* BATCH: how many parameters it has. They are what the batch before it, this one or the step's
     * before, has answered behind its first two columns; NULL where there was no answer. */
    unsigned parameters;
    /* What stands for the server's own words. PART: an integrity violation (class 23) here means
     * that the column called `as_text` has a NULL (23502), or else what `as_text` says, where % is
     * the table's name; and the client is told so with this SQLSTATE.
     * NOOP: the message of the NOTICE that PostgreSQL would give; empty: none.
     * Without an SQLSTATE, of a PART that stays: what it is called, for its SQL is no good name. */
    const char *as_sqlstate; /* constant; NULL: as it came */
    struct span as_text;     /* into plan.text */
};

/* What the change makes under a name of ours, until the RUN gives it its own: so what the server
 * says about the one the client is told about the other. */
struct plan_alias {
    char ours[NAME_BYTES], own[NAME_BYTES];
};

struct plan {
    struct buffer text; /* owns every step's SQL; do not append after plan_build */
    struct step *steps; /* owned */
    size_t count;
    uint32_t attempts; /* 1: never again */
    uint32_t total_ms; /* over all tries, pauses included */
    uint32_t backoff_ms, backoff_max_ms;
    uint32_t pause_ms;        /* between two sendings of a BATCH */
    uint32_t deadline_ms;     /* the RUN step is cancelled after this; 0: never */
    uint32_t lock_timeout_ms; /* in force around the RUN; 0: none (for the ledger) */
    bool guard_local;         /* the guard was set for the transaction only: it needs no debt */
    bool unguarded;           /* it wants a lock timeout that could not be put back */
    /* The part of the client's message that a RUN with a text of its own stands in for: the one
     * statement, or all of the message; and what was inserted there. */
    size_t replaced_at, replaced_length;
    struct splice splice;
    size_t aside; /* the first ASIDE; 0: there is none */
    struct plan_alias aliases[STATEMENT_ACTIONS_MAX];
    size_t alias_count;
    const char *tag; /* the client's, where the RUN's own is another; NULL: the RUN's. Constant */
    /* Statements of ours in that text, each by the client's statement that it stands before: their
     * replies are not for the client. */
    size_t own[SPLICES_MOST];
    size_t own_count;
    /* Says what was changed, what could not be and why; empty: nothing to say. Into text. */
    struct span notice;
    struct span notice_hint;
};

/* A request of the client: one statement, or all of one message. All borrowed. */
struct plan_request {
    const struct statement *statements; /* of the one message, in order */
    size_t count;
    struct span text;                 /* the whole message text */
    const struct decision *decisions; /* one per statement */
    const struct situation *now;
    const struct facts *facts; /* of the one guarded statement; unknown when several */
    const struct settings *settings;
    size_t parse_limit; /* bytes that may be given to the grammar at a time */
};

/* Builds the plan; free it with plan_free, also after false (no memory).
 *
 * - settings->mode observe: one RUN.
 * - a blocked statement: one REFUSE step, a statement that fails on the server.
 * - CREATE INDEX, DROP INDEX, REINDEX rewritten (one statement, verdict rewrite, and
 *   sql_make_concurrent succeeds), or CONCURRENTLY asked for by the client itself and alone:
 *   GUARD GATE CLEAN GUARD(0) RUN UNDO RESTORE, where the first GUARD limits the locks of CLEAN and
 *   the second lifts all timeouts. When the proof fails, the plain guarded form and a notice.
 * - any other guarded statement: GUARD RUN RESTORE; RUN alone when the settings are not known (they
 *   could not be put back), when the client's own lock timeout is as strict, and when the client
 *   itself sets it in the same message.
 * - guarded statements among transaction control: RUN [RESTORE], the guard being statements of ours
 *   in the client's text.
 * - transaction control and the rest: RUN alone. */
MUST_USE bool plan_build(const struct plan_request *request, struct plan *out);
void plan_free(struct plan *plan);

const char *step_kind_name(enum step_kind kind);
/* Appends the plan for people, one step a line: "guard    SELECT …". `text` is the client's. */
void plan_describe(const struct plan *plan, struct span text, struct buffer *out);

#endif
