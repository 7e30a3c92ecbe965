/* What the tests of the parser adapter share: a text cut by the scanner and parsed, on a stack as
 * large as the adapter asks for, its bytes against an unreadable page; and the facts about it as
 * one line of text. */
#ifndef TESTS_UNIT_POLICY_SQL_FIXTURE_H
#define TESTS_UNIT_POLICY_SQL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/sql/sql.h"
#include "tests/unit/guard.h"

#define PARSE_LIMIT 65536

/* Runs the tests in a thread with the stack that sql.h asks for; they return their argument when
 * something failed, else NULL. The result is main's. */
static inline int run_on_parser_stack(void *(*tests)(void *))
{
    pthread_attr_t attributes;
    pthread_t thread;
    void *failed = &attributes;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SQL_STACK_BYTES(PARSE_LIMIT)), 0);
    assert_int_equal(pthread_create(&thread, &attributes, tests, failed), 0);
    assert_int_equal(pthread_join(thread, &failed), 0);
    pthread_attr_destroy(&attributes);
    return failed == NULL ? 0 : 1;
}

struct parsed {
    struct guard guard;
    struct span own; /* the statement's own bytes */
    struct scan_statement cut;
    struct statement statement;
};

/* The first statement of a text; parsed_free. */
static inline struct parsed parse_span(struct span text, size_t limit)
{
    struct parsed parsed = {.guard = guard_new(text.length)};
    struct span placed = guard_place(&parsed.guard, text);
    struct scanner scanner;
    size_t at = 0;
    scan_start(&scanner, (struct scan_options){.standard_conforming_strings = true,
                                               .encoding = SCAN_ENCODING_UTF8});
    assert_int_equal(scan_next(&scanner, placed, &at, true, &parsed.cut), SCAN_STATEMENT);
    parsed.own = span_cut(placed, parsed.cut.start, parsed.cut.length);
    sql_parse(placed, &parsed.cut, limit, &parsed.statement);
    return parsed;
}

static inline struct parsed parse_text(const char *sql)
{
    return parse_span(span_text(sql), PARSE_LIMIT);
}

static inline void parsed_free(struct parsed *parsed)
{
    guard_free(&parsed->guard);
}

static inline void describe_name(struct buffer *out, const struct object_name *name)
{
    buffer_append_format(out, name->schema[0] == '\0' ? "%s%s" : "%s.%s", name->schema, name->name);
}

static inline void describe_flags(struct buffer *out, unsigned flags)
{
    static const char *const names[] = {
        "concurrently", "unique",     "if-exists", "if-not-exists", "cascade", "only",
        "temporary",    "unnamed",    "explain",   "chain",         "secret",  "no-transaction",
        "early",        "references", "no-data",   "not-valid",     "ordered", "long-name"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (flags & 1u << i) {
            buffer_append_format(out, " +%s", names[i]);
        }
    }
}

/* "create-index CREATE INDEX +unique; create index i; on t; savepoint s", without what is empty. */
static inline char *describe(const struct statement *statement)
{
    struct buffer out = {0};
    buffer_append_format(&out, "%s", statement_kind_name(statement->kind));
    if (statement->tag[0] != '\0') {
        buffer_append_format(&out, " %s", statement->tag);
    }
    describe_flags(&out, statement->flags);
    for (size_t i = 0; i < statement->object_count && i < STATEMENT_OBJECTS_MAX; i++) {
        const struct statement_object *object = &statement->objects[i];
        buffer_append_format(&out, "; %s %s ", object->action, object->kind);
        describe_name(&out, &object->name);
    }
    if (statement->target.name[0] != '\0') {
        buffer_append_text(&out, "; on ");
        describe_name(&out, &statement->target);
    }
    if (statement->savepoint[0] != '\0') {
        buffer_append_format(&out, "; savepoint %s", statement->savepoint);
    }
    buffer_append_u8(&out, '\0');
    assert_false(out.failed);
    return (char *)out.at;
}

/* A text and what is to be said of it. */
struct fact {
    const char *sql;
    const char *expected;
};

static inline void assert_facts(const struct fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct parsed parsed = parse_text(facts[i].sql);
        char *described = describe(&parsed.statement);
        if (strcmp(described, facts[i].expected) != 0) {
            fail_msg("%s\n  is       %s\n  expected %s", facts[i].sql, described,
                     facts[i].expected);
        }
        free(described);
        parsed_free(&parsed);
    }
}

#define ASSERT_FACTS(facts) assert_facts(facts, sizeof(facts) / sizeof(facts)[0])

#endif
