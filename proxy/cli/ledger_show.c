/* ddlguard ledger show: all that the ledger knows of one change. */
#include <stdlib.h>
#include <string.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/ledger_cli.h"

/* Text from the ledger, made safe, each of its lines behind `indent`. */
static void print_text(const char *indent, const char *text)
{
    struct buffer safe = {0};
    ledger_append_safe(&safe, text, true);
    buffer_append_u8(&safe, 0);
    char *at = safe.failed ? NULL : (char *)safe.at;
    while (at != NULL) {
        char *line = strsep(&at, "\n");
        printf("%s%s\n", indent, line);
    }
    buffer_free(&safe);
}

static void print_line(const char *head, const char *text)
{
    if (text == NULL) {
        return;
    }
    struct buffer safe = {0};
    ledger_append_safe(&safe, text, false);
    printf("  %-12s %.*s\n", head, (int)safe.length, (const char *)safe.at);
    buffer_free(&safe);
}

static void print_number(const char *head, const json_t *number, const char *unit)
{
    if (json_is_integer(number)) {
        printf("  %-12s %lld%s\n", head, (long long)json_integer_value(number), unit);
    }
}

static void append_word(struct buffer *out, const char *word, const char *behind)
{
    if (word != NULL) {
        ledger_append_safe(out, word, false);
        buffer_append_text(out, behind);
    }
}

/* "create index public.i" */
static void print_objects(const json_t *change)
{
    size_t i;
    json_t *object;
    json_array_foreach(json_object_get(change, "objects"), i, object)
    {
        struct buffer line = {0};
        append_word(&line, ledger_member(object, "action"), " ");
        append_word(&line, ledger_member(object, "kind"), " ");
        append_word(&line, ledger_member(object, "schema"), ".");
        append_word(&line, ledger_member(object, "name"), "");
        buffer_append_u8(&line, 0);
        print_line(i == 0 ? "objects" : "", line.failed ? NULL : (const char *)line.at);
        buffer_free(&line);
    }
}

static void print_rules(const json_t *change)
{
    size_t i;
    json_t *rule;
    print_line("verdict", ledger_member(change, "verdict"));
    json_array_foreach(json_object_get(change, "rules"), i, rule)
    {
        const char *reason = ledger_member(rule, "reason");
        struct buffer line = {0};
        append_word(&line, ledger_member(rule, "id"), " (");
        append_word(&line, ledger_member(rule, "action"), reason == NULL ? ")" : "): ");
        append_word(&line, reason, "");
        buffer_append_u8(&line, 0);
        print_line(i == 0 ? "rules" : "", line.failed ? NULL : (const char *)line.at);
        buffer_free(&line);
    }
}

static void print_statements(const json_t *change)
{
    const char *original = ledger_member(change, "original_sql");
    if (original != NULL) {
        printf("\nas it came from the client:\n");
        print_text("    ", original);
    }
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(change, "executed"), i, step)
    {
        const char *sql = ledger_member(step, "sql");
        if (i == 0) {
            printf("\nas it was sent to the server:\n");
        }
        print_text("    ", sql != NULL ? sql : "");
    }
}

static void print_change(const json_t *change)
{
    struct ledger_table table = ledger_table_on(stdout);
    const char *state = ledger_member(change, "state");
    const char *colour = ledger_state_colour(table.colours, state != NULL ? state : "");
    printf("%s  %s%s%s\n", ledger_member(change, "change_id"), colour, state != NULL ? state : "-",
           colour[0] != 0 ? LEDGER_PLAIN : "");
    print_line("tag", ledger_member(change, "tag"));
    print_objects(change);
    print_line("database", ledger_member(change, "database"));
    print_line("user", ledger_member(change, "user"));
    print_line("application", ledger_member(change, "application_name"));
    print_line("client", ledger_member(change, "client"));
    print_rules(change);
    print_line("sqlstate", ledger_member(change, "sqlstate"));
    print_line("message", ledger_member(change, "message"));
    print_line("encoding", ledger_member(change, "encoding"));
    print_line("clean up", ledger_member(change, "cleanup"));
    print_line("done still", ledger_member(change, "remains"));
    print_number("attempts", json_object_get(change, "attempts"), "");
    print_number("lock timeout", json_object_get(change, "lock_timeout_ms"), " ms");
    print_statements(change);
    printf("\nwhat happened:\n");
}

/* "3000 of about 10000 rows" */
static void append_progress(const json_t *progress, struct buffer *out)
{
    const json_t *of = json_object_get(progress, "of");
    if (progress == NULL) {
        return;
    }
    buffer_append_format(out, "%lld",
                         (long long)json_integer_value(json_object_get(progress, "rows")));
    if (json_is_integer(of)) {
        buffer_append_format(out, " of about %lld", (long long)json_integer_value(of));
    }
    buffer_append_text(out, " rows");
}

static bool print_event(void *who, const char *json, int64_t seq)
{
    (void)who;
    json_t *event = json_loads(json, 0, NULL);
    const json_t *body = json_object_get(event, "body");
    const char *sqlstate = ledger_member(body, "sqlstate");
    const char *message = ledger_member(body, "message");
    const char *cleanup = ledger_member(body, "cleanup");
    const char *error = ledger_member(body, "cleanup_error");
    const char *kind = ledger_member(event, "kind");
    const char *at = ledger_member(event, "at");
    struct buffer more = {0};
    ledger_append_safe(&more, sqlstate != NULL ? sqlstate : "", false);
    buffer_append_text(&more, sqlstate != NULL ? " " : "");
    const char *text = message != NULL ? message : cleanup != NULL ? cleanup : error;
    ledger_append_safe(&more, text != NULL ? text : "", false);
    append_progress(json_object_get(body, "progress"), &more);
    printf("  %s  %8lld  %-12s %.*s\n", at != NULL ? at : "-", (long long)seq,
           kind != NULL ? kind : "-", (int)more.length, (const char *)more.at);
    buffer_free(&more);
    json_decref(event);
    return true;
}

static bool print_event_json(void *who, const char *json, int64_t seq)
{
    (void)who;
    (void)seq;
    return puts(json) >= 0;
}

static int show_one(struct ledger_reader *reader, const struct ledger_options *options,
                    const struct ledger_texts *texts)
{
    char *why = NULL;
    if (texts->count == 0) {
        fprintf(stderr, "ddlguard ledger: no change begins with %s\n", options->filter.id);
        return CLI_FINDINGS;
    }
    json_t *change = json_loads(texts->at[0], 0, NULL);
    if (!options->json && texts->count == 1) {
        print_change(change);
    }
    /* With more than one it says so; with one it is found by its whole id. */
    const char *id = texts->count == 1 ? ledger_member(change, "change_id") : options->filter.id;
    bool read = ledger_reader_events(reader, id, options->json ? print_event_json : print_event,
                                     NULL, &why);
    json_decref(change);
    return read ? CLI_OK : ledger_complain(why);
}

int ledger_show(struct ledger_reader *reader, const struct ledger_options *options)
{
    struct ledger_texts texts = {0};
    struct ledger_filter filter = {.id = options->filter.id, .limit = 2};
    char *why = NULL;
    int code = ledger_reader_changes(reader, &filter, ledger_texts_add, &texts, &why)
                   ? show_one(reader, options, &texts)
                   : ledger_complain(why);
    ledger_texts_free(&texts);
    return code;
}
