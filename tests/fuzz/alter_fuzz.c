/* Any bytes as an ALTER TABLE, taken apart in every way that there is. What must hold whatever the
 * bytes are:
 *
 *   - the texts of the actions lie in the statement, in order, with a comma between them;
 *   - all of them put together again are the statement that they were;
 *   - what is written parses, and is an ALTER TABLE of that table or a CREATE UNIQUE INDEX
 *     CONCURRENTLY on it;
 *   - where there is no such form, nothing is written.
 *
 * The first byte chooses: its lowest bit, whether "ALTER TABLE t " stands before the rest. */
#include <assert.h>

#include "policy/sql/alter_text.h"
#include "tests/fuzz/fuzz_sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small enough for the stack of the fuzzer's thread, with every shape of deep nesting. */
#define FUZZ_LIMIT 8192

static bool read_first(struct span text, struct statement *out)
{
    return fuzz_read_statements(text, 2 * FUZZ_LIMIT, out, 1) == 1;
}

static bool same_name(const struct object_name *a, const struct object_name *b)
{
    return strcmp(a->schema, b->schema) == 0 && strcmp(a->name, b->name) == 0;
}

static void check_places(struct span text, const struct statement *statement)
{
    bool known = statement->actions[0].length > 0;
    size_t end = 0;
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        const struct alter_action *action = &statement->actions[i];
        assert((action->length > 0) == known);
        assert(!known || action->start > end);
        assert(action->start + action->length <= text.length);
        assert(!known || i == 0 || memchr(text.at + end, ',', action->start - end) != NULL);
        end = action->start + action->length;
    }
}

static bool is_one_of_alter_table(const struct alter_action *action)
{
    return action->kind != ALTER_RENAME_TABLE && action->kind != ALTER_RENAME_COLUMN &&
           action->kind != ALTER_RENAME_CONSTRAINT && action->kind != ALTER_SET_SCHEMA;
}

static void check_same_action(const struct alter_action *a, const struct alter_action *b)
{
    assert(a->kind == b->kind && a->flags == b->flags && a->length == b->length);
    assert(strcmp(a->column, b->column) == 0 && strcmp(a->constraint, b->constraint) == 0);
    assert(strcmp(a->type, b->type) == 0 && same_name(&a->other, &b->other));
}

static void check_whole(struct span text, const struct statement *statement)
{
    struct buffer out = {0};
    bool written = alter_text_only(text, statement, (1u << statement->action_count) - 1, &out);
    bool known = statement->actions[0].length > 0;
    assert(written == (known && is_one_of_alter_table(&statement->actions[0])));
    if (written) {
        struct statement again;
        assert(read_first(buffer_span(&out), &again));
        assert(again.kind == STATEMENT_ALTER_TABLE && again.flags == statement->flags);
        assert(same_name(&again.target, &statement->target));
        assert(again.action_count == statement->action_count);
        for (size_t i = 0; i < again.action_count; i++) {
            check_same_action(&again.actions[i], &statement->actions[i]);
        }
    }
    buffer_free(&out);
}

/* What has been written, if it has; ready for the next. */
static void check_written(bool written, const struct statement *statement, enum statement_kind kind,
                          struct buffer *out)
{
    if (written) {
        struct statement again;
        assert(read_first(buffer_span(out), &again));
        assert(again.kind == kind && same_name(&again.target, &statement->target));
        assert(kind == STATEMENT_ALTER_TABLE ? again.action_count == 1
                                             : (again.flags & FLAG_CONCURRENTLY) != 0);
    } else {
        assert(out->length == 0);
    }
    buffer_reset(out);
}

