/* The keywords, and the little grammar that the scanner needs (src/backend/parser/gram.y):
 *
 *     SELECT … INTO …                               INTO is reserved, so the word is enough
 *     WITH a [(…)] AS (…), b AS (…) <main>          INTO counts in <main>, if that is a query
 *     EXPLAIN [ANALYZE] [VERBOSE] [(…)] <inner>
 *     PREPARE name [(…)] AS <inner>                 may be SELECT … INTO, which EXECUTE then runs
 *     PREPARE TRANSACTION '…'
 *     CREATE [OR REPLACE] FUNCTION|PROCEDURE … BEGIN ATOMIC <statement>; … END
 *
 * It may call a harmless statement DDL ("SELECT a.into"): the parser will say so. It never does the
 * opposite for text that the server would run. */
#include "policy/sql/scan_class.h"

/* The longest keyword is CREATE_REPLICATION_SLOT, of 23 bytes. */
#define KEYWORD_ROOM 24

/* Words are compared eight bytes at a time, so all are padded with NUL. */
struct keyword {
    char text[KEYWORD_ROOM];
    uint8_t class; /* enum scan_class; UNDECIDED where `watch` has to find out */
    uint8_t watch; /* enum scan_watch */
};

#define KEYWORD(text, class, watch)                                                                \
    {                                                                                              \
        text, SCAN_##class, SCAN_WATCH_##watch                                                     \
    }

/* Every word that starts a statement, the frequent ones first because the search is linear. The
 * last ones are the commands of a replication connection (repl_scanner.l); no SQL starts so. */
static const struct keyword keywords[] = {
    KEYWORD("SELECT", UNDECIDED, INTO),
    KEYWORD("INSERT", OTHER, NOTHING),
    KEYWORD("UPDATE", OTHER, NOTHING),
    KEYWORD("DELETE", OTHER, NOTHING),
    KEYWORD("BEGIN", TRANSACTION, LEADING),
    KEYWORD("COMMIT", TRANSACTION, LEADING),
    KEYWORD("WITH", UNDECIDED, WITH),
    KEYWORD("SET", SETTING, LEADING),
    KEYWORD("ROLLBACK", TRANSACTION, LEADING),
    KEYWORD("SHOW", OTHER, NOTHING),
    KEYWORD("COPY", OTHER, NOTHING),
    KEYWORD("EXECUTE", PREPARED, LEADING),
    KEYWORD("FETCH", OTHER, NOTHING),
    KEYWORD("MERGE", OTHER, NOTHING),
    KEYWORD("VALUES", OTHER, NOTHING),
    KEYWORD("SAVEPOINT", TRANSACTION, LEADING),
    KEYWORD("RELEASE", TRANSACTION, LEADING),
    KEYWORD("DISCARD", SETTING, LEADING),
    KEYWORD("RESET", SETTING, LEADING),
    KEYWORD("START", TRANSACTION, LEADING),
    KEYWORD("END", TRANSACTION, LEADING),
    KEYWORD("ABORT", TRANSACTION, LEADING),
    KEYWORD("PREPARE", UNDECIDED, PREPARE),
    KEYWORD("DEALLOCATE", PREPARED, LEADING),
    KEYWORD("CALL", CODE, LEADING),
    KEYWORD("DO", CODE, LEADING),
    KEYWORD("DECLARE", OTHER, NOTHING),
    KEYWORD("CLOSE", OTHER, NOTHING),
    KEYWORD("MOVE", OTHER, NOTHING),
    KEYWORD("TABLE", OTHER, NOTHING),
    KEYWORD("LISTEN", OTHER, NOTHING),
    KEYWORD("UNLISTEN", OTHER, NOTHING),
    KEYWORD("NOTIFY", OTHER, NOTHING),
    KEYWORD("EXPLAIN", UNDECIDED, INNER),
    KEYWORD("ANALYZE", OTHER, NOTHING),
    KEYWORD("ANALYSE", OTHER, NOTHING),
    KEYWORD("CHECKPOINT", OTHER, NOTHING),
    KEYWORD("LOAD", OTHER, NOTHING),
    KEYWORD("CREATE", DDL, LEADING),
    KEYWORD("ALTER", DDL, LEADING),
    KEYWORD("DROP", DDL, LEADING),
    KEYWORD("COMMENT", DDL, LEADING),
    KEYWORD("GRANT", DDL, LEADING),
    KEYWORD("REVOKE", DDL, LEADING),
    KEYWORD("TRUNCATE", DDL, LEADING),
    KEYWORD("LOCK", DDL, LEADING),
    KEYWORD("VACUUM", DDL, LEADING),
    KEYWORD("REINDEX", DDL, LEADING),
    KEYWORD("CLUSTER", DDL, LEADING),
    KEYWORD("REFRESH", DDL, LEADING),
    KEYWORD("SECURITY", DDL, LEADING),
    KEYWORD("IMPORT", DDL, LEADING),
    KEYWORD("REASSIGN", DDL, LEADING),
    KEYWORD("IDENTIFY_SYSTEM", OTHER, NOTHING),
    KEYWORD("START_REPLICATION", OTHER, NOTHING),
    KEYWORD("CREATE_REPLICATION_SLOT", OTHER, NOTHING),
    KEYWORD("ALTER_REPLICATION_SLOT", OTHER, NOTHING),
    KEYWORD("DROP_REPLICATION_SLOT", OTHER, NOTHING),
    KEYWORD("READ_REPLICATION_SLOT", OTHER, NOTHING),
    KEYWORD("TIMELINE_HISTORY", OTHER, NOTHING),
    KEYWORD("BASE_BACKUP", OTHER, NOTHING),
    KEYWORD("UPLOAD_MANIFEST", OTHER, NOTHING),
};

