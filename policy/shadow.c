/* Builds the shadow probe and reads what the server says to it. The copy has the table's own name,
 * so that expressions which name the table still mean something. */
#include "policy/shadow.h"

#include <stdio.h>

#include "policy/effect.h"
#include "policy/sql/alter_text.h"

/* Does the action mean the same on a copy? SKIP: it does, but costs nothing that we ask about, or
 * cannot be made on a temporary table and makes no difference to the others. */
enum copied { COPIED_NOT, COPIED_SKIP, COPIED_YES };

static enum copied action_is_copied(const struct alter_action *action)
{
    switch (action->kind) {
    case ALTER_ADD_COLUMN:
        return action->flags & COLUMN_REFERENCES ? COPIED_NOT : COPIED_YES;
    case ALTER_ADD_UNIQUE:
    case ALTER_ADD_PRIMARY_KEY:
    case ALTER_ADD_EXCLUSION:
        return action->flags & ALTER_USING_INDEX ? COPIED_NOT : COPIED_YES;
    case ALTER_DROP_COLUMN:
    case ALTER_COLUMN_TYPE:
    case ALTER_SET_DEFAULT:
    case ALTER_SET_NOT_NULL:
    case ALTER_DROP_NOT_NULL:
    case ALTER_ADD_CHECK:
    case ALTER_ADD_NOT_NULL:
    case ALTER_SET_EXPRESSION:
    case ALTER_ADD_IDENTITY:
        return COPIED_YES;
    case ALTER_ADD_FOREIGN_KEY:
    case ALTER_LIGHT:
        return COPIED_SKIP;
    case ALTER_OTHER:
    case ALTER_VALIDATE:
    case ALTER_DROP_CONSTRAINT:
    case ALTER_ALTER_CONSTRAINT:
    case ALTER_ATTACH_PARTITION:
    case ALTER_DETACH_PARTITION:
    case ALTER_SET_LOGGED:
    case ALTER_SET_UNLOGGED:
    case ALTER_SET_TABLESPACE:
    case ALTER_SET_ACCESS_METHOD:
    case ALTER_DISABLE_TRIGGER:
    case ALTER_RENAME_COLUMN:
    case ALTER_RENAME_CONSTRAINT:
    case ALTER_RENAME_TABLE:
    case ALTER_SET_SCHEMA:
        return COPIED_NOT;
    }
    return COPIED_NOT;
}

static bool action_needs_proof(enum alter_kind kind)
{
    return kind == ALTER_SET_NOT_NULL || kind == ALTER_ADD_NOT_NULL;
}

/* An ALTER TABLE makes its actions in an order of its own: what is dropped goes first, types change
 * next. One by one in the order of the text, a proof that no column is NULL may live longer. */
static bool proof_may_go(const struct statement *statement)
{
    bool goes = false;
    for (size_t i = 0; i < statement->action_count; i++) {
        enum alter_kind kind = statement->actions[i].kind;
        goes = goes || kind == ALTER_DROP_COLUMN || kind == ALTER_DROP_NOT_NULL ||
               kind == ALTER_COLUMN_TYPE || kind == ALTER_SET_EXPRESSION;
    }
    return goes;
}

/* Then what needs one is not asked about. */
static enum copied action_is_asked(const struct statement *statement, size_t at)
{
    enum alter_kind kind = statement->actions[at].kind;
    bool needs_proof =
        action_needs_proof(kind) || kind == ALTER_ADD_PRIMARY_KEY || kind == ALTER_ADD_IDENTITY;
    enum copied copied = action_is_copied(&statement->actions[at]);
    return copied == COPIED_YES && needs_proof && proof_may_go(statement) ? COPIED_SKIP : copied;
}

static bool table_is_copied(const struct situation *now, const struct facts *facts)
{
    return facts->known && facts->target_known && facts->exists && facts->kind == 'r' &&
           !facts->temporary && !facts->system && !facts->new_here && !facts->table_has_children &&
           facts->unproved_known && facts->may_copy && !now->replication && !now->early &&
           !now->transaction_failed &&
           (!now->in_transaction || (now->may_save && !facts->two_phase));
}

