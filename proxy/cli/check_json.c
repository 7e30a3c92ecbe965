/* One JSON object per statement, each on a line of its own. */
#include <jansson.h>

#include "proxy/cli/check_report.h"

/* json_*_new functions take over what they are given, also when they fail; NULL goes through. */
static json_t *json_of_span(struct span text)
{
    struct buffer clean = {0};
    check_append_utf8(&clean, text);
    json_t *value =
        clean.failed ? NULL : json_stringn_nocheck((const char *)clean.at, clean.length);
    if (clean.length == 0 && !clean.failed) {
        value = json_string("");
    }
    buffer_free(&clean);
    return value;
}

static json_t *json_of_answer(enum answer answer)
{
    return answer == ANSWER_UNKNOWN ? json_null() : json_boolean(answer == ANSWER_YES);
}

static json_t *json_of_findings(const struct check_finding *findings, size_t count)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct check_finding *finding = &findings[i];
        struct buffer message = {0};
        check_append_message(&message, finding);
        json_array_append_new(
            rules,
            json_pack("{s:s, s:s, s:o, s:o}", "id", finding->rule, "action", finding->action,
                      "message", json_of_span(buffer_span(&message)), "hint",
                      finding->hint.length == 0 ? json_null() : json_of_span(finding->hint)));
        buffer_free(&message);
    }
    return rules;
}

static json_t *json_of_steps(const struct check_judgement *judgement)
{
    json_t *steps = json_array();
    const struct plan *plan = &judgement->plan;
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        if (step->kind == STEP_PART || step->kind == STEP_RUN) {
            json_array_append_new(steps,
                                  json_of_span(step->sql.length > 0 ? step->sql : judgement->sql));
        }
    }
    if (plan->count == 0 && judgement->verdict != VERDICT_BLOCK) {
        json_array_append_new(steps, json_of_span(judgement->sql));
    }
    return steps;
}

static json_t *json_of_statement(const struct check_file *file,
                                 const struct check_judgement *judgement)
{
    const struct effect *effect = &judgement->effect;
    json_t *lock =
        effect->lock == LOCK_NONE ? json_null() : json_string(lock_mode_name(effect->lock));
    return json_pack("{s:o, s:I, s:I, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
                     json_of_span(span_text(file->name)), "line", (json_int_t)file->place.line,
                     "column", (json_int_t)file->place.column, "sql", json_of_span(judgement->sql),
                     "kind", statement_kind_name(judgement->statement.kind), "verdict",
                     verdict_name(judgement->verdict), "rules",
                     json_of_findings(judgement->findings, judgement->finding_count), "lock", lock,
                     "rewrites_table", json_of_answer(effect->rewrites), "scans_table",
                     json_of_answer(effect->scans), "builds_index", json_of_answer(effect->builds),
                     "steps", json_of_steps(judgement));
}

static void json_write(struct check_report *report, json_t *whole)
{
    bool written =
        whole != NULL && json_dumpf(whole, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    report->failed = report->failed || !written;
    json_decref(whole);
}

static void json_statement(struct check_report *report, const struct check_file *file,
                           const struct check_judgement *judgement)
{
    json_write(report, json_of_statement(file, judgement));
}

/* What is found of a whole file, and so has no statement's properties. */
static json_t *json_of_file(const struct check_file *file, const struct check_finding *finding)
{
    return json_pack("{s:o, s:I, s:I, s:s, s:s, s:o}", "file", json_of_span(span_text(file->name)),
                     "line", (json_int_t)file->place.line, "column", (json_int_t)file->place.column,
                     "kind", "file", "verdict", finding->action, "rules",
                     json_of_findings(finding, 1));
}

static void json_note(struct check_report *report, const struct check_file *file,
                      const struct check_finding *note)
{
    struct buffer *out = &report->line;
    if (note->level != CHECK_NOTE) {
        json_write(report, json_of_file(file, note));
        return;
    }
    check_append_visible(out, span_text(file->name));
    buffer_append_format(out, ":%zu:%zu: warning: ", file->place.line, file->place.column);
    check_append_message(out, note);
    buffer_append_text(out, "\n");
    check_report_flush(report, stderr);
}

static void json_nothing(struct check_report *report)
{
    (void)report;
}

const struct check_format check_format_json = {
    .name = "json",
    .steps = true,
    .begin = json_nothing,
    .statement = json_statement,
    .note = json_note,
    .end = json_nothing,
};
