/* Messages longer than the inspection limit. They are not held back whole: they stream through
 * while they are scanned, and what turns up in them decides. A schema change
 *
 *      at the beginning: nothing has been sent, and there is a plan whose RUN streams the message
 *      further behind: part of it is with the server, whose connection is cut before the message
 *      is complete, so that nothing of it runs */
#include "proxy/session/traffic.h"

#include "protocol/client_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/inspect.h"

#include <stdlib.h>

/* The rest of a long message goes on only as long as it holds nothing that needs a plan. Returns
 * how many of `chunk`'s bytes may go; less than all: a plan is needed. */
static bool is_harmless(struct session *session, struct long_message *message, struct span chunk,
                        bool last)
{
    struct scan_statement cut = {0};
    size_t at = 0;
    while (scan_next(&message->scanner, chunk, &at, last, &cut) == SCAN_STATEMENT) {
        inspect_note(session, &cut);
        if (message->sent && cut.class == SCAN_TRANSACTION) {
            /* No reason to cut it off; but its tags are not watched. */
            session->transaction.uncertain |= session->transaction.count > 0;
        } else if (inspect_class_needs_plan(session, &cut)) {
            return false;
        }
    }
    if (last) {
        return true;
    }
    cut = (struct scan_statement){.class = scan_class_so_far(&message->scanner)};
    bool open =
        cut.class == SCAN_UNDECIDED || cut.class == SCAN_TRANSACTION || cut.class == SCAN_PREPARED;
    return open || !inspect_class_needs_plan(session, &cut);
}

enum fate long_on_query(struct session *session, const struct incoming *message,
                        struct effects *effects)
{
    if (message->rest.length < session->options->inspect_limit) {
        return FATE_WAIT;
    }
    if (session->readings_change && !session_is_quiet(session)) {
        return message->is_first ? traffic_drain(session, effects) : FATE_FIRST;
    }
    struct span body = incoming_body(message);
    bool whole = incoming_is_whole(message);
    struct span sql = whole && body.length > 0 ? span_cut(body, 0, body.length - 1) : body;
    if (sql.length > 0 && memchr(sql.at, '\0', sql.length) != NULL) {
        return FATE_PASS; /* the server refuses the message, as any that has more than its text */
    }
    struct long_message *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return traffic_refuse_memory(session, effects);
    }
    scan_start(&state->scanner, inspect_options(session));
    if (!is_harmless(session, state, sql, whole)) {
        free(state);
        if (!message->is_first) {
            return FATE_FIRST;
        }
        if (!session_is_quiet(session)) {
            return traffic_drain(session, effects);
        }
        if (session->pipeline.skip != SKIP_NONE) {
            return FATE_PASS; /* the server does not read it */
        }
        return traffic_start_query(session, message, sql, effects);
    }
    if (whole) {
        free(state);
        return FATE_PASS;
    }
    state->left = message->frame.length - message->rest.length;
    state->sent = true;
    session->long_message = state;
    return FATE_PASS;
}

/* A Parse too long to read: nothing runs before its Execute, so it may pass; but unless its
 * beginning says that it is harmless it is remembered as too long. */
enum fate long_on_parse(struct session *session, const struct incoming *message,
                        struct effects *effects)
{
    if (message->rest.length < session->options->inspect_limit) {
        return FATE_WAIT;
    }
    /* Just the limit, however much of it has come: what is judged and recorded is then the same. */
    struct span body =
        span_cut(incoming_body(message), 0, session->options->inspect_limit - FRAME_HEADER_BYTES);
    const uint8_t *end = memchr(body.at, '\0', body.length);
    if (end == NULL) {
        session_end(session, SQLSTATE_PROTOCOL_VIOLATION, "the name in a Parse message is too long",
                    effects);
        return FATE_TAKEN;
    }
    struct span name = span_cut(body, 0, (size_t)(end - body.at));
    struct span sql = span_from(body, name.length + 1);
    const uint8_t *sql_end = sql.length == 0 ? NULL : memchr(sql.at, '\0', sql.length);
    sql.length = sql_end == NULL ? sql.length : (size_t)(sql_end - sql.at);
    struct statement statement;
    struct long_message state = {0};
    scan_start(&state.scanner, inspect_options(session));
    bool harmless = is_harmless(session, &state, sql, false) &&
                    scan_class_so_far(&state.scanner) != SCAN_UNDECIDED;
    if (harmless) {
        prepared_forget(&session->prepared, name);
        return FATE_PASS;
    }
    inspect_too_long(session, sql, &statement);
    return extended_remember(session, name, sql, &statement, effects);
}

bool long_on_rest(struct session *session, struct span in, struct effects *effects)
{
    struct long_message *state = session->long_message;
    struct span chunk = span_cut(in, 0, state->left);
    bool last = chunk.length == state->left;
    struct span sql = last && chunk.length > 0 ? span_cut(chunk, 0, chunk.length - 1) : chunk;
    if (!is_harmless(session, state, sql, last)) {
        /* Part of it is with the server, but a message that never ends never runs. */
        effects->requests |= REQUEST_CLOSE_SERVER;
        session_end(session, SQLSTATE_TOO_LONG,
                    "ddlguard: a schema change stands too far behind in a long Query message; "
                    "nothing of it was run. Send it as a message of its own",
                    effects);
        return false;
    }
    state->left -= chunk.length;
    effects->forward = chunk.length;
    effects->consumed = chunk.length;
    if (state->left == 0) {
        free(state);
        session->long_message = NULL;
    }
    return chunk.length > 0 && chunk.length < in.length;
}
