/* The runner's insides, shared by the runner*.c files only. */
#ifndef PROXY_SESSION_RUNNER_STATE_H
#define PROXY_SESSION_RUNNER_STATE_H

#include "policy/plan.h"
#include "policy/probe.h"
#include "policy/shadow.h"
#include "proxy/session/change.h"
#include "proxy/session/runner.h"

/* What the runner is waiting for. */
#define RUNNER_STATES(X)                                                                           \
    X(PROBE, "probe")         /* the answer to a question of ours */                               \
    X(SHADOW, "shadow")       /* the end of a step of the shadow probe */                          \
    X(QUEUE, "queue")         /* its turn at the table */                                          \
    X(SETTINGS, "settings")   /* what a session beside this one needs to know */                   \
    X(FIT, "fit")             /* whether an index can be built beside this session */              \
    X(ASIDE, "aside")         /* until it is built there */                                        \
    X(YIELD, "yield")         /* that other sessions let go of what a build would wait for */      \
    X(INTENT, "intent")       /* the ledger: the intent on disk */                                 \
    X(STEP, "step")           /* the end of a step of ours */                                      \
    X(GENERATED, "generated") /* the end of a statement that a CLEAN or UNDO step has named */     \
    X(RUN, "run")             /* the reply to the client's statement */                            \
    X(RESYNC, "resync")       /* ReadyForQuery for the Sync that ends a failed try */              \
    X(PAUSE, "pause")         /* the clock, before the next try */                                 \
    X(REST, "rest")           /* the clock, between two batches */                                 \
    X(OUTCOME, "outcome")     /* the ledger: the outcome on disk */                                \
    X(REFUSE, "refuse")       /* the failure of a statement of ours in the refused one's place */  \
    X(NAME, "name")           /* the answer whether a prepared statement's name is taken */        \
    X(PORTAL, "portal")       /* the end of a portal of the client's that is of no more use */     \
    X(DEBT, "debt")           /* the end of a RESTORE that was owed */

enum runner_state {
#define X(name, text) RUNNER_##name,
    RUNNER_STATES(X)
#undef X
};

/* One exchange of ours, or of the client's statement in our clothes, and what came of it. */
struct exchange {
    bool synced; /* ends with ReadyForQuery; else with the last CloseComplete, or an error */
    unsigned closes, closes_due; /* CloseComplete: seen, and the last one */
    bool within;                 /* an outer statement, whose rows are not the answer */
    bool outer_row;              /* the next row is one of those */
    bool failed;
    size_t rows;
    char sqlstate[6];
    struct buffer error;    /* the ErrorResponse as it came, whole */
    struct buffer complete; /* the CommandComplete as it came, whole */
};

/* An error of ours, said in the place of one of the server's. */
struct refusal {
    const char *sqlstate; /* NULL: none */
    char message[256], detail[512], hint[2048];
};

/* How far the batches have come. */
struct batch {
    struct buffer row;   /* the last answer, a DataRow's body: the parameters of the next */
    uint64_t rows;       /* filled */
    uint64_t told_us;    /* when that was told last; 0: no batch has been sent */
    uint64_t told_rows;  /* and how many they were */
    struct buffer error; /* what has ended them: an ErrorResponse without a detail */
};

/* A client can send only so many cancels before it has its answer. */
#define REPEATS_MOST 5u

struct runner {
    enum runner_state state;
    struct request request;
    struct decision *decisions; /* one per statement */
    struct change_id *changes;  /* one per statement; used for recorded ones */
    struct situation now;
    enum scan_encoding encoding; /* the client's */

    /* The table and what is done to it; empty: nothing to wait for. */
    struct buffer turn_table, turn_what;
    bool has_turn;

    struct probe probe;
    size_t probe_at;
    bool probe_failed;
    struct facts facts;
    struct shadow shadow;
    size_t shadow_at;
    bool shadow_in_batch; /* the batch is open again when it has ended */
    struct settings settings;
    struct plan plan;
    bool has_plan;
    bool intended; /* the ledger has the intent, and must hear of an end */
    size_t step;

    struct exchange exchange;
    struct buffer generated; /* statements that a step has named, NUL-separated */
    size_t generated_at;     /* the next one to send */
    unsigned repeats;        /* of exchanges that a late cancel has hit */
    size_t generated_sent;   /* the one under way */

    struct batch batch;

    struct buffer held; /* the reply to the client, until the outcome is on disk */
    bool released;      /* part of it has gone: no more tries */
    bool guarded;       /* a GUARD has gone: there is something to put back */
    bool run_sent, run_ended, run_failed;
    size_t failed_at; /* the step that the change has failed at */
    bool undo_failed; /* something of it is left, or may be */
    bool outcome_written;
    bool bound_again;      /* swallow the BindComplete of our second Bind */
    bool copy_in;          /* the client's statement reads CopyData */
    size_t completes;      /* CommandCompletes of the RUN: the statement under way */
    size_t own_completes;  /* … of the plan's own statements in it */
    char sqlstate[6];      /* of the RUN's error */
    struct buffer message; /* and its message text */
    struct refusal refusal;

