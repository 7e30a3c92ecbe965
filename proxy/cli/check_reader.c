/* The scanner, stopped where psql would look up from the SQL: at every backslash, and at the end of
 * a line behind which the data of a COPY begin. */
#include "proxy/cli/check_reader.h"

#include <assert.h>
#include <ctype.h>
#include <strings.h>

/* What psql's commands mean for who reads the file without running it. */
static const struct command {
    const char *word;
    bool sends; /* it ends the statement before it, as a semicolon does */
    const char *what;
} commands[] = {
    {"\\g", true, "psql's command is skipped, the statement before it is checked"},
    {"\\gx", true, "psql's command is skipped, the statement before it is checked"},
    {"\\gset", true, "psql's command is skipped, the statement before it is checked"},
    {"\\gdesc", true, "psql's command is skipped, the statement before it is checked"},
    {"\\crosstabview", true, "psql's command is skipped, the statement before it is checked"},
    {"\\watch", true, "psql's command is skipped, the statement before it is checked"},
    {"\\gexec", true, "the statements that this makes and runs are not checked"},
    {"\\i", false, "the file that this includes is not checked"},
    {"\\include", false, "the file that this includes is not checked"},
    {"\\ir", false, "the file that this includes is not checked"},
    {"\\include_relative", false, "the file that this includes is not checked"},
    {"\\.", false, "this ends no data of a COPY: none was begun"},
};
static const struct command other_command = {"", false, "psql's command is skipped"};

/* The next `byte` at or behind `from`; the end of the text when there is none. */
static size_t reader_find(const struct check_reader *reader, char byte, size_t from)
{
    struct span rest = span_from(buffer_span(&reader->sql), from);
    const uint8_t *found = rest.length == 0 ? NULL : memchr(rest.at, byte, rest.length);
    return found == NULL ? reader->sql.length : (size_t)(found - reader->sql.at);
}

bool check_reader_start(struct check_reader *reader, struct span text, size_t parse_limit)
{
    *reader = (struct check_reader){.text = text, .parse_limit = parse_limit};
    buffer_append_span(&reader->sql, text);
    buffer_append_text(&reader->sql, "\n"); /* ends a comment in the last line */
    scan_start(&reader->scanner, (struct scan_options){.standard_conforming_strings = true,
                                                       .encoding = SCAN_ENCODING_UTF8});
    reader->backslash = reader_find(reader, '\\', 0);
    return !reader->sql.failed;
}

void check_reader_free(struct check_reader *reader)
{
    buffer_free(&reader->sql);
}

static void reader_blank(struct check_reader *reader, size_t from, size_t end)
{
    memset(reader->sql.at + from, ' ', end - from);
}

/* The backslash and what belongs to it: letters, or one other byte. */
static struct span command_word(struct span line)
{
    size_t length = 1;
    while (length < line.length && (isalpha(line.at[length]) || line.at[length] == '_')) {
        length++;
    }
    return span_cut(line, 0, length == 1 ? 2 : length);
}

static const struct command *command_named(struct span word)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (span_is(word, commands[i].word)) {
            return &commands[i];
        }
    }
    return &other_command;
}

/* `\bind 1 \g`: the last command of a line may be the one that sends. */
static bool line_sends(struct span line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (line.at[i] == '\\' && command_named(command_word(span_from(line, i)))->sends) {
            return true;
        }
    }
    return false;
}

/* `\copy … from stdin`, as far as words tell; pstdin is not the file. */
static bool line_reads_data(struct span line)
{
    static const char words[] = "from stdin";
    for (size_t i = 0; i + sizeof words <= line.length; i++) {
        if (isspace(line.at[i]) &&
            strncasecmp((const char *)line.at + i + 1, words, sizeof words - 1) == 0) {
            return true;
        }
    }
    return false;
}

/* The text is read up to a backslash that is psql's. True: *piece says what is skipped. */
static bool reader_skip_command(struct check_reader *reader, struct check_piece *piece)
{
    size_t at = reader->backslash;
    size_t end = reader_find(reader, '\n', at);
    struct span line = span_cut(reader->text, at, end - at);
    struct span word = command_word(line);
    if (span_is(word, "\\;")) { /* a semicolon that psql sends with the rest */
        reader_blank(reader, at, at + 1);
        reader->backslash = reader_find(reader, '\\', at);
        return false;
    }
    bool copy = span_is(word, "\\copy");
    bool sends = !copy && line_sends(line);
    reader->copies += copy && line_reads_data(line);
    reader_blank(reader, at, end);
    if (sends) {
        reader->sql.at[at] = ';';
    }
    reader->backslash = reader_find(reader, '\\', end);
    *piece = (struct check_piece){
        .kind = CHECK_SKIPPED, .at = at, .word = word, .what = command_named(word)->what};
    return true;
}

