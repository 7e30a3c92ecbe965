/* SQL text into statements. See inspect.h. */
#include "proxy/session/inspect.h"

#include "policy/sql/sql.h"

#include <stdlib.h>

struct scan_options inspect_options(const struct session *session)
{
    return (struct scan_options){
        .standard_conforming_strings = session->standard_strings,
        .encoding = (enum scan_encoding)session->encoding,
    };
}

/* EXECUTE runs what a Parse message has prepared under that name, too, and PREPARE can hold a
 * SELECT … INTO. Names may be quoted, so any remembered schema change makes every EXECUTE suspect.
 */
static bool knows_prepared_change(const struct session *session)
{
    for (size_t i = 0; i < session->prepared.name_count; i++) {
        if (statement_is_recorded(session->prepared.names[i].prepared->statement.kind)) {
            return true;
        }
    }
    return session->prepared.sql_change;
}

static bool begins_with(const struct scan_statement *cut, const char *words)
{
    return strncmp(cut->words, words, strlen(words)) == 0;
}

/* EXECUTE, and EXPLAIN ANALYZE EXECUTE. */
static bool is_execute(const struct scan_statement *cut)
{
    return cut->class == SCAN_PREPARED && !begins_with(cut, "PREPARE") &&
           !begins_with(cut, "DEALLOCATE");
}

bool inspect_class_needs_plan(const struct session *session, const struct scan_statement *cut)
{
    switch (cut->class) {
    case SCAN_OTHER:
    case SCAN_SETTING:
        return false;
    case SCAN_PREPARED:
        return is_execute(cut) && knows_prepared_change(session);
    case SCAN_TRANSACTION:
        /* Only the end of changes is of interest; the server's status byte tells all else. */
        return session->transaction.count > 0 && scan_statement_verb(cut) != SCAN_VERB_BEGIN;
    case SCAN_DDL:
    case SCAN_CODE:
    case SCAN_UNKNOWN:
    case SCAN_UNDECIDED:
        return true;
    }
    return true;
}

static bool changes_readings(const struct scan_statement *cut)
{
    static const char *const parts[] = {" STANDARD_CONFORMING_STRINGS", " CLIENT_ENCODING",
                                        " NAMES", "RESET ALL", "DISCARD ALL"};
    /* A name in quotes is not among the words: it may be any. */
    const char *last = strrchr(cut->words, ' ');
    bool changes = last == NULL || strcmp(last, " LOCAL") == 0 || strcmp(last, " SESSION") == 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !changes; i++) {
        changes = strstr(cut->words, parts[i]) != NULL;
    }
    return changes;
}

void inspect_note(struct session *session, const struct scan_statement *cut)
{
    if (cut->class == SCAN_SETTING) {
        session->readings_change |= changes_readings(cut);
        session->prepared.sql_frees |= begins_with(cut, "DISCARD");
    } else if (cut->class == SCAN_PREPARED) {
        session->prepared.sql_frees |= begins_with(cut, "DEALLOCATE");
    }
}

bool inspect_must_wait(const struct session *session, struct span sql)
{
    bool depends = false;
    if (!session->readings_change || session_is_quiet(session)) {
        return false;
    }
    for (size_t i = 0; i < sql.length && !depends; i++) {
        depends = sql.at[i] == '\\' || sql.at[i] >= 0x80;
    }
    return depends;
}

bool inspect_needs_plan(struct session *session, struct span sql)
{
    struct scanner scanner;
    struct scan_statement cut;
    size_t at = 0;
    scan_start(&scanner, inspect_options(session));
    while (scan_next(&scanner, sql, &at, true, &cut) == SCAN_STATEMENT) {
        inspect_note(session, &cut);
        if (inspect_class_needs_plan(session, &cut)) {
            return true;
        }
    }
    return inspect_must_wait(session, sql);
}

