/* The short forms of a dialogue: what is said in every one of them, in one word.
 *
 *      Ours "SQL"            OursFlush "SQL"            an exchange of ours (runner_exchange.c)
 *      Probe "SQL"           ProbeFlush "SQL"           the probe, within its settings
 *      Answer "column" NULL  AnswerFlush …              its answer with one row
 *      AnswerEmpty           AnswerEmptyFlush           … with none
 *      Complete "DO"         CompleteFlush "DO"         … of a statement that has no rows
 *      Complete "BEGIN" T                               … that changes the status
 *      Failed 55P03 "text"   FailedFlush …              … an error
 *      FailedProbe 42501 …   FailedProbeFlush …         … of the probe
 *      Settings name=value   SettingsFlush …            the probe's row, settings only
 *      Facts name=value      FactsFlush …               the probe's row (policy/probe_read.c);
 *      Facts … ; detail=g …                             and more of them
 *      Error 42501 "text"    Fatal 57P01 "text"         ErrorResponse
 *      Notice "text"                                    NoticeResponse
 *      Times 3000 Bind "p#" "s"      so many messages, # is the number of each
 *      Long 70000 Error 42601 "#"    one message, # is so many letters
 *
 * Answers end with ReadyForQuery in the status that the dialogue is in, those with Flush do not. */
#include "tests/unit/session/dialogue.h"
#include "tests/unit/session/probe_answer.h"

#include <stdio.h>
#include <stdlib.h>

#define COLUMNS_MOST 64

struct column {
    const char *name;
    const char *value;
};

/* One row of the probe's answer, up to the word ";", behind which another one is described. */
static struct span append_row(struct dialogue *dialogue, struct span words, bool all,
                              struct buffer *out)
{
    struct column columns[COLUMNS_MOST] = {
#define X(name, value) {#name, value},
        PROBE_ANSWER(X)
#undef X
    };
    struct dialogue_word given[COLUMNS_MOST];
    size_t given_count = 0;
    while (given_count < COLUMNS_MOST && dialogue_next_word(&words, &given[given_count]) &&
           strcmp(given[given_count].name, ";") != 0) {
        size_t i = 0;
        while (columns[i].name != NULL && strcmp(columns[i].name, given[given_count].name) != 0) {
            i++;
        }
        if (columns[i].name == NULL) {
            dialogue_refuse(dialogue, "no such fact: %s", given[given_count].name);
            return span_of(NULL, 0);
        }
        columns[i].value = given[given_count++].value;
    }
    buffer_append_text(out, "DataRow");
    for (size_t i = 0; columns[i].name != NULL && (all || i < PROBE_ANSWER_SETTINGS); i++) {
        bool null = columns[i].value[0] == '\0';
        buffer_append_format(out, null ? " NULL" : " \"%s\"", columns[i].value);
    }
    buffer_append_text(out, "\n");
    return words;
}

static void append_ready(struct dialogue *dialogue, bool flush, struct buffer *out)
{
    if (!flush) {
        buffer_append_format(out, "ReadyForQuery %c\n", dialogue->status);
    }
}

static void append_bound(const struct dialogue *dialogue, struct buffer *out)
{
    buffer_append_text(out, dialogue->status == 'E' ? "CloseComplete\n" : "");
    buffer_append_text(out, "CloseComplete\nParseComplete\nBindComplete\n");
}

/* The settings that a probe is planned with have been made, for the time being. */
static void append_planner(const struct dialogue *dialogue, struct buffer *out)
{
    append_bound(dialogue, out);
    buffer_append_text(out, "DataRow \"off\" \"on\" \"on\" \"on\" \"1\"\nPortalSuspended\n");
}

/* `rest`: the status that a statement leaves which opens or ends a transaction; else empty. */
static void append_complete(struct dialogue *dialogue, const char *tag, struct span row, bool flush,
                            struct span rest, struct buffer *out)
{
    struct dialogue_word status;
    append_bound(dialogue, out);
    buffer_append_span(out, row);
    buffer_append_format(out, "CommandComplete \"%s\"\nCloseComplete\nCloseComplete\n", tag);
    if (dialogue_next_word(&rest, &status)) {
        dialogue->status = status.name[0];
    }
    append_ready(dialogue, flush, out);
}

static void append_facts(struct dialogue *dialogue, struct span rows, bool flush,
                         struct buffer *out)
{
    append_planner(dialogue, out);
    append_complete(dialogue, "SELECT 1", rows, true, span_of(NULL, 0), out);
    buffer_append_text(out, "DataRow \"on\" \"off\" \"on\" \"off\" \"8\"\nPortalSuspended\n"
                            "CloseComplete\n");
    append_ready(dialogue, flush, out);
}

