/* How long a transaction with changes stays open. See uncommitted.h. */
#include "proxy/session/uncommitted.h"

#include <stdio.h>

#include "policy/rule.h"
#include "protocol/server_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

static const struct rule *const the_rule = &rule_ban_uncommitted_transaction;

static double seconds(uint64_t milliseconds)
{
    return (double)milliseconds / 1000;
}

static const struct timeouts *timeouts_of(const struct session *session)
{
    return &session->options->settings->timeouts;
}

void uncommitted_add(struct session *session, const struct settings *settings, bool is_deaf)
{
    struct uncommitted *open = &session->uncommitted;
    if (session->transaction.count == 1) {
        *open = (struct uncommitted){.since_us = session->now_us};
    }
    enum action action = settings->mode == MODE_OBSERVE
                             ? ACTION_ALLOW
                             : settings_action(settings, rules_index_of(the_rule));
    open->action = action > open->action ? action : open->action;
    open->is_deaf = is_deaf;
}

/* The server waits for the client, in a transaction that has not failed. */
static bool is_silent(const struct session *session)
{
    return session->phase == PHASE_STREAMING && session_is_quiet(session) &&
           session->pipeline.sent == 0 && session->pipeline.status == STATUS_TRANSACTION &&
           session->skip_client == 0 && !session->awaits_ledger;
}

/* From the start of the silence to what comes next; 0: nothing does. */
static uint32_t next_ms(const struct session *session)
{
    const struct uncommitted *open = &session->uncommitted;
    const struct timeouts *timeouts = timeouts_of(session);
    bool tells = !open->is_told && timeouts->uncommitted_warn_ms > 0;
    return tells                          ? timeouts->uncommitted_warn_ms
           : open->action == ACTION_BLOCK ? timeouts->uncommitted_end_ms
                                          : 0;
}

uint64_t uncommitted_deadline(struct session *session)
{
    struct uncommitted *open = &session->uncommitted;
    if (session->transaction.count == 0) {
        return 0;
    }
    if (open->action <= ACTION_ALLOW || !is_silent(session)) {
        open->silent_us = 0;
        open->is_told = false;
        return 0;
    }
    if (open->silent_us == 0) {
        open->silent_us = session->now_us;
    }
    uint32_t wait_ms = next_ms(session);
    return wait_ms == 0 ? 0 : open->silent_us + (uint64_t)wait_ms * 1000;
}

static void append_warning(const struct session *session, const char *message, const char *hint,
                           struct buffer *out)
{
    if (!session->uncommitted.is_deaf) {
        encode_notice(out,
                      &(struct report_text){
                          "WARNING", SQLSTATE_WARNING, span_text(message), {0}, span_text(hint)});
    }
}

static void tell_silence(struct session *session, struct effects *effects)
{
    const struct timeouts *timeouts = timeouts_of(session);
    char message[256], hint[256];
    snprintf(message, sizeof(message),
             "ddlguard: this transaction has been idle for %.1f s: %s (%s)",
             seconds(timeouts->uncommitted_warn_ms), the_rule->why, the_rule->id);
    bool ends = session->uncommitted.action == ACTION_BLOCK && timeouts->uncommitted_end_ms > 0;
    size_t used = (size_t)snprintf(hint, sizeof(hint), "%s", the_rule->hint);
    if (ends && used < sizeof(hint)) {
        snprintf(hint + used, sizeof(hint) - used, " It is ended when it has been idle for %.1f s.",
                 seconds(timeouts->uncommitted_end_ms));
    }
    session->uncommitted.is_told = true;
    append_warning(session, message, hint, &effects->to_client);
    session_log(effects, "warn", "a transaction with schema changes has been idle for %.1f s (%s)",
                seconds(timeouts->uncommitted_warn_ms), the_rule->id);
}

/* As PostgreSQL does it for idle_in_transaction_session_timeout. */
static void end_silence(struct session *session, struct effects *effects)
{
    char message[256];
    snprintf(message, sizeof(message),
             "terminating connection: its transaction with schema changes has been idle for %.1f s "
             "(%s, timeouts.uncommitted_end of ddlguard)",
             seconds(timeouts_of(session)->uncommitted_end_ms), the_rule->id);
    struct change_outcome outcome = {.sqlstate = span_text(SQLSTATE_IDLE_IN_TRANSACTION),
                                     .message = span_text(message)};
    transaction_end(&session->transaction, CHANGE_ROLLED_BACK, &outcome, &effects->ledger,
                    session->wall_us);
    session_end(session, SQLSTATE_IDLE_IN_TRANSACTION, message, effects);
}

void uncommitted_on_timer(struct session *session, struct effects *effects)
{
    uint64_t deadline_us = uncommitted_deadline(session);
    if (deadline_us == 0 || session->now_us < deadline_us) {
        return;
    }
    if (!session->uncommitted.is_told && timeouts_of(session)->uncommitted_warn_ms > 0) {
        tell_silence(session, effects);
    } else {
        end_silence(session, effects);
    }
}

void uncommitted_tell_end(const struct session *session, struct buffer *out)
{
    const struct uncommitted *open = &session->uncommitted;
    uint64_t open_ms = (session->now_us - open->since_us) / 1000;
    uint32_t most_ms = timeouts_of(session)->uncommitted_warn_ms;
    if (session->transaction.count == 0 || open->action <= ACTION_ALLOW || most_ms == 0 ||
        open_ms < most_ms) {
        return;
    }
    char message[256];
    snprintf(message, sizeof(message),
             "ddlguard: this transaction was open for %.1f s behind its first schema change: "
             "%s (%s)",
             seconds(open_ms), the_rule->why, the_rule->id);
    append_warning(session, message, the_rule->hint, out);
}
