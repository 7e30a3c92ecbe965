/* The statements of a text, as the scanner cuts them and the grammar reads them: what most tests of
 * policy begin with. */
#ifndef TESTS_UNIT_POLICY_STATEMENTS_H
#define TESTS_UNIT_POLICY_STATEMENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/sql/sql.h"

#define STATEMENT_LIMIT 4096

/* `limit`: of the bytes that the grammar is given. Fails when there are more than `most`. */
static inline size_t statements_of(struct span text, size_t limit, struct statement *out,
                                   size_t most)
{
    struct scanner scanner;
    struct scan_statement cut;
    size_t at = 0;
    size_t count = 0;
    scan_start(&scanner, (struct scan_options){.standard_conforming_strings = true,
                                               .encoding = SCAN_ENCODING_UTF8});
    while (scan_next(&scanner, text, &at, true, &cut) == SCAN_STATEMENT) {
        assert_true(count < most);
        sql_parse(text, &cut, limit, &out[count++]);
    }
    return count;
}

/* Of a text that is one statement. */
static inline struct statement statement_of(const char *sql)
{
    struct statement statement;
    assert_int_equal(statements_of(span_text(sql), STATEMENT_LIMIT, &statement, 1), 1);
    return statement;
}

#endif