/* `text` is a literal, so that this is a comparison or two. */
static inline bool word_is(const struct scanner *scanner, const char *text)
{
    size_t length = strlen(text);
    return scanner->word_length == length && memcmp(scanner->word, text, length) == 0;
}

static inline uint64_t eight_bytes(const char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

static const struct keyword *keyword_find(const struct scanner *scanner)
{
    const char *word = scanner->word;
    uint64_t start = eight_bytes(word);
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        const char *text = keywords[i].text;
        if (eight_bytes(text) == start && eight_bytes(text + 8) == eight_bytes(word + 8) &&
            eight_bytes(text + 16) == eight_bytes(word + 16)) {
            return &keywords[i];
        }
    }
    return NULL;
}

static void settle(struct scanner *scanner, enum scan_class class)
{
    scanner->class = (uint8_t) class;
    scanner->watch = SCAN_WATCH_NOTHING;
}

/* A word of which nothing is missing and that can be shown in any encoding. */
static bool word_is_plain(const struct scanner *scanner)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof scanner->word; i += 8) {
        bits |= eight_bytes(scanner->word + i);
    }
    return (bits & 0x8080808080808080) == 0 && scanner->word_length < sizeof scanner->word;
}

/* Adds the word to the leading ones; false if it is not plain, or there is no room for it. */
static bool words_add(struct scanner *scanner)
{
    size_t space = scanner->words_length == 0 ? 0 : 1;
    size_t length = scanner->words_length + space + scanner->word_length;
    if (scanner->word_count == SCAN_WORDS_MOST || length >= SCAN_WORDS_ROOM ||
        !word_is_plain(scanner)) {
        return false;
    }
    char *end = scanner->words + scanner->words_length;
    *end = ' ';
    memcpy(end + space, scanner->word, sizeof scanner->word); /* with its padding */
    scanner->words_length = (uint8_t)length;
    scanner->word_count++;
    return true;
}

static bool words_name_routine(const struct scanner *scanner)
{
    struct span words = span_of(scanner->words, scanner->words_length);
    return span_is(words, "CREATE FUNCTION") || span_is(words, "CREATE PROCEDURE") ||
           span_is(words, "CREATE OR REPLACE FUNCTION") ||
           span_is(words, "CREATE OR REPLACE PROCEDURE");
}

/* In a body END can only close it: as a statement of its own it is not in the grammar there. Any
 * CREATE may be of a function with another body; if it is not, the server refuses the outer one. */
static void body_first(struct scanner *scanner)
{
    scanner->watch = word_is(scanner, "CREATE") ? SCAN_WATCH_ROUTINE : SCAN_WATCH_NOTHING;
    if (word_is(scanner, "END")) {
        scanner->bodies--;
    }
}

static void statement_first(struct scanner *scanner)
{
    const struct keyword *row = keyword_find(scanner);
    if (row == NULL) {
        (void)words_add(scanner);
        scanner->class = SCAN_UNKNOWN;
        scanner->watch = SCAN_WATCH_LEADING;
        return;
    }
    memcpy(scanner->words, scanner->word, sizeof scanner->word);
    scanner->words_length = scanner->word_length;
    scanner->word_count = 1;
    scanner->class = row->class;
    scanner->watch = row->watch;
    scanner->otherwise = row->watch == SCAN_WATCH_PREPARE ? SCAN_PREPARED : SCAN_OTHER;
}

static void leading_word(struct scanner *scanner)
{
    if (!words_add(scanner)) {
        scanner->watch = SCAN_WATCH_NOTHING;
    } else if (scanner->class == SCAN_DDL && words_name_routine(scanner)) {
        scanner->watch = SCAN_WATCH_ROUTINE;
    }
}

static void into_word(struct scanner *scanner)
{
    if (word_is(scanner, "INTO")) {
        settle(scanner, SCAN_DDL);
    }
}

/* Behind the ')' that closes a list of columns comes AS, behind the one of a query ',' or the main
 * statement or SEARCH or CYCLE, which only queries can have later. */
static void with_word(struct scanner *scanner)
{
    bool behind_list = scanner->previous == SCAN_PREVIOUS_CLOSE;
    scanner->previous = SCAN_PREVIOUS_ANY;
    if (scanner->parens > 0 || (behind_list && word_is(scanner, "AS"))) {
        return;
    }
    if (!behind_list) {
        into_word(scanner);
    } else if (word_is(scanner, "INSERT") || word_is(scanner, "UPDATE") ||
               word_is(scanner, "DELETE") || word_is(scanner, "MERGE")) {
        settle(scanner, scanner->otherwise);
    } else {
        scanner->watch = SCAN_WATCH_INTO;
        into_word(scanner);
    }
}

