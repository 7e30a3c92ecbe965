/* Findings as workflow commands of GitHub Actions, which shows them beside the changed lines:
 *
 *      ::warning file=db/7.sql,line=3,col=1,title=RULE::MESSAGE%0AHINT
 *
 * The escapes are those of its toolkit (packages/core/src/command.ts). */
#include "proxy/cli/check_report.h"

static void append_escaped(struct buffer *out, struct span text, const char *special)
{
    struct buffer clean = {0};
    check_append_utf8(&clean, text);
    for (size_t i = 0; i < clean.length; i++) {
        char byte = (char)clean.at[i];
        if (byte != '\0' && strchr(special, byte) != NULL) {
            buffer_append_format(out, "%%%02X", (unsigned)clean.at[i]);
        } else {
            buffer_append_u8(out, clean.at[i]);
        }
    }
    out->failed = out->failed || clean.failed;
    buffer_free(&clean);
}

static void append_message(struct buffer *out, struct span text)
{
    append_escaped(out, text, "%\r\n");
}

static void append_property(struct buffer *out, struct span text)
{
    append_escaped(out, text, "%\r\n:,");
}

static void github_finding(struct check_report *report, const struct check_file *file,
                           const struct check_finding *finding)
{
    static const char *const commands[] = {
        [CHECK_NOTE] = "notice", [CHECK_WARNING] = "warning", [CHECK_ERROR] = "error"};
    struct check_place place = check_place_of(file->text, file->place, finding->at);
    struct buffer *out = &report->line;
    struct buffer message = {0};
    check_append_message(&message, finding);
    buffer_append_format(out, "::%s file=", commands[finding->level]);
    append_property(out, span_text(file->name));
    buffer_append_format(out, ",line=%zu,col=%zu,title=", place.line, place.column);
    append_property(out, span_text(finding->rule));
    buffer_append_text(out, "::");
    append_message(out, buffer_span(&message));
    if (finding->hint.length > 0) {
        append_message(out, span_text("\n"));
        append_message(out, finding->hint);
    }
    buffer_append_text(out, "\n");
    out->failed = out->failed || message.failed;
    buffer_free(&message);
    check_report_flush(report, stdout);
}

static void github_statement(struct check_report *report, const struct check_file *file,
                             const struct check_judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        github_finding(report, file, &judgement->findings[i]);
    }
}

static void github_nothing(struct check_report *report)
{
    (void)report;
}

const struct check_format check_format_github = {
    .name = "github",
    .begin = github_nothing,
    .statement = github_statement,
    .note = github_finding,
    .end = github_nothing,
};
