/* Parse, Bind, Execute and Close: what is prepared under which name, and the Execute that makes a
 * schema change happen. The client's Parse and Bind pass as they are; the plan begins at the
 * Execute. */
#include "proxy/session/traffic.h"

#include "protocol/client_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/inspect.h"
#include "proxy/session/runner.h"

#include <stdlib.h>

static enum fate refuse_prepared(struct session *session, struct effects *effects)
{
    session_end(session, SQLSTATE_TOO_LONG,
                "ddlguard: too many prepared schema changes in one session, or no memory for them",
                effects);
    return FATE_TAKEN;
}

enum fate extended_remember(struct session *session, struct span name, struct span sql,
                            const struct statement *statement, struct effects *effects)
{
    struct prepared *prepared = prepared_new(sql, statement);
    if (prepared == NULL || !prepared_put(&session->prepared, name, prepared)) {
        return refuse_prepared(session, effects);
    }
    return FATE_PASS;
}

/* A message that changes what a remembered name means waits until the batch before it is answered:
 * behind an error the server would skip it, and the name would go on meaning what it did. */
static enum fate when_answered(struct session *session, const struct incoming *message,
                               struct effects *effects)
{
    if (session->pipeline.due == 0) {
        return FATE_PASS;
    }
    return message->is_first ? traffic_drain(session, effects) : FATE_FIRST;
}

/* In observe mode nothing of ours is sent: the newer Parse is believed. */
static bool must_ask(const struct session *session, struct span name)
{
    return prepared_is_open(&session->prepared, name) &&
           session->options->settings->mode == MODE_ENFORCE &&
           session->pipeline.status != STATUS_FAILED && !session->replication;
}

static enum fate ask_name(struct session *session, const struct incoming *message, struct span name,
                          bool of_parse, struct effects *effects)
{
    if (!message->is_first) {
        return FATE_FIRST;
    }
    if (!session_is_quiet(session)) {
        return traffic_drain(session, effects);
    }
    runner_ask_name(session, name, of_parse, effects);
    return FATE_TAKEN;
}

enum fate extended_on_parse(struct session *session, const struct incoming *message,
                            struct effects *effects)
{
    struct parse parse;
    struct statement statement;
    if (session->pipeline.skip != SKIP_NONE) {
        return FATE_PASS;
    }
    if (incoming_is_long(session, message)) {
        return long_on_parse(session, message, effects);
    }
    if (!incoming_is_whole(message)) {
        return FATE_WAIT;
    }
    if (!decode_parse(incoming_body(message), &parse)) {
        return FATE_PASS;
    }
    migration_watch_see(&session->migration, parse.sql);
    if (inspect_must_wait(session, parse.sql)) {
        return message->is_first ? traffic_drain(session, effects) : FATE_FIRST;
    }
    bool known = prepared_find(&session->prepared, parse.name) != NULL;
    enum fate fate = known ? when_answered(session, message, effects) : FATE_PASS;
    if (fate != FATE_PASS) {
        return fate;
    }
    if (must_ask(session, parse.name)) {
        return ask_name(session, message, parse.name, false, effects);
    }
    if (inspect_prepared(session, parse.sql, &statement)) {
        return extended_remember(session, parse.name, parse.sql, &statement, effects);
    }
    if (!prepared_map_is_empty(&session->prepared)) {
        prepared_forget(&session->prepared, parse.name);
    }
    return FATE_PASS;
}