/* Behind the line "\." that ends data; the end of the text when there is none. */
static size_t reader_data_end(const struct check_reader *reader, size_t from, bool *ended)
{
    *ended = false;
    while (from < reader->text.length && !*ended) {
        size_t end = reader_find(reader, '\n', from);
        struct span line = span_cut(reader->text, from, end - from);
        *ended = span_is(line, "\\.") || span_is(line, "\\.\r");
        from = end + 1;
    }
    return from < reader->text.length ? from : reader->text.length;
}

/* The text is read up to the end of a line; data follow. */
static bool reader_skip_data(struct check_reader *reader, struct check_piece *piece)
{
    size_t from = reader->at + 1;
    size_t end = from;
    bool ended = false;
    for (; reader->copies > 0; reader->copies--) {
        end = reader_data_end(reader, end, &ended);
    }
    if (from >= reader->text.length) {
        return false;
    }
    reader_blank(reader, from, end);
    reader->backslash = reader_find(reader, '\\', end);
    *piece =
        (struct check_piece){.kind = CHECK_SKIPPED,
                             .at = from,
                             .what = ended ? "the data of a COPY are skipped"
                                           : "the data of a COPY are skipped, up to the end of the "
                                             "file: no line \\. ends them"};
    return true;
}

/* Up to where the scanner may go before somebody looks up. */
static size_t reader_stop(const struct check_reader *reader)
{
    if (reader->copies == 0) {
        return reader->backslash;
    }
    size_t line = reader_find(reader, '\n', reader->at);
    return line < reader->backslash ? line : reader->backslash;
}

static void reader_take(struct check_reader *reader, struct check_piece *piece)
{
    piece->kind = CHECK_STATEMENT;
    piece->at = piece->cut.start;
    reader->from = reader->at;
    while (piece->cut.length > 0 &&
           isspace(reader->sql.at[piece->cut.start + piece->cut.length - 1])) {
        piece->cut.length--;
    }
    struct span own = span_cut(buffer_span(&reader->sql), piece->cut.start, piece->cut.length);
    if (piece->cut.terminated && own.length >= 4 && own.length <= reader->parse_limit &&
        strncasecmp((const char *)own.at, "copy", 4) == 0) {
        reader->copies += sql_reads_copy_data(own);
    }
}

/* The text is over. What is open then is a statement, though a comment alone is none: somebody must
 * hear of it, because all that it swallowed was not looked at. */
static void reader_finish(struct check_reader *reader, struct check_piece *piece)
{
    struct span sql = buffer_span(&reader->sql);
    bool open = scan_is_open(&reader->scanner);
    enum scan_status status = scan_next(&reader->scanner, sql, &reader->at, true, &piece->cut);
    if (status != SCAN_STATEMENT && !open) {
        piece->kind = CHECK_END;
        return;
    }
    if (status != SCAN_STATEMENT) {
        piece->cut = (struct scan_statement){
            .start = reader->from, .length = sql.length - reader->from, .class = SCAN_UNKNOWN};
        scan_start(&reader->scanner, reader->scanner.options);
    }
    piece->open = open;
    reader_take(reader, piece);
}

void check_reader_next(struct check_reader *reader, struct check_piece *piece)
{
    *piece = (struct check_piece){.kind = CHECK_END};
    for (;;) {
        size_t stop = reader_stop(reader);
        struct span chunk = span_cut(buffer_span(&reader->sql), 0, stop);
        if (scan_next(&reader->scanner, chunk, &reader->at, false, &piece->cut) == SCAN_STATEMENT) {
            reader_take(reader, piece);
            return;
        }
        assert(reader->at == stop);
        if (stop == reader->sql.length) {
            reader_finish(reader, piece);
            return;
        }
        if (stop < reader->backslash) {
            if (reader_skip_data(reader, piece)) {
                return;
            }
        } else if (!scan_is_outside_quotes(&reader->scanner)) {
            reader->backslash = reader_find(reader, '\\', stop + 1);
        } else if (reader_skip_command(reader, piece)) {
            return;
        }
    }
}
