/* Decoders of a client's messages: nothing is read outside the body, what was decoded lies within
 * it, and encoding it again gives the same bytes.
 *
 *      | which decoder (1) | body ... |                                                          */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/client_message.h"
#include "tests/fuzz/fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_query(struct span body)
{
    struct query query;
    struct buffer out = {0};
    if (decode_query(body, &query)) {
        check_within(query.sql, body);
        encode_query(&out, query.sql);
        check_encoded(&out, body);
    }
}

static void check_parse(struct span body)
{
    struct parse parse;
    struct buffer out = {0};
    if (!decode_parse(body, &parse)) {
        return;
    }
    check_within(parse.name, body);
    check_within(parse.sql, body);
    check_within(parse.types, body);
    assert(parse.types.length == (size_t)parse.type_count * 4);
    if (parse.type_count == 0) { /* what the encoder can say */
        encode_parse(&out, parse.name, parse.sql);
        check_encoded(&out, body);
    }
}

/* What is known of a Bind does not change when more of it arrives. */
static void check_bind(struct span body)
{
    struct bind_names names, early;
    enum names_status status = decode_bind_names(body, &names);
    size_t names_end = names.portal.length + names.statement.length + 2;
    if (status == NAMES_READY) {
        check_within(names.portal, body);
        check_within(names.statement, body);
        assert(decode_bind_names(span_cut(body, 0, names_end), &early) == NAMES_READY);
        assert(span_equal(early.portal, names.portal));
        assert(span_equal(early.statement, names.statement));
        assert(decode_bind_names(span_cut(body, 0, names_end - 1), &early) == NAMES_MORE);
    }
}

static void check_execute(struct span body)
{
    struct execute execute;
    struct buffer out = {0};
    if (decode_execute(body, &execute)) {
        check_within(execute.portal, body);
        encode_execute(&out, execute.portal, execute.max_rows);
        check_encoded(&out, body);
    }
}

static void check_target(struct span body)
{
    struct target target;
    struct buffer out = {0};
    if (decode_target(body, &target)) {
        check_within(target.name, body);
        encode_close(&out, target.type, target.name);
        encode_describe(&out, target.type, target.name);
        buffer_consume(&out, out.length / 2);
        check_encoded(&out, body);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct span body) = {check_query, check_parse, check_bind,
                                                       check_execute, check_target};
    if (size > 0) {
        checks[data[0] % (sizeof checks / sizeof checks[0])](span_of(data + 1, size - 1));
    }
    return 0;
}
