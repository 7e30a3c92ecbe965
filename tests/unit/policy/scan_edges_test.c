/* The scanner looks at many bytes at once. Here everything that it looks for stands at every place
 * of a look, across its edges, and as near to the end of the text as it can. */
#include "policy/sql/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policy/sql/scan_block.h"
#include "tests/unit/guard.h"

#define STATEMENTS_MOST 8
#define TEXT_MOST       512
#define BEFORE_MOST     (SCAN_BLOCK + SCAN_LANE + 3)
#define BEHIND_MOST     (SCAN_LANE + 3)

struct statements {
    size_t count;
    struct scan_statement at[STATEMENTS_MOST];
};

static void add_all(struct statements *all, struct scanner *scanner, struct span chunk, bool last)
{
    struct scan_statement found;
    size_t at = 0;
    while (scan_next(scanner, chunk, &at, last, &found) == SCAN_STATEMENT) {
        assert_true(all->count < STATEMENTS_MOST);
        all->at[all->count++] = found;
    }
    assert_int_equal(at, chunk.length);
}

/* Pieces of more than a byte are copied, so that a sanitizer sees a look before or behind one. */
static struct statements scan_pieces(struct scan_options options, struct span text, size_t piece)
{
    struct statements all = {0};
    struct scanner scanner;
    uint8_t *copy = malloc(piece);
    assert_non_null(copy);
    scan_start(&scanner, options);
    for (size_t from = 0; from < text.length; from += piece) {
        struct span chunk = span_cut(text, from, piece);
        uint8_t *end = copy + piece - chunk.length;
        memcpy(end, chunk.at, chunk.length);
        add_all(&all, &scanner, span_of(end, chunk.length), from + piece >= text.length);
    }
    free(copy);
    return all;
}

/* The whole text, of which the scanner does not know yet that it is whole. */
static struct statements scan_open_end(struct scan_options options, struct span text)
{
    struct statements all = {0};
    struct scanner scanner;
    scan_start(&scanner, options);
    add_all(&all, &scanner, text, false);
    add_all(&all, &scanner, span_of(NULL, 0), true);
    return all;
}

static void check_same(struct span text, const struct statements *one, const struct statements *two)
{
    bool same = one->count == two->count;
    for (size_t i = 0; same && i < one->count; i++) {
        const struct scan_statement *a = &one->at[i], *b = &two->at[i];
        same = a->from == b->from && a->start == b->start && a->length == b->length &&
               a->class == b->class && a->terminated == b->terminated &&
               strcmp(a->words, b->words) == 0;
    }
    if (!same) {
        fail_msg("pieces make a difference to <%.*s>", (int)text.length, (const char *)text.at);
    }
}

/* Byte by byte nothing is looked at together, so that is what all else is compared with. */
static void check_text(struct guard *guard, struct scan_options options, struct span text)
{
    struct span placed = guard_place(guard, text);
    struct statements bytes = scan_pieces(options, placed, 1);
    struct statements short_pieces = scan_pieces(options, placed, SCAN_LANE + 2);
    struct statements long_pieces = scan_pieces(options, placed, SCAN_BLOCK + 1);
    struct statements open_end = scan_open_end(options, placed);
    struct statements whole = {0};
    struct scanner scanner;
    scan_start(&scanner, options);
    add_all(&whole, &scanner, placed, true);
    check_same(text, &bytes, &whole);
    check_same(text, &bytes, &short_pieces);
    check_same(text, &bytes, &long_pieces);
    check_same(text, &bytes, &open_end);
}

static size_t add(char *text, size_t length, const char *more)
{
    assert_true(length + strlen(more) <= TEXT_MOST);
    memcpy(text + length, more, strlen(more));
    return length + strlen(more);
}

static size_t fill(char *text, size_t length, char byte, size_t count)
{
    assert_true(length + count <= TEXT_MOST);
    memset(text + length, byte, count);
    return length + count;
}

/* `head`, filler, what is looked for, filler: in a word and between words. */
static void check_everywhere(struct guard *guard, struct scan_options options, const char *head,
                             const char *wanted)
{
    static const char fillers[] = {' ', 'n', '7'};
    char text[TEXT_MOST];
    for (size_t filler = 0; filler < sizeof fillers; filler++) {
        for (size_t before = 0; before < BEFORE_MOST; before++) {
            for (size_t behind = 0; behind < BEHIND_MOST; behind += 3) {
                size_t length = add(text, 0, head);
                length = fill(text, length, fillers[filler], before);
                length = add(text, length, wanted);
                length = fill(text, length, fillers[filler], behind);
                check_text(guard, options, span_of(text, length));
            }
        }
    }
}

