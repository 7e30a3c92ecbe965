/* From a request to a plan: where the statement stands, what the server says of its objects, what
 * the rules make of it. */
#include "proxy/session/runner_state.h"

#include "protocol/server_message.h"
#include "proxy/session/session_state.h"

/* Savepoints of ours in one transaction. More than 64 subtransactions overflow a backend's cache of
 * them, which slows every other session down (PGPROC_MAX_CACHED_SUBXIDS). */
#define SAVES_MOST 32

/* The statement that policy weighs: the first one that is guarded. */
static const struct statement *guarded_statement(const struct runner *runner)
{
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        if (statement_is_guarded(runner->request.statements.at[i].kind)) {
            return &runner->request.statements.at[i];
        }
    }
    return NULL;
}

static void take_situation(struct session *session, struct runner *runner)
{
    bool open = runner->request.batch_open;
    runner->now = (struct situation){
        .in_transaction = open || session->pipeline.status != STATUS_IDLE,
        .transaction_failed = session->pipeline.status == STATUS_FAILED,
        .alone = !open && runner->request.statements.count == 1,
        .replication = session->replication,
        .may_save = runner->request.may_close && session->pipeline.status == STATUS_TRANSACTION &&
                    !session->replication && session->transaction.count < SAVES_MOST,
        .extended = runner_is_execute(runner),
        .tool = session->migration.tool,
    };
    if (runner->now.tool == TOOL_NONE) {
        runner->now.tool = migration_tool_of_application(session->application);
    }
    runner->now.aside = aside_number(session);
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        runner->now.early |=
            runner->now.in_transaction && statement_is_early(&runner->request.statements.at[i]);
    }
}

/* One message has one plan: where its statements have settings of their own the strictest hold. */
static void take_settings(struct session *session, struct runner *runner)
{
    const struct session_options *options = session->options;
    const struct statement_list *list = &runner->request.statements;
    struct identity who = {session->database, session->user, session->application, session->client,
                           session->wall_us};
    const struct statement *guarded = guarded_statement(runner);
    guarded = guarded != NULL ? guarded : &list->at[0];
    runner->settings = settings_resolve(options->settings, options->overrides,
                                        options->override_count, &who, guarded);
    for (const struct statement *at = guarded + 1; at < list->at + list->count; at++) {
        if (statement_is_guarded(at->kind)) {
            struct settings other = settings_resolve(options->settings, options->overrides,
                                                     options->override_count, &who, at);
            settings_tighten(&runner->settings, &other);
        }
    }
}

static struct span text_of(const struct runner *runner, const struct statement *statement)
{
    return span_cut(buffer_span(&runner->request.sql), statement->start, statement->length);
}

static bool is_same_name(const struct object_name *a, const struct object_name *b)
{
    return strncmp(a->schema, b->schema, NAME_BYTES) == 0 &&
           strncmp(a->name, b->name, NAME_BYTES) == 0;
}

/* What is known about one statement of several. The server was asked about the first guarded one;
 * and what an earlier statement of the same text creates is new. */
static struct facts facts_of(const struct runner *runner, size_t at)
{
    const struct statement *list = runner->request.statements.at;
    if (&list[at] == guarded_statement(runner)) {
        return runner->facts;
    }
    struct facts facts = {0};
    for (size_t i = 0; i < at; i++) {
        if (list[i].kind == STATEMENT_CREATE_TABLE && list[i].target.name[0] != '\0' &&
            (list[i].flags & FLAG_IF_NOT_EXISTS) == 0 &&
            is_same_name(&list[i].target, &list[at].target)) {
            facts = runner->facts; /* its settings */
            facts.target_known = true;
            facts.exists = true;
            facts.new_here = true;
            facts.kind = 'r';
        }
    }
    return facts;
}

static bool build_plan(struct session *session)
{
    struct runner *runner = session->runner;
    struct plan_request request = {
        .statements = runner->request.statements.at,
        .count = runner->request.statements.count,
        .text = buffer_span(&runner->request.sql),
        .decisions = runner->decisions,
        .now = &runner->now,
        .facts = &runner->facts,
        .settings = &runner->settings,
        .parse_limit = session->options->parse_limit,
    };
    return plan_build(&request, &runner->plan);
}

/* What runs without its guard does not do so in silence. A build that the client wants CONCURRENTLY
 * has none. */
static bool warn_unguarded(struct session *session)
{
    struct runner *runner = session->runner;
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        if (!(runner->request.statements.at[i].flags & FLAG_CONCURRENTLY)) {
            decide_unguarded(&runner->decisions[i]);
        }
    }
    plan_free(&runner->plan);
    return build_plan(session);
}