static bool statement_is_copied(const struct statement *statement)
{
    if (statement->kind != STATEMENT_ALTER_TABLE || statement->action_count == 0 ||
        statement->action_count > STATEMENT_ACTIONS_MAX) {
        return false;
    }
    bool any = false;
    for (size_t i = 0; i < statement->action_count; i++) {
        enum copied copied = action_is_asked(statement, i);
        if (copied == COPIED_NOT) {
            return false;
        }
        any |= copied == COPIED_YES;
    }
    return any;
}

bool shadow_is_wanted(const struct statement *statement, const struct situation *now,
                      const struct facts *facts)
{
    if (!statement_is_copied(statement) || !table_is_copied(now, facts)) {
        return false;
    }
    for (size_t i = 0; i < statement->action_count; i++) {
        struct effect effect = effect_of_action(statement, i, facts, facts->server_version);
        bool proves = action_needs_proof(statement->actions[i].kind);
        if (action_is_asked(statement, i) == COPIED_YES &&
            (effect.rewrites == ANSWER_UNKNOWN || effect.scans == ANSWER_UNKNOWN ||
             (proves && effect.scans == ANSWER_YES))) {
            return true;
        }
    }
    return false;
}

/* Until shadow_cut a step's span has only a length: the place where its text starts. */
static struct buffer *shadow_step(struct shadow *shadow, enum shadow_kind kind, size_t action)
{
    shadow->steps[shadow->count++] = (struct shadow_step){
        .kind = kind, .sql = span_of(NULL, shadow->text.length), .action = action};
    return &shadow->text;
}

static void shadow_cut(struct shadow *shadow)
{
    struct span text = buffer_span(&shadow->text);
    for (size_t i = 0; i < shadow->count; i++) {
        size_t from = shadow->steps[i].sql.length;
        size_t end = i + 1 < shadow->count ? shadow->steps[i + 1].sql.length : text.length;
        shadow->steps[i].sql = span_cut(text, from, end - from);
    }
}

static void shadow_prepare(const struct situation *now, const struct facts *facts,
                           const struct object_name *copy, struct shadow *shadow)
{
    struct buffer *out = shadow_step(shadow, SHADOW_PREPARE, 0);
    buffer_append_text(out, now->in_transaction ? "/* ddlguard */ SAVEPOINT ddlguard_shadow"
                                                : "/* ddlguard */ BEGIN");
    out = shadow_step(shadow, SHADOW_PREPARE, 0);
    buffer_append_format(
        out,
        "/* ddlguard */ SELECT pg_catalog.set_config('lock_timeout', '%dms', true),"
        " pg_catalog.set_config('statement_timeout', '%dms', true),"
        " pg_catalog.set_config('client_min_messages', 'debug1', true)",
        SHADOW_LOCK_MS, SHADOW_STATEMENT_MS);
    out = shadow_step(shadow, SHADOW_PREPARE, 0);
    buffer_append_text(out, "/* ddlguard */ CREATE TABLE ");
    sql_append_name(out, copy);
    buffer_append_text(out, " (LIKE ");
    sql_append_name(out, &facts->table);
    buffer_append_text(out, " INCLUDING ALL)");
    if (facts->drop_unproved[0] != '\0') {
        out = shadow_step(shadow, SHADOW_PREPARE, 0);
        buffer_append_text(out, "/* ddlguard */ ALTER TABLE ");
        sql_append_name(out, copy);
        buffer_append_format(out, " %s", facts->drop_unproved);
    }
}

/* False: an action could not be written, and what comes behind it may depend on it. */
static bool shadow_alter(const struct statement *statement, struct span text,
                         const struct object_name *copy, struct shadow *shadow)
{
    for (size_t i = 0; i < statement->action_count; i++) {
        if (action_is_asked(statement, i) != COPIED_YES) {
            continue;
        }
        struct buffer *out = shadow_step(shadow, SHADOW_ALTER, i);
        shadow->steps[shadow->count - 1].proves = action_needs_proof(statement->actions[i].kind);
        buffer_append_text(out, "/* ddlguard */ ");
        if (!alter_text_on_table(text, statement, i, copy, out)) {
            return false;
        }
    }
    return true;
}

