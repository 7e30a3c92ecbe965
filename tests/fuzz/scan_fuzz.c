/* The scanner on any text: pieces make no difference, places lie within the text and in order, and
 * what PostgreSQL's grammar can parse is cut and classed as that says.
 *
 *      | strings and encoding (1) | seed of the cuts (1) | text ... | */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/policy/scan_reference.h"

/* The grammar's recursion needs about 1 kB of stack per byte, and a fuzzer's stack is 8 MB. */
#define PARSE_MOST      2048
#define STATEMENTS_MOST 64

struct statements {
    size_t count; /* may be more than are kept */
    struct scan_statement at[STATEMENTS_MOST];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is known early must not change, except to "unknown". */
static void check_early(enum scan_class early, const struct scan_statement *found)
{
    assert(early == SCAN_UNDECIDED || found->class == early || found->class == SCAN_UNKNOWN);
}

static void add_statement(struct statements *all, const struct scan_statement *found,
                          struct span text)
{
    size_t done = 0;
    if (all->count > 0 && all->count <= STATEMENTS_MOST) {
        done = all->at[all->count - 1].start + all->at[all->count - 1].length + 1;
    }
    assert(done <= found->from && found->from <= found->start && found->start < text.length);
    assert(found->length > 0 && found->length <= text.length - found->start);
    assert(found->class != SCAN_UNDECIDED && strlen(found->words) < sizeof found->words);
    assert(found->terminated ? text.at[found->start + found->length] == ';'
                             : found->start + found->length == text.length);
    (void)scan_verb_name(scan_statement_verb(found));
    if (all->count < STATEMENTS_MOST) {
        all->at[all->count] = *found;
    }
    all->count++;
}

/* The length of the next piece: 0, a few bytes, or many. */
static size_t next_piece(uint32_t *random)
{
    *random = *random * 1103515245u + 12345u;
    uint32_t value = *random >> 16;
    return value % 8 == 0 ? value % 4096 : value % 8 - 1;
}

/* Each piece ends where readable memory ends. */
static void scan_pieces(struct scan_options options, struct span text, uint32_t random,
                        struct statements *all)
{
    struct scanner scanner;
    struct scan_statement found;
    scan_start(&scanner, options);
    for (size_t from = 0; from < text.length;) {
        struct span piece = span_cut(text, from, next_piece(&random));
        uint8_t *copy = malloc(piece.length + 1);
        assert(copy != NULL);
        memcpy(copy + 1, piece.at, piece.length);
        from += piece.length;
        size_t at = 1;
        for (;;) {
            enum scan_class early = scan_class_so_far(&scanner);
            enum scan_status status =
                scan_next(&scanner, span_of(copy, piece.length + 1), &at, false, &found);
            if (status != SCAN_STATEMENT) {
                break;
            }
            check_early(early, &found);
            add_statement(all, &found, text);
        }
        assert(at == piece.length + 1);
        free(copy);
    }
    size_t at = 0;
    while (scan_next(&scanner, span_of(NULL, 0), &at, true, &found) == SCAN_STATEMENT) {
        add_statement(all, &found, text);
    }
}

static void check_same(const struct statements *a, const struct statements *b)
{
    assert(a->count == b->count);
    for (size_t i = 0; i < a->count && i < STATEMENTS_MOST; i++) {
        const struct scan_statement *one = &a->at[i], *other = &b->at[i];
        assert(one->from == other->from && one->start == other->start);
        assert(one->length == other->length && one->terminated == other->terminated);
        assert(one->class == other->class && strcmp(one->words, other->words) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct scan_options options = {
        .standard_conforming_strings = data[0] % 2 == 0,
        .encoding = (enum scan_encoding)(data[0] / 2 % (SCAN_ENCODING_SJIS_2004 + 1)),
    };
    struct span text = span_of(data + 2, size - 2);
    static struct statements whole, pieces;
    whole.count = 0;
    pieces.count = 0;

    struct scanner scanner;
    struct scan_statement found;
    size_t at = 0;
    scan_start(&scanner, options);
    while (scan_next(&scanner, text, &at, true, &found) == SCAN_STATEMENT) {
        add_statement(&whole, &found, text);
    }
    assert(at == text.length);
    scan_pieces(options, text, data[1], &pieces);
    check_same(&whole, &pieces);

    if (text.length <= PARSE_MOST && memchr(text.at, '\0', text.length) == NULL) {
        struct reference reference = reference_parse(text);
        assert(!reference.parsed || reference_disagrees(text, &reference) == NULL);
        reference_free(&reference);
    }
    return 0;
}