    bool others_yielded; /* they have been asked, for the step that comes next */

    bool aside_fit, aside_unfit; /* whether it can be built beside this session; else: not asked */

    bool cancelled;
    bool too_late; /* for a cancel: a final PART has ended */
    bool in_doubt; /* it has failed: what is held is its error, until the next PART has succeeded */
    uint32_t attempt; /* of the step under way and those tried with it, from 1 */
    uint32_t retries; /* of all steps */
    uint64_t first_try_us;
    uint64_t deadline_us;
    bool watching;
    char blockers[512];
};

static inline bool runner_is_execute(const struct runner *runner)
{
    return runner->request.shape == REQUEST_EXECUTE;
}

/* Sends one statement of ours. */
void exchange_send(struct session *session, struct runner *runner, struct span sql,
                   struct effects *effects);
/* The same with parameters, in text: not on a replication connection. */
void exchange_send_bound(struct session *session, struct runner *runner, struct span sql,
                         const struct span *values, uint16_t count, struct effects *effects);
/* The same within an `outer` statement, which has two rows: the first is fetched before `sql` runs,
 * the second behind it, and takes back what the first has done. On a replication connection `sql`
 * goes alone. */
void exchange_send_within(struct session *session, struct runner *runner, struct span outer,
                          struct span sql, struct effects *effects);
/* A portal of the client's that holds a snapshot makes builds wait for its transaction. A Query
 * drops the unnamed one when it comes; an Execute leaves it, and then it must be one that has no
 * more to give. True: it is closed, in front of the exchange that is sent next, whose closes_due
 * has one more then. */
MUST_USE bool exchange_close_unnamed(struct session *session, struct effects *effects);
void exchange_free(struct exchange *exchange);

enum exchange_progress {
    EXCHANGE_GOES_ON,
    EXCHANGE_ENDED,
    EXCHANGE_FATAL, /* the server is ending the session and has said why */
};
/* One whole message of the server's while an exchange of ours is under way. Asynchronous messages
 * go to the client. `row` gets each DataRow's body; may be NULL. */
enum exchange_progress exchange_reply(struct session *session, struct runner *runner, uint8_t tag,
                                      struct span message, struct span body,
                                      void (*row)(struct runner *runner, struct span body),
                                      struct effects *effects);

/* runner.c: the order of things. */
void runner_next_step(struct session *session, struct effects *effects);
/* runner_decide.c: facts, decisions, the plan. */
void decide_start(struct session *session, struct effects *effects);
void decide_on_row(struct runner *runner, struct span body);
void decide_on_answer(struct session *session, struct effects *effects);
/* runner_run.c: the client's own statement. */
void run_send(struct session *session, struct effects *effects);
bool run_on_server(struct session *session, struct span in, struct effects *effects);
/* runner_rewrite.c, while the RUN is the step: does it have a text of its own? */
bool rewrite_is_made(const struct runner *runner);
/* The client's message with that text in it. */
void rewrite_append(const struct runner *runner, struct buffer *out);
/* The fields of a report about that step, but for the CONTEXT of one of ours in PL/pgSQL: that
 * shows the client statements that it has not written. */
void rewrite_append_words(const struct step *step, struct span body, struct buffer *out);
/* An ErrorResponse or NoticeResponse, its position as one in the client's own text. */
void rewrite_append_report(const struct session *session, struct buffer *out, uint8_t tag,
                           struct span message, struct span body);
/* runner_part.c: a change that is made in several statements, or in none. */
void part_send(struct session *session, struct effects *effects);
void part_ended(struct session *session, struct effects *effects);
/* The step that has just failed takes the whole change with it: its error is the client's. */
void part_fail(struct session *session, struct effects *effects);
void part_answer_noop(struct session *session, struct effects *effects);
/* runner_batch.c: a BATCH is a part that is sent again and again. */
void batch_send(struct session *session, const struct step *step, struct effects *effects);
/* Takes the answer of one that has succeeded: whether it is to be sent again. Then the rest before
 * that has begun, unless there is none. */
bool batch_ended(struct session *session, struct effects *effects);
void batch_on_row(struct runner *runner, struct span body);
void batch_end_rest(struct session *session, struct effects *effects);
/* How far it had come and what has become of the column, for the detail of the error that ends it;
 * empty when no row was filled. Only when the UNDO steps are over is that known. */
void batch_tell(const struct runner *runner, char *out, size_t size);
/* Appends the error that has ended the batches, with that detail; nothing when there is none. */
void batch_append_error(const struct runner *runner, struct buffer *out);
/* A progress event, if there is something new. */
void batch_write_progress(struct session *session, struct effects *effects);
/* Whether the client's statement, or what stands for it, is sent as an exchange of ours, and so has
 * its end of transaction behind it. */
bool part_is_last(const struct runner *runner);
/* Whether the change has failed in a way that leaves something for this UNDO step. */
bool part_is_undone(const struct runner *runner, const struct step *step);
/* Whether a cancel that has hit this step was for what ran before it: then it is sent again. */
bool part_hears_no_cancel(const struct runner *runner, const struct step *step);
/* runner_leftover.c: a statement, or a query whose rows are statements, that was to undo something
 * and has failed: the client, the log and the ledger hear of it. */
