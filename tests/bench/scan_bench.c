/* What the scanner costs: one line per shape of traffic, with the processor time per message and
 * the bytes per second. Every message is a text of its own, as in a Query message.
 *
 *     tests/bench/scan_bench [MEGABYTES PER SHAPE] */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/sql/scan.h"
#include "protocol/buffer.h"

#define MESSAGES_MOST 4096

struct shape {
    const char *name;
    struct buffer text;
    size_t count;
    struct {
        size_t at, length;
    } messages[MESSAGES_MOST];
};

static void shape_add(struct shape *shape, size_t from)
{
    assert(shape->count < MESSAGES_MOST && !shape->text.failed);
    shape->messages[shape->count].at = from;
    shape->messages[shape->count].length = shape->text.length - from;
    shape->count++;
}

static void make_pgbench(struct shape *shape)
{
    for (unsigned i = 0; i < 1000; i++) {
        size_t from = shape->text.length;
        buffer_append_format(&shape->text, "SELECT abalance FROM pgbench_accounts WHERE aid = %u;",
                             100000 + i);
        shape_add(shape, from);
    }
}

/* Many different statements in no order, so that no branch is learned by heart. */
static void make_mixed(struct shape *shape)
{
    static const char *const texts[] = {
        "BEGIN",
        "COMMIT",
        "SELECT 1",
        "SELECT c.id, c.name FROM customers c WHERE c.email = 'somebody@example.org' LIMIT 1",
        "UPDATE pgbench_tellers SET tbalance = tbalance + -4711 WHERE tid = 17;",
        "INSERT INTO history (tid, bid, aid, delta, mtime) VALUES (1, 2, 3, -4, CURRENT_TIMESTAMP)",
        "DELETE FROM sessions WHERE expires < now() - interval '2 hours'",
        "SELECT count(*) FROM orders o JOIN items i ON i.order_id = o.id WHERE o.state IN ($1, $2)",
        "SELECT \"user\".\"id\" AS \"user_id\" FROM \"user\" WHERE (\"user\".\"id\" = $1)",
        "SET statement_timeout = '30s'",
        "/* app:web,controller:users */ SELECT u.* FROM users u WHERE u.id = 42 -- by id",
        "WITH t AS (SELECT a, b FROM x WHERE c > 3) SELECT a, sum(b) FROM t GROUP BY a",
        "SELECT data->>'key', (meta #> '{a,b}')::int FROM documents WHERE data @> '{\"k\": 1}'",
        "INSERT INTO log (level, message) VALUES ('info', 'it''s all right') RETURNING id",
        "SELECT a FROM t WHERE b = E'tab\\there' AND c LIKE '%x%' ORDER BY d DESC OFFSET 20",
        "FETCH 100 FROM cursor_1",
    };
    unsigned next = 1;
    for (size_t i = 0; i < MESSAGES_MOST; i++) {
        next = next * 1103515245u + 12345u;
        size_t from = shape->text.length;
        buffer_append_text(&shape->text, texts[(next >> 16) % (sizeof texts / sizeof texts[0])]);
        shape_add(shape, from);
    }
}

static void make_rows(struct shape *shape)
{
    buffer_append_text(&shape->text, "INSERT INTO events (id, kind, name, amount) VALUES ");
    for (unsigned i = 0; i < 5000; i++) {
        buffer_append_format(&shape->text, "%s(%u, 'click', 'user number %u', %u.%02u)",
                             i == 0 ? "" : ", ", i, i * 7919 % 100003, i % 997, i % 100);
    }
    shape_add(shape, 0);
}

static void make_strings(struct shape *shape)
{
    buffer_append_text(&shape->text, "INSERT INTO pages VALUES (1");
    for (unsigned i = 0; i < 20; i++) {
        buffer_append_text(&shape->text, ", '");
        for (unsigned word = 0; word < 2000; word++) {
            buffer_append_text(&shape->text, word % 50 == 49 ? "it''s " : "words ");
        }
        buffer_append_text(&shape->text, "'");
    }
    buffer_append_text(&shape->text, ")");
    shape_add(shape, 0);
}

static void make_list(struct shape *shape)
{
    buffer_append_text(&shape->text, "SELECT * FROM orders WHERE id IN (0");
    for (unsigned i = 0; i < 20000; i++) {
        buffer_append_format(&shape->text, ", %u", 1000000 + i * 17);
    }
    buffer_append_text(&shape->text, ")");
    shape_add(shape, 0);
}

static void make_comment(struct shape *shape)
{
    buffer_append_text(&shape->text, "/* ");
    for (unsigned i = 0; i < 5000; i++) {
        buffer_append_text(&shape->text, "a licence that somebody pasted here; ");
    }
    buffer_append_text(&shape->text, "*/ SELECT 1");
    shape_add(shape, 0);
}

static void make_report(struct shape *shape)
{
    buffer_append_text(&shape->text, "SELECT ");
    for (unsigned i = 0; i < 300; i++) {
        buffer_append_format(&shape->text,
                             "sum(CASE WHEN line.region = %u THEN line.amount ELSE 0 END) AS "
                             "amount_of_region_%u,\n       ",
                             i, i);
    }
    buffer_append_text(&shape->text, "count(*)\n  FROM line_items AS line GROUP BY line.month");
    shape_add(shape, 0);
}

static void make_function(struct shape *shape)
{
    buffer_append_text(&shape->text,
                       "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$\n");
    for (unsigned i = 0; i < 500; i++) {
        buffer_append_text(&shape->text,
                           "  IF NEW.a <> OLD.a THEN PERFORM g('x;y', $1); END IF;\n");
    }
    buffer_append_text(&shape->text, "$$");
    shape_add(shape, 0);
}

static size_t scan_message(struct span text)
{
    struct scanner scanner;
    struct scan_statement statement;
    size_t at = 0, checksum = 0;
    scan_start(&scanner, (struct scan_options){.standard_conforming_strings = true});
    while (scan_next(&scanner, text, &at, true, &statement) == SCAN_STATEMENT) {
        checksum += (size_t)statement.class + statement.length;
    }
    return checksum;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const struct shape *shape, double megabytes)
{
    size_t rounds = (size_t)(megabytes * 1e6 / (double)shape->text.length) + 1;
    struct span text = buffer_span(&shape->text);
    size_t checksum = 0;
    double started = cpu_seconds();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < shape->count; i++) {
            checksum +=
                scan_message(span_cut(text, shape->messages[i].at, shape->messages[i].length));
        }
    }
    double seconds = cpu_seconds() - started;
    assert(checksum > 0); /* so that the work is not left out */
    double messages = (double)(rounds * shape->count);
    printf("%-10s %9.0f bytes each %11.1f ns each %7.2f GB/s\n", shape->name,
           (double)shape->text.length / (double)shape->count, seconds * 1e9 / messages,
           (double)(rounds * shape->text.length) / seconds / 1e9);
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*make)(struct shape *);
    } shapes[] = {
        {"pgbench", make_pgbench}, {"mixed", make_mixed},       {"rows", make_rows},
        {"strings", make_strings}, {"list", make_list},         {"comment", make_comment},
        {"report", make_report},   {"function", make_function},
    };
    double megabytes = count > 1 ? strtod(arguments[1], NULL) : 500;
    struct shape *shape = malloc(sizeof *shape);
    assert(shape != NULL);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        *shape = (struct shape){.name = shapes[i].name};
        shapes[i].make(shape);
        measure(shape, megabytes);
        buffer_free(&shape->text);
    }
    free(shape);
    return 0;
}
