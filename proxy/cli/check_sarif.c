/* Findings as SARIF 2.1.0 (OASIS), as far as code scanning services read it: one run, the rules as
 * the tool's, a result with one location per finding. The results are written as they come, so that
 * the whole is never held in memory. */
#include <jansson.h>

#include "proxy/cli/check_report.h"
#include "proxy/cli/cli.h"

/* The rule of notes, which policy does not know. */
static const struct rule note_rule = {.id = CHECK_NOTE_RULE,
                                      .why = "lines that are psql's are not checked"};

static void sarif_write(struct check_report *report, json_t *value)
{
    bool written = value != NULL && json_dumpf(value, stdout, JSON_COMPACT) == 0;
    report->failed = report->failed || !written;
    json_decref(value);
}

static void append_rule(json_t *rules, const struct rule *rule)
{
    const char *help = rule->hint == NULL ? rule->why : rule->hint;
    json_array_append_new(rules, json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "id", rule->id,
                                           "shortDescription", "text", rule->why, "fullDescription",
                                           "text", rule->why, "help", "text", help));
}

static void sarif_begin(struct check_report *report)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < rules_count(); i++) {
        append_rule(rules, rules_at(i));
    }
    append_rule(rules, &note_rule);
    report->failed = fputs("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
                           "\"version\":\"2.1.0\",\"runs\":[{\"columnKind\":\"unicodeCodePoints\","
                           "\"tool\":",
                           stdout) == EOF;
    sarif_write(report, json_pack("{s:{s:s, s:s, s:o}}", "driver", "name", "ddlguard", "version",
                                  CLI_VERSION, "rules", rules));
    fputs(",\"results\":[", stdout);
}

/* A file's name as a URI reference (RFC 3986): relative to the root of the repository, where the
 * services look for it, or absolute. */
static json_t *uri_of_name(const char *name)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    struct buffer uri = {0};
    buffer_append_text(&uri, name[0] == '/' ? "file://" : "");
    for (const char *at = name; *at != '\0'; at++) {
        bool keep = strchr(plain, *at) != NULL;
        buffer_append_format(&uri, keep ? "%c" : "%%%02X", (unsigned)(uint8_t)*at);
    }
    json_t *value = uri.failed ? NULL : json_stringn((const char *)uri.at, uri.length);
    buffer_free(&uri);
    return value;
}

static json_t *region_of(const struct check_file *file, const struct check_finding *finding)
{
    struct check_place start = check_place_of(file->text, file->place, finding->at);
    struct check_place end = check_place_of(file->text, start, finding->at + finding->length);
    return json_pack("{s:I, s:I, s:I, s:I}", "startLine", (json_int_t)start.line, "startColumn",
                     (json_int_t)start.column, "endLine", (json_int_t)end.line, "endColumn",
                     (json_int_t)end.column);
}

static json_t *text_of_finding(const struct check_finding *finding)
{
    struct buffer text = {0};
    check_append_message(&text, finding);
    if (finding->hint.length > 0) {
        buffer_append_text(&text, "\n");
        check_append_utf8(&text, finding->hint);
    }
    json_t *value = text.failed ? NULL : json_stringn((const char *)text.at, text.length);
    buffer_free(&text);
    return value;
}

static void sarif_finding(struct check_report *report, const struct check_file *file,
                          const struct check_finding *finding)
{
    int found = rules_find(finding->rule);
    int index = found < 0 ? (int)rules_count() : found;
    fputs(report->results++ == 0 ? "" : ",", stdout);
    sarif_write(report, json_pack("{s:s, s:i, s:s, s:{s:o}, s:[{s:{s:{s:o}, s:o}}]}", "ruleId",
                                  finding->rule, "ruleIndex", index, "level",
                                  check_level_name(finding->level), "message", "text",
                                  text_of_finding(finding), "locations", "physicalLocation",
                                  "artifactLocation", "uri", uri_of_name(file->name), "region",
                                  region_of(file, finding)));
}

static void sarif_statement(struct check_report *report, const struct check_file *file,
                            const struct check_judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        sarif_finding(report, file, &judgement->findings[i]);
    }
}

static void sarif_end(struct check_report *report)
{
    (void)report;
    puts("]}]}");
}

const struct check_format check_format_sarif = {
    .name = "sarif",
    .begin = sarif_begin,
    .statement = sarif_statement,
    .note = sarif_finding,
    .end = sarif_end,
};