static void what_is_looked_for_may_stand_anywhere(void **state)
{
    (void)state;
    static const char *const heads[] = {"SELECT ", "DELETE ", "(", "WITH a AS (", "EXPLAIN ("};
    static const char *const wanted[] = {
        ";LOCK t;",   " INTO ",       "into",     "nto",       "(;)",      ") x (",     "';'",
        "'it''s;';",  "E'\\';LOCK t", "\";\"",    "'\";';",    "$1;",      "$$;$$",     "a$b$;$b$;",
        " $b$;$b$",   "--;\n;",       "-;-",      "/*;*/;",    "/;/",      "#%&*+,.:;", "\xc3\xa9;",
        "\xc3\xa9'x", "\x7f;",        "\x80\xff", "'\xe2\x82", "a'b'c\"d", "'",         "\"",
    };
    struct guard guard = guard_new(TEXT_MOST);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        for (size_t n = 0; n < sizeof wanted / sizeof wanted[0]; n++) {
            struct scan_options options = {.standard_conforming_strings = true,
                                           .encoding = SCAN_ENCODING_UTF8};
            check_everywhere(&guard, options, heads[i], wanted[n]);
        }
    }
    guard_free(&guard);
}

/* In a wide encoding 0x81 takes the next byte with it, whatever that looks like. */
static void halves_of_wide_characters_may_stand_anywhere(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "\x81;;",    "\x81'\x81';", "\x81\x81;LOCK t", "'\x81';\x81'", "E'\x81\\';",
        "\x81\x5f;", "\x81",
    };
    struct guard guard = guard_new(TEXT_MOST);
    for (size_t n = 0; n < sizeof wanted / sizeof wanted[0]; n++) {
        struct scan_options options = {.standard_conforming_strings = true};
        options.encoding = SCAN_ENCODING_WIDE;
        check_everywhere(&guard, options, "SELECT ", wanted[n]);
        options.encoding = SCAN_ENCODING_SJIS_2004;
        check_everywhere(&guard, options, "DELETE ", wanted[n]);
    }
    guard_free(&guard);
}

/* What follows the filler is found, which byte by byte proves nothing about. */
static void a_statement_is_found_behind_any_filler(void **state)
{
    (void)state;
    struct guard guard = guard_new(TEXT_MOST);
    char text[TEXT_MOST];
    for (size_t count = 0; count < BEFORE_MOST; count++) {
        size_t length = fill(text, add(text, 0, "SELECT 'a;"), ';', count);
        length = add(text, length, "', 1 INTO t; DELETE FROM t WHERE a = ';'; LOCK t");
        struct statements all =
            scan_pieces((struct scan_options){.standard_conforming_strings = true},
                        guard_place(&guard, span_of(text, length)), length);
        assert_int_equal(all.count, 3);
        assert_int_equal(all.at[0].class, SCAN_DDL);
        assert_int_equal(all.at[0].length, count + 21);
        assert_int_equal(all.at[1].class, SCAN_OTHER);
        assert_int_equal(all.at[2].class, SCAN_DDL);
        assert_string_equal(all.at[2].words, "LOCK T");
    }
    guard_free(&guard);
}

/* Every machine's way to make bits gives what the one for any machine gives. */
static void bits_are_the_same_on_every_machine(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (size_t round = 0; round < 100000; round++) {
        uint8_t bytes[SCAN_LANE];
        uint64_t wanted = 0;
        for (size_t i = 0; i < SCAN_LANE; i++) {
            random = random * 1103515245u + 12345u;
            bytes[i] = (uint8_t)(random >> 16);
            wanted |= (uint64_t)(bytes[i] >> 7) << i;
        }
        scan_lane lane = scan_lane_load(bytes);
        assert_int_equal(scan_lane_bits(lane), wanted);
        assert_int_equal(scan_lane_bits_anywhere(lane), wanted);
    }
}

static void ranges_hold_the_bytes_between(void **state)
{
    (void)state;
    static const struct {
        uint8_t first, last;
    } rows[] = {{'"', '/'}, {'a', 'z'}, {'0', '9'}, {'!', '!'}, {0, 0x7f}, {0x7f, 0x7f}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            scan_lane lane = (scan_lane){0} + (uint8_t)byte;
            bool within = rows[i].first <= byte && byte <= rows[i].last;
            uint64_t bits = scan_lane_bits(scan_lane_within(lane, rows[i].first, rows[i].last));
            assert_int_equal(bits, within ? 0xffff : 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_looked_for_may_stand_anywhere),
        cmocka_unit_test(halves_of_wide_characters_may_stand_anywhere),
        cmocka_unit_test(a_statement_is_found_behind_any_filler),
        cmocka_unit_test(bits_are_the_same_on_every_machine),
        cmocka_unit_test(ranges_hold_the_bytes_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
