/* The client of session_fuzz.c. See session_client.h. */
#include "tests/fuzz/session_client.h"

#include "protocol/client_message.h"

/* More than the short limit of the session: 300. */
#define PAD_30  "/* as long as it has to be */ "
#define PAD_300 PAD_30 PAD_30 PAD_30 PAD_30 PAD_30 PAD_30 PAD_30 PAD_30 PAD_30 PAD_30

void session_client_say(uint8_t which, struct buffer *out)
{
    static const char *const queries[] = {"SELECT 1",
                                          "CREATE INDEX i ON t(a)",
                                          "BEGIN",
                                          "COMMIT",
                                          "ROLLBACK",
                                          "ALTER TABLE t ADD b int",
                                          "CREATE INDEX ON t(a); ",
                                          "SAVEPOINT a",
                                          "ROLLBACK TO a",
                                          "RELEASE a",
                                          "COPY t FROM STDIN",
                                          "BEGIN; CREATE TABLE n(a int); COMMIT",
                                          "CREATE TABLE n(a int); SELECT 1; DROP TABLE n",
                                          "SELEC 1",
                                          "",
                                          "DROP INDEX i",
                                          "LOCK TABLE t",
                                          "DO 'x'",
                                          "EXECUTE s",
                                          PAD_300 "SELECT 1; SELECT 4",
                                          "SELECT 1; " PAD_300 "; CREATE TABLE m()",
                                          "CREATE TABLE m(a int)" PAD_300};
    static const char *const retypes[] = {"ALTER TABLE t ALTER a TYPE bigint",
                                          "BEGIN; ALTER TABLE t ALTER a TYPE text"};
    static const char *const fills[] = {"ALTER TABLE t ADD z uuid DEFAULT gen_random_uuid()",
                                        "ALTER TABLE t ADD z int NOT NULL DEFAULT random()"};
    static const char *const recipes[] = {
        "ALTER TABLE t ADD z int GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE t DROP COLUMN c, ADD CONSTRAINT k CHECK (a > 0)",
        "DROP TABLE p",
        "ALTER TABLE t DETACH PARTITION p",
        "ALTER TABLE t ADD z positive",
        "ALTER TABLE t ADD z serial"};
    static const char *const names[] = {"", "s"};
    size_t count = sizeof queries / sizeof *queries;
    struct span name = span_text(names[which & 1]);
    if (which < count) {
        encode_query(out, span_text(queries[which]));
    } else if (which < 3 * count) {
        encode_parse(out, span_text(names[which / count & 1]), span_text(queries[which % count]));
    } else if (which < 3 * count + 2) {
        encode_query(out, span_text(retypes[which & 1]));
    } else if (which < 3 * count + 4) {
        encode_parse(out, span_text(names[which & 1]), span_text(retypes[0]));
    } else if (which < 3 * count + 6) {
        encode_query(out, span_text(fills[which & 1]));
    } else if (which >= 140 && which < 140 + sizeof recipes / sizeof *recipes) {
        encode_query(out, span_text(recipes[which - 140]));
    } else if (which < 150) {
        encode_bind(out, span_text(names[which >> 1 & 1]), name);
    } else if (which < 190) {
        encode_execute(out, name, which >> 1 & 1);
    } else if (which < 200) {
        encode_close(out, which & 2 ? 'S' : 'P', name);
    } else if (which < 210) {
        encode_describe(out, which & 2 ? 'S' : 'P', name);
    } else if (which < 215) {
        encode_copy_data(out, span_text("1\n"));
    } else if (which < 220) {
        encode_copy_done(out);
    } else if (which < 224) {
        encode_copy_fail(out, span_text("why"));
    } else if (which < 235) {
        encode_flush(out);
    } else {
        encode_sync(out);
    }
}
