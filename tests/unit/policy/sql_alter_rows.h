/* What the tests of alter_text.h share: rows of a statement and the text that is made of it. */
#ifndef TESTS_UNIT_POLICY_SQL_ALTER_ROWS_H
#define TESTS_UNIT_POLICY_SQL_ALTER_ROWS_H

#include "policy/sql/alter_text.h"
#include "tests/unit/policy/sql_fixture.h"

/* A statement, which of its parts is meant, and what is made of it. */
struct row {
    const char *sql;
    size_t action;
    unsigned flags;
    size_t nth;
    const char *expected; /* NULL: none */
};

/* False: there is no such form. */
typedef bool row_writer(const struct parsed *parsed, const struct row *row, struct buffer *out);

/* `newer`: rows that the grammar need not know. */
static inline void assert_rows(const struct row *rows, size_t count, row_writer *write, bool newer)
{
    for (size_t i = 0; i < count; i++) {
        struct parsed parsed = parse_text(rows[i].sql);
        struct buffer out = {0};
        bool known = parsed.statement.kind != STATEMENT_UNPARSED;
        assert_true(known || newer);
        bool written = known && write(&parsed, &rows[i], &out);
        if (known && (written != (rows[i].expected != NULL) ||
                      !span_is(buffer_span(&out), written ? rows[i].expected : ""))) {
            fail_msg("%s\n  is       %.*s\n  expected %s", rows[i].sql, (int)out.length, out.at,
                     rows[i].expected);
        }
        buffer_free(&out);
        parsed_free(&parsed);
    }
}

#define ASSERT_ROWS(rows, write) assert_rows(rows, sizeof(rows) / sizeof(rows)[0], write, false)
#define ASSERT_NEWER_ROWS(rows, write)                                                             \
    assert_rows(rows, sizeof(rows) / sizeof(rows)[0], write, true)

#endif
