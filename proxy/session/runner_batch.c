/* A change's rows, written some at a time: each batch is an exchange and a transaction of its own.
 *
 *      STEP (a BATCH is sent) -> its one row says: again -> REST, for the pause -> STEP …
 *                                                  done  -> the next step
 *
 * The row is (again, rows filled, the next parameters …). A client that is lost changes nothing:
 * the change goes on, as it does while a part runs; a cancel ends it between two batches, too. */
#include "proxy/session/runner_state.h"

#include "protocol/frame.h"
#include "protocol/server_message.h"
#include "proxy/session/session_state.h"

#include <inttypes.h>
#include <stdio.h>

#define TELL_EVERY_US  UINT64_C(10000000) /* as often as people look at something that goes on */
#define ANSWER_COLUMNS 2
#define VALUES_MAX     (2 * FILL_KEY_MAX)

/* The answer's columns; all NULL behind the last. */
static void read_answer(const struct runner *runner, struct span *columns)
{
    size_t count = 0;
    for (size_t i = 0; i < ANSWER_COLUMNS + VALUES_MAX; i++) {
        columns[i] = span_of(NULL, 0);
    }
    if (!decode_data_row(buffer_span(&runner->batch.row), columns, ANSWER_COLUMNS + VALUES_MAX,
                         &count)) {
        columns[0] = columns[1] = span_of(NULL, 0);
    }
}

void batch_send(struct session *session, const struct step *step, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct span columns[ANSWER_COLUMNS + VALUES_MAX];
    read_answer(runner, columns);
    if (runner->batch.told_us == 0) {
        runner->batch.told_us = session->now_us;
    }
    exchange_send_bound(session, runner, step->sql, columns + ANSWER_COLUMNS,
                        (uint16_t)step->parameters, effects);
}

void batch_on_row(struct runner *runner, struct span body)
{
    buffer_reset(&runner->batch.row);
    buffer_append_span(&runner->batch.row, body);
}

static uint64_t read_number(struct span text)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.length && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    return number;
}

/* "30000 of about 1000000 rows" */
static void count_rows(const struct runner *runner, char *out, size_t size)
{
    char about[32] = "";
    if (runner->facts.rows >= 0) {
        snprintf(about, sizeof(about), " of about %" PRId64, runner->facts.rows);
    }
    snprintf(out, size, "%" PRIu64 "%s rows", runner->batch.rows, about);
}

void batch_tell(const struct runner *runner, char *out, size_t size)
{
    char rows[96];
    count_rows(runner, rows, sizeof(rows));
    out[0] = '\0';
    if (runner->batch.rows > 0) {
        snprintf(out, size, "%s had been filled; the column %s.", rows,
                 runner->undo_failed ? "may still be there" : "is dropped again");
    }
}

void batch_append_error(const struct runner *runner, struct buffer *out)
{
    char detail[160];
    struct report report;
    struct frame frame;
    struct span error = buffer_span(&runner->batch.error);
    if (frame_peek(error, FRAME_LIMIT, &frame) == FRAME_READY &&
        decode_report(frame_body(frame, error), &report)) {
        batch_tell(runner, detail, sizeof(detail));
        encode_error(out, &(struct report_text){"ERROR", runner->sqlstate, report.message,
                                                span_text(detail), report.hint});
    }
    out->failed |= runner->batch.error.failed;
}

void batch_write_progress(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->batch.rows == runner->batch.told_rows) {
        return;
    }
    runner->batch.told_rows = runner->batch.rows;
    runner->batch.told_us = session->now_us;
    change_write(
        &effects->ledger, CHANGE_PROGRESS, &runner->changes[0],
        &(struct change_outcome){.rows = runner->batch.rows, .rows_in_all = runner->facts.rows},
        session->wall_us);
}

static void tell_progress(struct session *session, struct effects *effects)
{
    char rows[96], message[160];
    count_rows(session->runner, rows, sizeof(rows));
    snprintf(message, sizeof(message), "ddlguard: %s filled", rows);
    runner_notice(session, span_text(message), span_of(NULL, 0), &effects->to_client);
    session_log(effects, "info", "%s", message);
    batch_write_progress(session, effects);
}

bool batch_ended(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct span columns[ANSWER_COLUMNS + VALUES_MAX];
    if (runner->exchange.rows == 0) { /* an empty page: it ends here, and has filled nothing */
        buffer_reset(&runner->batch.row);
    }
    read_answer(runner, columns);
    runner->batch.rows += read_number(columns[1]);
    bool again = span_is(columns[0], "t");
    bool last = !again && runner->step + 1 < runner->plan.count &&
                runner->plan.steps[runner->step + 1].kind != STEP_BATCH;
    bool due = session->now_us - runner->batch.told_us >= TELL_EVERY_US;
    if ((due || last) && runner->batch.rows > runner->batch.told_rows) {
        tell_progress(session, effects);
    }
    if (again && !runner->cancelled && runner->plan.pause_ms > 0) {
        runner->state = RUNNER_REST;
        runner->deadline_us = session->now_us + (uint64_t)runner->plan.pause_ms * 1000;
    }
    return again;
}

void batch_end_rest(struct session *session, struct effects *effects)
{
    session->runner->deadline_us = 0;
    runner_next_step(session, effects);
}