static void shadow_leave(const struct situation *now, struct shadow *shadow)
{
    if (!now->in_transaction) {
        buffer_append_text(shadow_step(shadow, SHADOW_LEAVE, 0), "/* ddlguard */ ROLLBACK");
        return;
    }
    buffer_append_text(shadow_step(shadow, SHADOW_LEAVE, 0),
                       "/* ddlguard */ ROLLBACK TO SAVEPOINT ddlguard_shadow");
    buffer_append_text(shadow_step(shadow, SHADOW_LEAVE, 0),
                       "/* ddlguard */ RELEASE SAVEPOINT ddlguard_shadow");
}

bool shadow_build(const struct statement *statement, struct span text, const struct situation *now,
                  const struct facts *facts, struct shadow *out)
{
    *out = (struct shadow){0};
    if (!statement_is_copied(statement) || !table_is_copied(now, facts)) {
        return true;
    }
    struct object_name copy = {.schema = "pg_temp"};
    memcpy(copy.name, facts->table.name, sizeof copy.name);
    shadow_prepare(now, facts, &copy, out);
    bool written = shadow_alter(statement, text, &copy, out);
    shadow_leave(now, out);
    shadow_cut(out);
    out->count = written ? out->count : 0;
    return !out->text.failed;
}

void shadow_free(struct shadow *shadow)
{
    buffer_free(&shadow->text);
    *shadow = (struct shadow){0};
}

static bool span_begins(struct span text, const char *start)
{
    return span_is(span_cut(text, 0, strlen(start)), start);
}

/* A TOAST table of the copy's own, empty however large the real one is: "pg_toast_1_index" on
 * "pg_toast_1". */
static bool is_about_toast(struct span message)
{
    static const char name[] = "\"pg_toast_";
    size_t found = 0;
    for (size_t i = 0; i < message.length; i++) {
        found += span_begins(span_from(message, i), name);
    }
    return found == 2;
}

/* By the server's routine: messages of PostgreSQL before 14 are translated. The one routine that
 * goes through the rows either writes or only looks; not understood, it writes. */
void shadow_read_notice(const struct shadow *shadow, size_t step, struct span message,
                        struct span routine, struct facts *facts)
{
    if (shadow->steps[step].kind != SHADOW_ALTER) {
        return;
    }
    struct action_facts *action = &facts->actions[shadow->steps[step].action];
    if (span_is(routine, "ATRewriteTable")) {
        bool looks = span_begins(message, "verifying table ");
        action->rewrites = looks ? action->rewrites : ANSWER_YES;
        action->scans = ANSWER_YES;
    } else if (span_is(routine, "index_build") && !is_about_toast(message)) {
        action->builds = ANSWER_YES;
    }
}

static void answer_settle(enum answer *answer)
{
    *answer = *answer == ANSWER_YES ? ANSWER_YES : ANSWER_NO;
}

size_t shadow_next(const struct shadow *shadow, size_t step, bool failed, struct facts *facts)
{
    const struct shadow_step *ended = &shadow->steps[step];
    struct action_facts *action = &facts->actions[ended->action];
    if (ended->kind == SHADOW_ALTER && failed) {
        action->rewrites = action->scans = action->builds = ANSWER_UNKNOWN;
    } else if (ended->kind == SHADOW_ALTER) {
        answer_settle(&action->rewrites);
        answer_settle(&action->scans);
        answer_settle(&action->builds);
        action->column_proved |= ended->proves && action->scans == ANSWER_NO;
    }
    if (failed && ended->kind == SHADOW_LEAVE) {
        return shadow->count;
    }
    size_t next = step + 1;
    while (failed && next < shadow->count && shadow->steps[next].kind != SHADOW_LEAVE) {
        next++;
    }
    return next;
}