enum fate extended_on_bind(struct session *session, const struct incoming *message,
                           struct effects *effects)
{
    struct bind_names names;
    switch (decode_bind_names(incoming_body(message), &names)) {
    case NAMES_MORE:
        return incoming_is_whole(message) || incoming_is_long(session, message) ? FATE_PASS
                                                                                : FATE_WAIT;
    case NAMES_READY:
        break;
    }
    bool known = portal_find(&session->prepared, names.portal) != NULL;
    enum fate fate = known ? when_answered(session, message, effects) : FATE_PASS;
    if (fate != FATE_PASS) {
        return fate;
    }
    struct prepared *prepared = prepared_find(&session->prepared, names.statement);
    if (prepared == NULL) {
        portal_close(&session->prepared, names.portal);
        return FATE_PASS;
    }
    if (!incoming_is_whole(message) && !incoming_is_long(session, message)) {
        return FATE_WAIT;
    }
    if (session->prepared.sql_frees && must_ask(session, names.statement)) {
        return ask_name(session, message, names.statement, true, effects);
    }
    prepared_unconfirm(&session->prepared, names.statement);
    struct span bind = {0};
    if (incoming_is_whole(message)) {
        bind = span_cut(message->rest, 0, message->frame.length);
    }
    if (!portal_put(&session->prepared, names.portal, prepared, bind, session->pipeline.batch,
                    session->pipeline.names)) {
        return refuse_prepared(session, effects);
    }
    return FATE_PASS;
}

static enum fate start_execute(struct session *session, const struct incoming *message,
                               struct portal_name *portal, struct effects *effects)
{
    struct request request = {.shape = REQUEST_EXECUTE};
    request.may_close = !session->pipeline.executed && session->pipeline.binds <= 1 &&
                        portal->bind.length > 0 && session->pipeline.names == portal->names;
    request.batch_open = !request.may_close || session->pipeline.status != STATUS_IDLE;
    buffer_append_span(&request.message, span_cut(message->rest, 0, message->frame.length));
    buffer_append_span(&request.bind, buffer_span(&portal->bind));
    buffer_append_span(&request.sql, buffer_span(&portal->prepared->sql));
    request.statements.at = malloc(sizeof(struct statement));
    if (request.statements.at == NULL || request.message.failed || request.bind.failed ||
        request.sql.failed) {
        request_free(&request);
        return traffic_refuse_memory(session, effects);
    }
    request.statements.at[0] = portal->prepared->statement;
    request.statements.count = 1;
    effects->consumed = message->frame.length;
    session->flushed = false;
    /* It runs once: a second Execute is the server's to refuse. */
    portal_forget(&session->prepared, portal);
    runner_start(session, &request, effects);
    return FATE_TAKEN;
}

enum fate extended_on_execute(struct session *session, const struct incoming *message,
                              struct effects *effects)
{
    struct execute execute;
    if (!incoming_is_whole(message)) {
        return incoming_is_long(session, message) ? FATE_PASS : FATE_WAIT;
    }
    if (!decode_execute(incoming_body(message), &execute)) {
        return FATE_PASS;
    }
    struct portal_name *portal = portal_find(&session->prepared, execute.portal);
    if (portal == NULL || !inspect_kind_needs_plan(session, portal->prepared->statement.kind)) {
        return FATE_PASS;
    }
    if (!message->is_first) {
        return FATE_FIRST;
    }
    if (!session_is_quiet(session)) {
        return traffic_drain(session, effects);
    }
    /* Skipping after an error, or a portal that the last Sync has dropped: nothing will run. */
    if (session->pipeline.skip != SKIP_NONE ||
        (portal->batch != session->pipeline.batch && session->pipeline.status == STATUS_IDLE)) {
        return FATE_PASS;
    }
    return start_execute(session, message, portal, effects);
}

enum fate extended_on_close(struct session *session, const struct incoming *message,
                            struct effects *effects)
{
    struct target target;
    if (!incoming_is_whole(message)) {
        return incoming_is_long(session, message) ? FATE_PASS : FATE_WAIT;
    }
    if (!decode_target(incoming_body(message), &target)) {
        return FATE_PASS;
    }
    bool is_statement = target.type == 'S';
    bool known = is_statement ? prepared_find(&session->prepared, target.name) != NULL
                              : portal_find(&session->prepared, target.name) != NULL;
    enum fate fate = known ? when_answered(session, message, effects) : FATE_PASS;
    if (fate == FATE_PASS && is_statement) {
        prepared_close(&session->prepared, target.name);
    } else if (fate == FATE_PASS) {
        portal_close(&session->prepared, target.name);
    }
    return fate;
}
