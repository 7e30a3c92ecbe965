/* The text of a RUN that is not the client's own: how it stands in the client's message, and what
 * that means for the positions in the server's reports. */
#include "proxy/session/runner_state.h"

#include "protocol/server_message.h"
#include "proxy/session/session_state.h"

#include <stdlib.h>

bool rewrite_is_made(const struct runner *runner)
{
    return runner->plan.steps[runner->step].sql.length > 0;
}

/* The client's text with what is rewritten in it: what stands around that stays. */
void rewrite_append(const struct runner *runner, struct buffer *out)
{
    struct span sql = buffer_span(&runner->request.sql);
    const struct plan *plan = &runner->plan;
    buffer_append_span(out, span_cut(sql, 0, plan->replaced_at));
    buffer_append_span(out, plan->steps[runner->step].sql);
    buffer_append_span(out, span_from(sql, plan->replaced_at + plan->replaced_length));
}

/* The position in an error about rewritten text, as one in the client's. */
static bool original_position(const struct session *session, struct span body, uint32_t *position)
{
    const struct runner *runner = session->runner;
    struct report report;
    char digits[16] = "";
    if (!rewrite_is_made(runner) || !decode_report(body, &report) || report.position.length == 0 ||
        report.position.length >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, report.position.at, report.position.length);
    unsigned long sent = strtoul(digits, NULL, 10);
    struct span sql = buffer_span(&runner->request.sql);
    const struct plan *plan = &runner->plan;
    enum scan_encoding encoding = (enum scan_encoding)session->encoding;
    size_t before = scan_encoding_characters(encoding, span_cut(sql, 0, plan->replaced_at));
    if (sent <= before || sent > UINT32_MAX) {
        return false;
    }
    uint32_t inside = sql_original_position(&plan->splice,
                                            span_cut(sql, plan->replaced_at, plan->replaced_length),
                                            encoding, (uint32_t)(sent - before));
    *position = (uint32_t)before + inside;
    return true;
}

/* Does it run in PL/pgSQL (draft_append_do)? */
static bool step_is_block(const struct step *step)
{
    static const char start[] = "/* ddlguard */ DO ";
    return span_is(span_cut(step->sql, 0, sizeof start - 1), start);
}

void rewrite_append_words(const struct step *step, struct span body, struct buffer *out)
{
    struct report report;
    if (!step_is_block(step) || !decode_report(body, &report) || report.context.at == NULL) {
        buffer_append_span(out, body);
        return;
    }
    size_t field = (size_t)(report.context.at - body.at) - 1; /* before its type, behind its NUL */
    buffer_append_span(out, span_cut(body, 0, field));
    buffer_append_span(out, span_from(body, field + report.context.length + 2));
}

void rewrite_append_report(const struct session *session, struct buffer *out, uint8_t tag,
                           struct span message, struct span body)
{
    uint32_t position = 0;
    const struct runner *runner = session->runner;
    /* With nothing spliced into it the text is ours, and its places are none of the client's. */
    bool ours = rewrite_is_made(runner) && runner->plan.splice.count == 0;
    if (ours) {
        struct buffer words = {0};
        rewrite_append_words(&runner->plan.steps[runner->step], body, &words);
        encode_report_at(out, tag, buffer_span(&words), 0);
        out->failed = out->failed || words.failed;
        buffer_free(&words);
    } else if (original_position(session, body, &position)) {
        encode_report_at(out, tag, body, position);
    } else {
        buffer_append_span(out, message);
    }
}