static void append_error(const char *severity, bool expected, struct span words, struct buffer *out)
{
    struct dialogue_word sqlstate;
    struct span text = words;
    if (!dialogue_next_word(&text, &sqlstate)) {
        return;
    }
    text = dialogue_skip_blanks(text);
    buffer_append_format(out, "%sErrorResponse S \"%s\" V \"%s\" C \"%s\" M %.*s%s\n",
                         expected ? "~" : "", severity, severity, sqlstate.name, (int)text.length,
                         (const char *)text.at, expected ? "\xe2\x80\xa6" : "");
}

static void append_failed(struct dialogue *dialogue, bool flush, struct span words,
                          struct buffer *out)
{
    append_bound(dialogue, out);
    append_error("ERROR", false, words, out);
    dialogue->status = dialogue->status == 'T' ? 'E' : dialogue->status;
    append_ready(dialogue, flush, out);
}

static void append_notice(bool expected, struct span words, struct buffer *out)
{
    struct span text = dialogue_skip_blanks(words);
    buffer_append_format(out, "%sNoticeResponse S \"NOTICE\" V \"NOTICE\" C \"00000\" M %.*s%s\n",
                         expected ? "~" : "", (int)text.length, (const char *)text.at,
                         expected ? "\xe2\x80\xa6" : "");
}

static void append_ours(const struct dialogue *dialogue, bool flush, struct span words,
                        struct buffer *out)
{
    struct span sql = dialogue_skip_blanks(words);
    buffer_append_text(out, dialogue->status == 'E' ? "Close P \"_ddlguard\"\n" : "");
    buffer_append_format(out,
                         "Close S \"_ddlguard\"\nParse \"_ddlguard\" %.*s\n"
                         "Bind \"_ddlguard\" \"_ddlguard\"\nExecute \"_ddlguard\" 0\n"
                         "Close P \"_ddlguard\"\nClose S \"_ddlguard\"\n%s\n",
                         (int)sql.length, (const char *)sql.at, flush ? "Flush" : "Sync");
}

/* runner_exchange.c, exchange_send_within() */
static void append_probe(bool flush, struct span words, struct buffer *out)
{
    struct span sql = dialogue_skip_blanks(words);
    buffer_append_format(out,
                         "Close S \"_ddlguard\"\nParse \"_ddlguard\""
                         " \"/* ddlguard */ SELECT NULL, pg_catalog.set_config('jit',…\"\n"
                         "Bind \"_ddlguard_outer\" \"_ddlguard\"\nExecute \"_ddlguard_outer\" 1\n"
                         "Close S \"_ddlguard\"\nParse \"_ddlguard\" %.*s\n"
                         "Bind \"_ddlguard\" \"_ddlguard\"\nExecute \"_ddlguard\" 0\n"
                         "Close P \"_ddlguard\"\nClose S \"_ddlguard\"\n"
                         "Execute \"_ddlguard_outer\" 1\nClose P \"_ddlguard_outer\"\n%s\n",
                         (int)sql.length, (const char *)sql.at, flush ? "Flush" : "Sync");
}

static void append_filled(struct span text, struct span filling, struct buffer *out)
{
    for (size_t i = 0; i < text.length; i++) {
        buffer_append_span(out, text.at[i] == '#' ? filling : span_cut(text, i, 1));
    }
}

static void append_message(struct dialogue *dialogue, struct span words, struct span filling,
                           bool expected, struct buffer *out)
{
    struct buffer message = {0};
    append_filled(dialogue_skip_blanks(words), filling, &message);
    if (!dialogue_expand(dialogue, buffer_span(&message), expected, out)) {
        buffer_append_span(out, buffer_span(&message));
        buffer_append_text(out, "\n");
    }
    buffer_free(&message);
}

static void append_many(struct dialogue *dialogue, bool times, struct span words, bool expected,
                        struct buffer *out)
{
    struct dialogue_word number;
    struct buffer filling = {0};
    unsigned long count = dialogue_next_word(&words, &number) ? strtoul(number.name, NULL, 10) : 0;
    if (count == 0) {
        dialogue_refuse(dialogue, "expected a number");
        return;
    }
    for (unsigned long i = 1; i <= count; i++) {
        if (times) {
            buffer_reset(&filling);
            buffer_append_format(&filling, "%lu", i);
            append_message(dialogue, words, buffer_span(&filling), expected, out);
        } else {
            buffer_append_u8(&filling, 'x');
        }
    }
    if (!times) {
        append_message(dialogue, words, buffer_span(&filling), expected, out);
    }
    buffer_free(&filling);
}

