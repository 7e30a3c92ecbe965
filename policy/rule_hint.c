/* Hints: a rule's text with the names of the statement at hand. A name that is not known stays as
 * a word in angle brackets; nothing is asked. */
#include "policy/rule.h"
#include "policy/sql/sql.h"

#include <stdio.h>

/* Where the names come from. */
struct source {
    const struct statement *statement;
    const struct facts *facts;
    const struct alter_action *action; /* NULL: the rule is about the whole statement */
    const struct action_facts *known;
};

static void hint_append_table(const struct source *from, struct buffer *out)
{
    const struct statement *statement = from->statement;
    bool found = from->facts->target_known && from->facts->table.name[0] != '\0';
    const struct object_name *name = found ? &from->facts->table : &statement->target;
    if (name->name[0] == '\0' && statement->object_count > 0) {
        name = &statement->objects[0].name;
    }
    if (name->name[0] == '\0') {
        buffer_append_text(out, "<table>");
    } else {
        sql_append_name(out, name);
    }
}

static void hint_append_column(const struct source *from, struct buffer *out)
{
    if (from->action == NULL || from->action->column[0] == '\0') {
        buffer_append_text(out, "<column>");
        return;
    }
    sql_append_identifier(out, from->action->column);
    buffer_append_text(out, from->action->column_count > 1 ? ", ..." : "");
}

/* The name that the server would choose: its own word, or what it begins with
 * (ChooseConstraintName). */
static void hint_choose_constraint(const struct source *from, char out[NAME_BYTES])
{
    const struct alter_action *action = from->action;
    bool foreign = action->kind == ALTER_ADD_FOREIGN_KEY || (action->flags & COLUMN_REFERENCES);
    bool check = action->kind == ALTER_ADD_CHECK || (action->flags & COLUMN_CHECK);
    bool primary = action->kind == ALTER_ADD_PRIMARY_KEY || (action->flags & COLUMN_PRIMARY_KEY);
    const char *free = from->known->free_name;
    if (action->kind == ALTER_ADD_COLUMN) {
        free = foreign ? from->known->free_foreign_key
               : check ? from->known->free_check
                       : from->known->free_key;
    }
    if (free[0] != '\0') {
        snprintf(out, NAME_BYTES, "%s", free);
        return;
    }
    const char *table = from->statement->target.name;
    const char *ending = foreign ? "_fkey" : check ? "_check" : primary ? "_pkey" : "_key";
    bool key = !primary && action->column[0] != '\0';
    snprintf(out, NAME_BYTES, "%.26s%s%.26s%s", table, key ? "_" : "", key ? action->column : "",
             ending);
}

static void hint_append_constraint(const struct source *from, struct buffer *out)
{
    char name[NAME_BYTES];
    if (from->action == NULL) {
        buffer_append_text(out, "<constraint>");
    } else if (from->action->constraint[0] != '\0') {
        sql_append_identifier(out, from->action->constraint);
    } else {
        hint_choose_constraint(from, name);
        sql_append_identifier(out, name);
    }
}

static void hint_append_type(const struct source *from, struct buffer *out)
{
    bool known = from->action != NULL && from->action->type[0] != '\0';
    buffer_append_text(out, known ? from->action->type : "<type>");
}

static void hint_append_other(const struct source *from, struct buffer *out)
{
    if (from->action == NULL || from->action->other.name[0] == '\0') {
        buffer_append_text(out, "<other>");
    } else {
        sql_append_name(out, &from->action->other);
    }
}

static const struct {
    const char *word;
    void (*append)(const struct source *from, struct buffer *out);
} placeholders[] = {
    {"{table}", hint_append_table},           {"{column}", hint_append_column},
    {"{constraint}", hint_append_constraint}, {"{type}", hint_append_type},
    {"{other}", hint_append_other},
};

/* Appends what stands at the beginning of `text` and returns its length. */
static size_t hint_append_next(const char *text, const struct source *from, struct buffer *out)
{
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++) {
        size_t length = strlen(placeholders[i].word);
        if (strncmp(text, placeholders[i].word, length) == 0) {
            placeholders[i].append(from, out);
            return length;
        }
    }
    buffer_append_u8(out, (uint8_t)*text);
    return 1;
}

void rule_append_hint(const struct rule *rule, const struct statement *statement,
                      const struct facts *facts, struct buffer *out)
{
    size_t action = rule_find_action(rule, statement, facts);
    bool found = action < STATEMENT_ACTIONS_MAX;
    struct source from = {.statement = statement,
                          .facts = facts,
                          .action = found ? &statement->actions[action] : NULL,
                          .known = found ? &facts->actions[action] : NULL};
    for (const char *at = rule->hint; at != NULL && *at != '\0';) {
        at += hint_append_next(at, &from, out);
    }
}
