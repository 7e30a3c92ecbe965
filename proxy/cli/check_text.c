/* Findings for people:
 *
 *      db/7.sql:3:1: warning: a plain CREATE INDEX blocks writes … [require-concurrent-…]
 *         3 | CREATE INDEX ON orders (customer_id);
 *           | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
 *           = hint: …
 */
#include "policy/sql/scan_encoding.h"
#include "proxy/cli/check_report.h"

/* What a message may quote of the text that it complains of. */
#define MESSAGE_MOST 400

/* Of a terminal (ECMA-48, "select graphic rendition"). */
#define BOLD  "\033[1m"
#define CYAN  "\033[1;36m"
#define BROWN "\033[1;33m"
#define RED   "\033[1;31m"
#define GREEN "\033[1;32m"
#define PLAIN "\033[0m"

/* A person is warned of what was not looked at; but that is no finding, and no exit code. */
static const struct {
    const char *label, *colour;
} levels[] = {
    [CHECK_NOTE] = {"warning", CYAN},
    [CHECK_WARNING] = {"warning", BROWN},
    [CHECK_ERROR] = {"error", RED},
};

static void append_coloured(struct check_report *report, const char *colour, const char *text)
{
    buffer_append_text(&report->line, report->colours ? colour : "");
    buffer_append_text(&report->line, text);
    buffer_append_text(&report->line, report->colours ? PLAIN : "");
}

void check_append_message(struct buffer *out, const struct check_finding *finding)
{
    check_append_line(out, finding->message, MESSAGE_MOST);
    if (finding->reason.length > 0) {
        buffer_append_text(out, "; it cannot be made safe here: ");
        check_append_line(out, finding->reason, MESSAGE_MOST);
    }
}

void check_report_flush(struct check_report *report, FILE *out)
{
    struct buffer *line = &report->line;
    bool good = !line->failed && fwrite(line->at, 1, line->length, out) == line->length;
    report->failed = report->failed || !good;
    buffer_reset(line);
}

static void append_head(struct check_report *report, const struct check_file *file,
                        const struct check_place *place, const struct check_finding *finding)
{
    struct buffer *out = &report->line;
    buffer_append_text(out, report->colours ? BOLD : "");
    check_append_visible(out, span_text(file->name));
    buffer_append_format(out, ":%zu:%zu: ", place->line, place->column);
    append_coloured(report, levels[finding->level].colour, levels[finding->level].label);
    buffer_append_text(out, ": ");
    check_append_message(out, finding);
    buffer_append_format(out, " [%s]\n", finding->rule);
}

/* The caret stands where the place is, whatever is in front of it: tabs stay tabs. */
static void append_caret(struct check_report *report, const struct check_excerpt *excerpt,
                         size_t length)
{
    struct buffer *out = &report->line;
    struct span before = excerpt->before;
    buffer_append_text(out, excerpt->cut_off ? " " : "");
    while (before.length > 0) {
        size_t bytes = scan_encoding_bytes(SCAN_ENCODING_UTF8, before, 1);
        buffer_append_text(out, before.at[0] == '\t' ? "\t" : " ");
        before = span_from(before, bytes);
    }
    struct span rest = span_cut(span_from(excerpt->text, excerpt->before.length), 0, length);
    size_t tildes = scan_encoding_characters(SCAN_ENCODING_UTF8, rest);
    buffer_append_text(out, report->colours ? GREEN "^" : "^");
    for (size_t i = 1; i < tildes; i++) {
        buffer_append_u8(out, '~');
    }
    buffer_append_text(out, report->colours ? PLAIN "\n" : "\n");
}

static void append_source(struct check_report *report, const struct check_file *file,
                          const struct check_place *place, const struct check_finding *finding)
{
    struct buffer *out = &report->line;
    struct check_excerpt excerpt = check_excerpt_at(file->text, place->at);
    buffer_append_format(out, "%5zu | %s", place->line, excerpt.cut_off ? "…" : "");
    check_append_visible(out, excerpt.text);
    buffer_append_format(out, "%s\n      | ", excerpt.cut_away ? "…" : "");
    append_caret(report, &excerpt, finding->length);
}

/* A hint may have a line for each statement that it proposes. */
static void append_hint(struct buffer *out, struct span hint)
{
    const char *label = "      = hint: ";
    while (hint.length > 0) {
        const uint8_t *newline = memchr(hint.at, '\n', hint.length);
        size_t length = newline == NULL ? hint.length : (size_t)(newline - hint.at);
        buffer_append_text(out, label);
        check_append_visible(out, span_cut(hint, 0, length));
        buffer_append_text(out, "\n");
        hint = span_from(hint, length + 1);
        label = "              ";
    }
}

static void text_finding(struct check_report *report, const struct check_file *file,
                         const struct check_finding *finding)
{
    struct check_place place = check_place_of(file->text, file->place, finding->at);
    append_head(report, file, &place, finding);
    append_source(report, file, &place, finding);
    append_hint(&report->line, finding->hint);
    check_report_flush(report, stdout);
}

static void text_begin(struct check_report *report)
{
    (void)report;
}

static void text_statement(struct check_report *report, const struct check_file *file,
                           const struct check_judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        text_finding(report, file, &judgement->findings[i]);
    }
}

static void append_count(struct buffer *out, size_t count, const char *noun, const char *behind)
{
    buffer_append_format(out, "%zu %s%s%s", count, noun, count == 1 ? "" : "s", behind);
}

static void text_end(struct check_report *report)
{
    struct buffer *out = &report->line;
    append_count(out, report->statements, "statement", " in ");
    append_count(out, report->files, "file", ": ");
    append_count(out, report->errors, "error", ", ");
    append_count(out, report->warnings, "warning", "");
    if (report->notes > 0) {
        buffer_append_text(out, "; ");
        append_count(out, report->notes, "part", " not checked");
    }
    buffer_append_text(out, "\n");
    check_report_flush(report, stdout);
}

const struct check_format check_format_text = {
    .name = "text",
    .begin = text_begin,
    .statement = text_statement,
    .note = text_finding,
    .end = text_end,
};
