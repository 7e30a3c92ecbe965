/* Hints: a rule's text with the names of the statement at hand. A name that is not known stays as
 * a word in angle brackets; nothing is asked. */
#include "policy/rule.h"
#include "policy/sql/alter_text.h"

#include <stdio.h>

/* Where the names come from. */
struct source {
    const struct statement *statement;
    struct span text; /* the statement's own bytes */
    const struct facts *facts;
    size_t at;                         /* which action */
    const struct alter_action *action; /* NULL: the rule is about the whole statement */
    const struct action_facts *known;
    enum migration_tool tool;
};

static const struct object_name *hint_table(const struct source *from)
{
    const struct statement *statement = from->statement;
    bool found = from->facts->target_known && from->facts->table.name[0] != '\0';
    const struct object_name *name = found ? &from->facts->table : &statement->target;
    bool listed = name->name[0] == '\0' && statement->object_count > 0;
    return listed ? &statement->objects[0].name : name;
}

static void hint_append_table(const struct source *from, struct buffer *out)
{
    const struct object_name *name = hint_table(from);
    if (name->name[0] == '\0') {
        buffer_append_text(out, "<table>");
    } else {
        sql_append_name(out, name);
    }
}

/* Cut, so that the ending fits: at the start of a character of UTF-8. */
static void hint_append_old_table(const struct source *from, struct buffer *out)
{
    static const char ending[] = "_old";
    char name[NAME_BYTES];
    const char *own = hint_table(from)->name;
    size_t length = strlen(own);
    if (length == 0) {
        buffer_append_text(out, "<table>_old");
        return;
    }
    if (length > sizeof name - sizeof ending) {
        length = sizeof name - sizeof ending;
        while (length > 0 && ((uint8_t)own[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    snprintf(name, sizeof name, "%.*s%s", (int)length, own, ending);
    sql_append_identifier(out, name);
}

/* Of a key all of its columns; of an ADD COLUMN, the one. */
static void hint_append_column(const struct source *from, struct buffer *out)
{
    char keys[KEY_COLUMNS_MAX][NAME_BYTES];
    if (from->action == NULL || from->action->column[0] == '\0') {
        buffer_append_text(out, "<column>");
        return;
    }
    size_t count = 0;
    if (from->action->column_count > 1) {
        count = alter_key_columns(from->text, from->statement, from->at, keys, KEY_COLUMNS_MAX);
    }
    sql_append_identifier(out, from->action->column);
    for (size_t i = 1; i < count && i < KEY_COLUMNS_MAX; i++) {
        buffer_append_text(out, ", ");
        sql_append_identifier(out, keys[i]);
    }
}

/* The constraint that an ADD COLUMN's rule is about; 0 for an action that adds one itself. */
static unsigned hint_flag(const struct alter_action *action)
{
    static const unsigned flags[] = {COLUMN_REFERENCES, COLUMN_CHECK, COLUMN_PRIMARY_KEY,
                                     COLUMN_UNIQUE};
    for (size_t i = 0; action->kind == ALTER_ADD_COLUMN && i < sizeof flags / sizeof *flags; i++) {
        if ((action->flags & flags[i]) != 0) {
            return flags[i];
        }
    }
    return 0;
}

/* The name that the server says it would choose, or without a server the first that it would try.
 * Empty: only the catalog can tell. */
static void hint_choose_constraint(const struct source *from, char out[NAME_BYTES])
{
    unsigned flag = hint_flag(from->action);
    const char *free = flag == COLUMN_REFERENCES ? from->known->free_foreign_key
                       : flag == COLUMN_CHECK    ? from->known->free_check
                       : flag != 0               ? from->known->free_key
                                                 : from->known->free_name;
    char first[1][NAME_BYTES] = {""};
    if (free[0] == '\0' &&
        alter_constraint_names(from->text, from->statement, from->at, flag, first, 1) > 0) {
        free = first[0];
    }
    snprintf(out, NAME_BYTES, "%s", free);
}

static void hint_append_constraint(const struct source *from, struct buffer *out)
{
    char name[NAME_BYTES] = "";
    if (from->action != NULL && from->action->constraint[0] != '\0') {
        snprintf(name, sizeof name, "%s", from->action->constraint);
    } else if (from->action != NULL) {
        hint_choose_constraint(from, name);
    }
    if (name[0] == '\0') {
        buffer_append_text(out, "<constraint>");
    } else {
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

/* The statement that adds the constraint without looking at the rows. */
static void hint_append_not_valid(const struct source *from, struct buffer *out)
{
    char name[NAME_BYTES] = "";
    bool written = false;
    if (from->action != NULL) {
        unsigned flag = hint_flag(from->action);
        hint_choose_constraint(from, name);
        written = flag != 0
                      ? alter_text_column_constraint(from->text, from->statement, from->at, flag, 0,
                                                     name, out)
                      : alter_text_not_valid(from->text, from->statement, from->at, name, out);
    }
    if (!written) {
        buffer_append_text(out, "ALTER TABLE ");
        hint_append_table(from, out);
        buffer_append_text(out, " ADD CONSTRAINT ... NOT VALID");
    }
}

static void hint_append_ways(const struct source *from, struct buffer *out)
{
    if (from->tool == TOOL_NONE) {
        buffer_append_text(out, MIGRATION_TOOL_WAYS);
    } else {
        buffer_append_format(out, "%s: %s", migration_tool_name(from->tool),
                             migration_tool_way(from->tool));
    }
}

/* Of the words of STEPS_HINT. */
static void hint_append_outside(const struct source *from, struct buffer *out)
{
    buffer_append_text(out, RULE_HINT_OUTSIDE);
    if (from->tool != TOOL_NONE) {
        buffer_append_format(out, " (%s: %s)", migration_tool_name(from->tool),
                             migration_tool_way(from->tool));
    }
    buffer_append_text(out, " it");
}

static const struct {
    const char *word;
    void (*append)(const struct source *from, struct buffer *out);
} placeholders[] = {
    {"{table}", hint_append_table},
    {"{column}", hint_append_column},
    {"{constraint}", hint_append_constraint},
    {"{type}", hint_append_type},
    {"{other}", hint_append_other},
    {"{ALTER TABLE ... NOT VALID}", hint_append_not_valid},
    {"{old_table}", hint_append_old_table},
    {MIGRATION_TOOL_WAYS, hint_append_ways},
    {RULE_HINT_OUTSIDE " it", hint_append_outside},
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

void rule_append_hint(const struct rule *rule, const struct statement *statement, struct span text,
                      const struct facts *facts, enum migration_tool tool, struct buffer *out)
{
    size_t action = rule_find_action(rule, statement, facts);
    bool found = action < STATEMENT_ACTIONS_MAX;
    struct source from = {.statement = statement,
                          .text = text,
                          .facts = facts,
                          .at = action,
                          .action = found ? &statement->actions[action] : NULL,
                          .known = found ? &facts->actions[action] : NULL,
                          .tool = tool};
    for (const char *at = rule->hint; at != NULL && *at != '\0';) {
        at += hint_append_next(at, &from, out);
    }
}