static void with_token(struct scanner *scanner, uint8_t first)
{
    if (scanner->previous == SCAN_PREVIOUS_CLOSE && first != ',') {
        scanner->watch = SCAN_WATCH_INTO;
    }
    bool closed = first == ')' && scanner->parens == 0;
    scanner->previous = closed ? SCAN_PREVIOUS_CLOSE : SCAN_PREVIOUS_ANY;
}

static void prepare_word(struct scanner *scanner)
{
    if (scanner->parens > 0) {
        return;
    }
    if (word_is(scanner, "AS")) {
        scanner->watch = SCAN_WATCH_INNER;
    } else if (word_is(scanner, "TRANSACTION")) {
        scanner->class = SCAN_TRANSACTION;
        scanner->watch = SCAN_WATCH_LEADING;
        leading_word(scanner);
    }
}

static void inner_word(struct scanner *scanner)
{
    if (scanner->parens > 0) {
        into_word(scanner);
        return;
    }
    if (word_is(scanner, "ANALYZE") || word_is(scanner, "ANALYSE") || word_is(scanner, "VERBOSE")) {
        return;
    }
    const struct keyword *row = keyword_find(scanner);
    if (row != NULL && (row->watch == SCAN_WATCH_INTO || row->watch == SCAN_WATCH_WITH)) {
        scanner->watch = row->watch;
        scanner->previous = SCAN_PREVIOUS_ANY;
        return;
    }
    enum scan_class class = row == NULL ? SCAN_UNKNOWN : (enum scan_class)row->class;
    if (class == SCAN_OTHER) {
        class = (enum scan_class)scanner->otherwise;
    } else if (class != SCAN_DDL && class != SCAN_PREPARED) {
        class = SCAN_UNKNOWN;
    }
    settle(scanner, class);
}

static void routine_word(struct scanner *scanner)
{
    bool begun = scanner->previous == SCAN_PREVIOUS_BEGIN && word_is(scanner, "ATOMIC");
    bool begins = scanner->parens == 0 && word_is(scanner, "BEGIN");
    scanner->previous = begins ? SCAN_PREVIOUS_BEGIN : SCAN_PREVIOUS_ANY;
    if (begun) {
        scanner->bodies++;
        scanner->watch = SCAN_WATCH_FIRST;
    }
}

void scan_class_word(struct scanner *scanner)
{
    switch ((enum scan_watch)scanner->watch) {
    case SCAN_WATCH_FIRST:
        if (scanner->bodies > 0) {
            body_first(scanner);
        } else {
            statement_first(scanner);
        }
        return;
    case SCAN_WATCH_LEADING:
        leading_word(scanner);
        return;
    case SCAN_WATCH_NOTHING:
        return;
    case SCAN_WATCH_INTO:
        into_word(scanner);
        return;
    case SCAN_WATCH_WITH:
        with_word(scanner);
        return;
    case SCAN_WATCH_PREPARE:
        prepare_word(scanner);
        return;
    case SCAN_WATCH_INNER:
        inner_word(scanner);
        return;
    case SCAN_WATCH_ROUTINE:
        routine_word(scanner);
        return;
    }
}

static void first_token(struct scanner *scanner, uint8_t first)
{
    if (scanner->bodies > 0) {
        scanner->watch = SCAN_WATCH_NOTHING;
    } else if (first == '(') {
        scanner->watch = SCAN_WATCH_INTO;
        scanner->otherwise = SCAN_OTHER;
    } else {
        settle(scanner, SCAN_UNKNOWN);
    }
}

void scan_class_start(struct scanner *scanner, size_t offset)
{
    if (!scanner->started) {
        scanner->started = true;
        scanner->start = offset;
    }
}

void scan_class_token(struct scanner *scanner, uint8_t first, size_t offset)
{
    scan_class_start(scanner, offset);
    switch ((enum scan_watch)scanner->watch) {
    case SCAN_WATCH_FIRST:
        first_token(scanner, first);
        return;
    case SCAN_WATCH_LEADING:
        scanner->watch = SCAN_WATCH_NOTHING;
        return;
    case SCAN_WATCH_WITH:
        with_token(scanner, first);
        return;
    case SCAN_WATCH_ROUTINE:
        scanner->previous = SCAN_PREVIOUS_ANY;
        return;
    case SCAN_WATCH_NOTHING:
    case SCAN_WATCH_INTO:
    case SCAN_WATCH_PREPARE:
    case SCAN_WATCH_INNER:
        return;
    }
}

void scan_class_end(struct scanner *scanner)
{
    if (scanner->class == SCAN_UNDECIDED) {
        bool query = scanner->watch == SCAN_WATCH_INTO;
        scanner->class = query ? scanner->otherwise : (uint8_t)SCAN_UNKNOWN;
    }
}