static void check_column(struct span text, const struct statement *statement, size_t action)
{
    static const unsigned flags[] = {COLUMN_CHECK,    COLUMN_REFERENCES,  COLUMN_UNIQUE,
                                     COLUMN_NOT_NULL, COLUMN_PRIMARY_KEY, COLUMN_HAS_DEFAULT,
                                     COLUMN_IDENTITY};
    struct buffer out = {0};
    unsigned all = 0;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        bool written = alter_text_bare_column(text, statement, action, flags[i], &out);
        check_written(written, statement, STATEMENT_ALTER_TABLE, &out);
        for (size_t nth = 0; nth < 3; nth++) {
            written =
                alter_text_column_constraint(text, statement, action, flags[i], nth, "n N", &out);
            check_written(written, statement, STATEMENT_ALTER_TABLE, &out);
        }
        all |= flags[i];
    }
    bool written = alter_text_bare_column(text, statement, action, all, &out);
    check_written(written, statement, STATEMENT_ALTER_TABLE, &out);
    buffer_free(&out);
}

static void check_identity(struct span text, const struct statement *statement, size_t action)
{
    static const struct object_name table = {"s", "a \"name\""};
    struct buffer out = {0};
    bool written = alter_text_add_identity(text, statement, action, "n N", &table, &out);
    check_written(written, statement, STATEMENT_ALTER_TABLE, &out);
    bool made = alter_text_identity_sequence(text, statement, action, "n N", &table, &out);
    assert(made == written);
    struct statement again;
    assert(!made || (read_first(buffer_span(&out), &again) && again.kind == STATEMENT_DDL));
    assert(made || out.length == 0);
    buffer_free(&out);
}

static void check_action(struct span text, const struct statement *statement, size_t action)
{
    static const unsigned flags[] = {0, COLUMN_CHECK, COLUMN_UNIQUE};
    char names[2][NAME_BYTES];
    struct buffer out = {0};
    bool written = alter_text_only(text, statement, 1u << action, &out);
    check_written(written, statement, STATEMENT_ALTER_TABLE, &out);
    written = alter_text_not_valid(text, statement, action, "n N", &out);
    check_written(written, statement, STATEMENT_ALTER_TABLE, &out);
    written = alter_text_not_valid_as(text, statement, action, "n N", &out);
    check_written(written, statement, STATEMENT_ALTER_TABLE, &out);
    written = alter_text_key_index(text, statement, action, "n N", &out);
    check_written(written, statement, STATEMENT_CREATE_INDEX, &out);
    written = alter_text_key_using_index(text, statement, action, "n N", &out);
    check_written(written, statement, STATEMENT_ALTER_TABLE, &out);
    buffer_free(&out);
    check_column(text, statement, action);
    check_identity(text, statement, action);
    (void)alter_mentions(text, statement, action, statement->actions[action].column);
    (void)alter_key_columns(text, statement, action, names, 2);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        bool own = alter_constraint_name(text, statement, action, flags[i], 0, names[0]);
        assert(own || names[0][0] == '\0');
        size_t count = alter_constraint_names(text, statement, action, flags[i], names, 2);
        assert(count == 0 || strcmp(names[0], names[1]) != 0);
    }
}

static void check_text(struct span text)
{
    struct statement statement;
    if (!read_first(text, &statement) || statement.kind != STATEMENT_ALTER_TABLE ||
        statement.action_count == 0 || text.length > FUZZ_LIMIT) {
        return;
    }
    struct span own = span_cut(text, statement.start, statement.length);
    check_places(own, &statement);
    if (statement.action_count > STATEMENT_ACTIONS_MAX) {
        return;
    }
    check_whole(own, &statement);
    for (size_t i = 0; i < statement.action_count; i++) {
        check_action(own, &statement, i);
    }
    struct buffer out = {0};
    bool written = alter_text_append(own, &statement, span_text("VALIDATE CONSTRAINT x"), &out);
    check_written(written, &statement, STATEMENT_ALTER_TABLE, &out);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct buffer text = {0};
    buffer_append_text(&text, data[0] & 1 ? "ALTER TABLE t " : "");
    buffer_append(&text, data + 1, size - 1);
    check_text(buffer_span(&text));
    buffer_free(&text);
    return 0;
}