static void read_statement(const struct session *session, struct span sql,
                           const struct scan_statement *cut, struct statement *out)
{
    bool prepares = cut->class == SCAN_DDL && begins_with(cut, "PREPARE");
    if (cut->class == SCAN_OTHER || cut->class == SCAN_PREPARED || prepares) {
        *out = (struct statement){.kind = STATEMENT_OTHER,
                                  .tag = "",
                                  .from = cut->from,
                                  .start = cut->start,
                                  .length = cut->length};
        if (prepares || (is_execute(cut) && knows_prepared_change(session))) {
            out->kind = STATEMENT_DDL;
            out->tag = prepares ? "PREPARE" : "EXECUTE";
        }
        return;
    }
    sql_parse(sql, cut, session->options->parse_limit, out);
}

bool inspect_statements(struct session *session, struct span sql, struct statement_list *out)
{
    struct scanner scanner;
    struct scan_statement cut;
    size_t at = 0;
    size_t room = 0;
    *out = (struct statement_list){0};
    scan_start(&scanner, inspect_options(session));
    while (scan_next(&scanner, sql, &at, true, &cut) == SCAN_STATEMENT) {
        inspect_note(session, &cut);
        if (out->count == INSPECT_STATEMENTS_MAX) {
            inspect_too_long(session, sql, &out->at[0]);
            out->count = 1;
            return true;
        }
        if (out->count == room) {
            room = room == 0 ? 1 : 2 * room;
            struct statement *grown = realloc(out->at, room * sizeof(*grown));
            if (grown == NULL) {
                free(out->at);
                *out = (struct statement_list){0};
                return false;
            }
            out->at = grown;
        }
        read_statement(session, sql, &cut, &out->at[out->count++]);
    }
    return out->count > 0;
}

void inspect_too_long(const struct session *session, struct span beginning, struct statement *out)
{
    struct scanner scanner;
    struct scan_statement cut = {.class = SCAN_UNKNOWN};
    size_t at = 0;
    bool matters = false;
    scan_start(&scanner, inspect_options(session));
    /* The first statement that matters gives the whole its name. */
    while (!matters && scan_next(&scanner, beginning, &at, true, &cut) == SCAN_STATEMENT) {
        matters = inspect_class_needs_plan(session, &cut);
    }
    cut.from = cut.start = 0;
    cut.length = beginning.length;
    sql_parse(beginning, &cut, 0, out); /* nothing is short enough: STATEMENT_TOO_LONG */
    if (matters) {
        out->kind = STATEMENT_TOO_LONG; /* transaction control, too, is one with the rest here */
    }
}

bool inspect_prepared(struct session *session, struct span sql, struct statement *out)
{
    struct scanner scanner;
    struct scan_statement cut;
    size_t at = 0;
    scan_start(&scanner, inspect_options(session));
    /* More than one statement in a Parse is an error on the server: nothing of it ever runs. */
    while (scan_next(&scanner, sql, &at, true, &cut) == SCAN_STATEMENT) {
        inspect_note(session, &cut);
        if (is_execute(&cut) && knows_prepared_change(session)) {
            read_statement(session, sql, &cut, out);
            return true;
        }
        if (cut.class == SCAN_OTHER || cut.class == SCAN_SETTING || cut.class == SCAN_PREPARED ||
            (cut.class == SCAN_TRANSACTION && scan_statement_verb(&cut) == SCAN_VERB_BEGIN)) {
            continue;
        }
        sql_parse(sql, &cut, session->options->parse_limit, out);
        return statement_is_recorded(out->kind) || statement_is_guarded(out->kind) ||
               statement_is_transaction(out->kind);
    }
    return false;
}

bool inspect_kind_needs_plan(const struct session *session, enum statement_kind kind)
{
    if (statement_is_transaction(kind)) {
        return session->transaction.count > 0 && kind != STATEMENT_BEGIN;
    }
    return statement_is_recorded(kind) || statement_is_guarded(kind);
}
