/* What the fuzz targets of SQL share: any text into statements, as a session reads it. */
#ifndef TESTS_FUZZ_FUZZ_SQL_H
#define TESTS_FUZZ_FUZZ_SQL_H

#include "policy/sql/sql.h"

/* The first statements of the text, `most` at the most; how many. None may be longer than `limit`.
 */
static inline size_t fuzz_read_statements(struct span text, size_t limit, struct statement *out,
                                          size_t most)
{
    struct scanner scanner;
    struct scan_statement cut;
    size_t at = 0, count = 0;
    scan_start(&scanner, (struct scan_options){.standard_conforming_strings = true,
                                               .encoding = SCAN_ENCODING_UTF8});
    while (count < most && scan_next(&scanner, text, &at, true, &cut) == SCAN_STATEMENT) {
        sql_parse(text, &cut, limit, &out[count++]);
    }
    return count;
}

#endif