void leftover_tell(struct session *session, struct span sql, bool is_query,
                   struct effects *effects);
/* The same, for the log and the ledger, of all that the server's end may have left. */
void leftover_tell_possible(struct session *session, struct effects *effects);
/* The change has failed: what of it is done and stays is said to the client and appended. */
void leftover_tell_remains(struct session *session, struct buffer *out, struct effects *effects);
/* The queries of those steps, for the ledger; into *out, which must live as long. */
typedef bool leftover_chosen(const struct runner *runner, const struct step *step);
struct change_undo leftover_undo(const struct session *session, leftover_chosen *chosen,
                                 struct buffer *out);
bool leftover_any(const struct runner *runner, const struct step *step); /* that undoes anything */
/* An UNDO's statement has been run: if it has brought its part to the end, that is told, too. */
void leftover_tell_completed(struct session *session, struct effects *effects);
/* An index that was built beside the session has come to nothing: for the ledger. */
void leftover_tell_aside(struct session *session, struct effects *effects);
/* Whether a part of the change is committed. */
bool leftover_part_is_done(const struct runner *runner);
/* The RUN has ended, well or badly. */
void run_end(struct session *session, struct effects *effects);
/* Whether a failed step is tried again; then the pause has begun. */
bool runner_retry(struct session *session, const char *sqlstate, bool resync,
                  struct effects *effects);
void runner_watch(struct runner *runner, struct effects *effects);
void runner_stop_watching(struct runner *runner, struct effects *effects);
/* The decision on what is known by now, and the plan. */
void decide_all(struct session *session, struct effects *effects);
/* A question of ours has failed the client's transaction, which must hear so. */
void decide_fail(struct session *session, struct effects *effects);
/* Once more, with all that the server is asked: it may have changed while we waited. */
void decide_again(struct session *session, struct effects *effects);
/* The intent, and once it is on disk the first step. */
void decide_intend(struct session *session, struct effects *effects);
/* runner_shadow.c: what the catalog does not tell. False: there is nothing to ask, or no way to. */
bool runner_shadow_start(struct session *session, const struct statement *statement,
                         struct effects *effects);
/* A NoticeResponse, its body, in an exchange of ours. */
void runner_shadow_hear(struct runner *runner, struct span body);
void runner_shadow_ended(struct session *session, struct effects *effects);
/* runner_aside.c: an index that is built over another connection. True: the intent must wait for
 * whether it can be. */
uint64_t aside_number(struct session *session); /* for situation.aside */
bool aside_ask(struct session *session, struct effects *effects);
void aside_on_settings(struct session *session, struct effects *effects);
void aside_go(struct session *session, struct effects *effects);
void aside_cancel(struct runner *runner, struct effects *effects);
/* The request is over: what has been got ready and was never used is given up. */
void aside_leave(const struct runner *runner, struct effects *effects);
bool aside_is_at_work(const struct runner *runner);
/* runner_turn.c: one change at a time per table. False: there is nothing to wait for. */
bool turn_join(struct session *session, struct effects *effects);
void turn_leave(struct runner *runner, struct effects *effects);
/* The wait has ended without the turn. */
void turn_give_up(struct session *session, struct effects *effects);
/* runner_yield.c: before a build the other sessions are asked to let go of what it would wait for.
 * True: it must wait for their answers. */
bool yield_ask(struct session *session, struct effects *effects);
void yield_end(struct session *session, struct effects *effects);
/* runner_outcome.c: what the ledger and the client hear. */
bool outcome_intend(struct session *session, struct effects *effects);
void outcome_forwarded(struct session *session, struct effects *effects);
/* One CommandComplete of the RUN, its body: settles the statement it belongs to. */
void outcome_complete(struct session *session, struct span body, struct effects *effects);
void outcome_write(struct session *session, struct effects *effects);
void outcome_deliver(struct session *session, struct effects *effects);
/* The runner is done: the session streams again, or ends if that has been waiting. */
void runner_leave(struct session *session, struct effects *effects);
/* A cancel that comes late hits what it was not meant for: the exchange that it has failed is sent
 * once more. False: the failure stands. */
bool runner_repeats_canceled(struct session *session, struct span sql, struct effects *effects);
/* runner_between.c */
void between_debt_ended(struct session *session, struct effects *effects);
void between_name_ended(struct session *session, struct effects *effects);
void between_portal_ended(struct session *session, struct effects *effects);
/* runner_refuse.c: carries the refusal out; and its statement of ours has failed. */
void refuse_start(struct session *session, struct effects *effects);
void refuse_ended(struct session *session, struct effects *effects);
/* Sets the refusal; the plan then ends without a (further) RUN. */
void runner_refuse(struct runner *runner, const char *sqlstate, const char *message);
void runner_notice(struct session *session, struct span message, struct span hint,
                   struct buffer *out);

#endif