/* "AnswerFlush" is "Answer" with *flush. */
static bool is_form(const char *name, const char *form, bool *flush)
{
    size_t length = strlen(form);
    *flush = strcmp(name + (strncmp(name, form, length) == 0 ? length : 0), "Flush") == 0;
    return strcmp(name, form) == 0 || (*flush && strncmp(name, form, length) == 0);
}

bool dialogue_expand(struct dialogue *dialogue, struct span message, bool expected,
                     struct buffer *lines)
{
    struct dialogue_word form;
    struct dialogue_word tag;
    struct span words = message;
    const struct span none = {0};
    bool flush = false;
    if (!dialogue_next_word(&words, &form)) {
        return false;
    }
    struct buffer row = {0};
    bool known = true;
    if (is_form(form.name, "Ours", &flush)) {
        append_ours(dialogue, flush, words, lines);
    } else if (is_form(form.name, "Probe", &flush)) {
        append_probe(flush, words, lines);
    } else if (is_form(form.name, "Answer", &flush)) {
        buffer_append_format(&row, "DataRow %.*s\n", (int)words.length, (const char *)words.at);
        append_complete(dialogue, "SELECT 1", buffer_span(&row), flush, none, lines);
    } else if (is_form(form.name, "AnswerEmpty", &flush)) {
        append_complete(dialogue, "SELECT 0", none, flush, none, lines);
    } else if (is_form(form.name, "Complete", &flush) && dialogue_next_word(&words, &tag)) {
        append_complete(dialogue, tag.value, none, flush, words, lines);
    } else if (is_form(form.name, "Settings", &flush)) {
        (void)append_row(dialogue, words, false, &row);
        append_complete(dialogue, "SELECT 1", buffer_span(&row), flush, none, lines);
    } else if (is_form(form.name, "Facts", &flush)) {
        do {
            words = append_row(dialogue, words, true, &row);
        } while (words.length > 0);
        append_facts(dialogue, buffer_span(&row), flush, lines);
    } else if (is_form(form.name, "FailedProbe", &flush)) {
        append_planner(dialogue, lines);
        append_failed(dialogue, flush, words, lines);
    } else if (is_form(form.name, "Failed", &flush)) {
        append_failed(dialogue, flush, words, lines);
    } else if (strcmp(form.name, "Error") == 0 || strcmp(form.name, "Fatal") == 0) {
        append_error(form.name[0] == 'E' ? "ERROR" : "FATAL", expected, words, lines);
    } else if (strcmp(form.name, "Notice") == 0) {
        append_notice(expected, words, lines);
    } else if (strcmp(form.name, "Times") == 0 || strcmp(form.name, "Long") == 0) {
        append_many(dialogue, form.name[0] == 'T', words, expected, lines);
    } else {
        known = false;
    }
    buffer_free(&row);
    return known;
}

/* The whole start-up, which must pass byte for byte. */
void dialogue_login(struct dialogue *dialogue, struct span words)
{
    struct buffer startup = {0};
    struct buffer answer = {0};
    struct buffer line = {0};
    struct dialogue_word word;
    char version[64] = "15.20";
    buffer_append_text(&startup, "StartupMessage 3.0");
    while (dialogue_next_word(&words, &word)) {
        if (strcmp(word.name, "server_version") == 0) {
            snprintf(version, sizeof version, "%.63s", word.value);
        } else {
            buffer_append_format(&startup, " %s \"%s\"", word.name, word.value);
        }
    }
    buffer_append_format(&answer,
                         "Authentication 0 | ParameterStatus \"server_version\" \"%s\""
                         " | ParameterStatus \"standard_conforming_strings\" \"on\""
                         " | ParameterStatus \"client_encoding\" \"UTF8\""
                         " | BackendKeyData 4711 \"\\x00\\x01\\x02\\x03\" | ReadyForQuery I",
                         version);
    buffer_append_format(&line, "client > %.*s\nrequest < DIAL\nevent CONNECTED\nserver < %.*s\n",
                         (int)startup.length, (const char *)startup.at, (int)startup.length,
                         (const char *)startup.at);
    buffer_append_format(&line, "server > %.*s\nclient < %.*s\nrequest < REGISTER_KEY\n",
                         (int)answer.length, (const char *)answer.at, (int)answer.length,
                         (const char *)answer.at);
    for (struct span rest = buffer_span(&line); rest.length > 0;) {
        const uint8_t *end = memchr(rest.at, '\n', rest.length);
        struct span one = span_cut(rest, 0, (size_t)(end - rest.at));
        dialogue_parse_line(dialogue, one);
        rest = span_from(rest, one.length + 1);
    }
    buffer_free(&startup);
    buffer_free(&answer);
    buffer_free(&line);
}