/* Decides on every statement, and waits for its turn. */
void decide_all(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct statement_list *list = &runner->request.statements;
    for (size_t i = 0; i < list->count; i++) {
        struct facts facts = facts_of(runner, i);
        runner->decisions[i] = decide_in_text(buffer_span(&runner->request.sql), &list->at[i],
                                              &runner->now, &facts, &runner->settings);
    }
    if (!build_plan(session) || (runner->plan.unguarded && !warn_unguarded(session))) {
        session_end(session, "53200", "out of memory in ddlguard", effects);
        return;
    }
    runner->has_plan = true;
    runner->step = 0;
    if (!turn_join(session, effects)) {
        decide_intend(session, effects);
    }
}

void decide_intend(struct session *session, struct effects *effects)
{
    if (aside_ask(session, effects)) {
        return;
    }
    session->runner->state = RUNNER_INTENT;
    if (!outcome_intend(session, effects)) {
        runner_next_step(session, effects);
    }
}

/* First to run in its batch, which a Sync of ours would take other portals from. What PostgreSQL
 * refuses in a transaction block runs there only as long as nothing of ours has run before it. */
static bool must_be_first(const struct session *session, const struct statement *statement)
{
    return session->runner->request.batch_open && !session->pipeline.executed &&
           session->pipeline.status == STATUS_IDLE && (statement->flags & FLAG_NO_TRANSACTION);
}

static bool may_probe(const struct session *session)
{
    const struct runner *runner = session->runner;
    const struct statement *guarded = guarded_statement(runner);
    return guarded != NULL && runner->settings.mode == MODE_ENFORCE &&
           !runner->now.transaction_failed && !must_be_first(session, guarded);
}

/* In the client's text, or in the server's answer to us. */
static void note_hidden(struct runner *runner, struct span text)
{
    runner->now.hidden |= scan_encoding_hides(runner->encoding, text);
}

void decide_on_row(struct runner *runner, struct span body)
{
    struct span columns[PROBE_COLUMNS_MAX];
    size_t count = 0;
    if (!decode_data_row(body, columns, PROBE_COLUMNS_MAX, &count) ||
        !probe_read(&runner->probe, runner->probe_at, columns,
                    count < PROBE_COLUMNS_MAX ? count : PROBE_COLUMNS_MAX, &runner->facts)) {
        runner->probe_failed = true;
    }
    for (size_t i = 0; i < count && i < PROBE_COLUMNS_MAX; i++) {
        note_hidden(runner, columns[i]);
    }
}

void decide_fail(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    runner->run_ended = runner->run_failed = true;
    buffer_append_span(&runner->held, buffer_span(&runner->exchange.error));
    outcome_deliver(session, effects);
}

static void send_query(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct span query = runner->probe.queries[runner->probe_at];
    struct span planner = probe_planner(&runner->probe);
    if (planner.length > 0) {
        exchange_send_within(session, runner, planner, query, effects);
    } else {
        exchange_send(session, runner, query, effects);
    }
}

void decide_on_answer(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct exchange *exchange = &runner->exchange;
    if (exchange->failed && runner->now.in_transaction) {
        decide_fail(session, effects);
        return;
    }
    if (!exchange->failed && exchange->rows == 0 &&
        !probe_read(&runner->probe, runner->probe_at, NULL, 0, &runner->facts)) {
        runner->probe_failed = true;
    }
    if (exchange->failed || runner->probe_failed) {
        session_log(effects, "warn", "probe failed (sqlstate=%s): treated as unknown",
                    exchange->sqlstate);
        runner->facts = (struct facts){0};
    } else if (++runner->probe_at < runner->probe.count) {
        send_query(session, effects);
        return;
    }
    runner->facts.target_known &= !runner->now.hidden;
    if (!runner_shadow_start(session, guarded_statement(runner), effects)) {
        decide_all(session, effects);
    }
}

void decide_start(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    take_situation(session, runner);
    take_settings(session, runner);
    runner->encoding = (enum scan_encoding)session->encoding;
    note_hidden(runner, buffer_span(&runner->request.sql));
    const struct statement *guarded = guarded_statement(runner);
    if (!may_probe(session) ||
        !probe_build(guarded, text_of(runner, guarded), &runner->now, &runner->probe) ||
        runner->probe.count == 0) {
        decide_all(session, effects);
        return;
    }
    runner->state = RUNNER_PROBE;
    /* Whose turn comes later would be waited for by a build whose turn it is. */
    bool closes = session->pipeline.status == STATUS_TRANSACTION && !runner_is_execute(runner) &&
                  exchange_close_unnamed(session, effects);
    send_query(session, effects);
    runner->exchange.closes_due += closes;
}

void decide_again(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    plan_free(&runner->plan);
    probe_free(&runner->probe);
    runner->has_plan = false;
    runner->facts = (struct facts){0};
    runner->probe_at = 0;
    runner->probe_failed = false;
    decide_start(session, effects);
}
