/* Any bytes as a file of `ddlguard check`: read, followed and judged. What must hold whatever the
 * bytes are:
 *
 *   - what is cut out is the file's, or a blank; pieces lie in the file, in the order of their
 * ends;
 *   - a finding has its place within the file;
 *   - what does not parse is never clean;
 *   - whatever is shown of the bytes is free of control characters. */
#include <assert.h>
#include <stdlib.h>

#include "proxy/cli/check_judge.h"
#include "proxy/cli/check_place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small enough for the stack of the fuzzer's thread. */
#define FUZZ_LIMIT 8192

static void check_blanks(const struct check_reader *reader)
{
    assert(reader->sql.length == reader->text.length + 1);
    for (size_t i = 0; i < reader->text.length; i++) {
        uint8_t byte = reader->sql.at[i];
        assert(byte == reader->text.at[i] || byte == ' ' || byte == ';');
    }
}

static void check_shown(struct span text)
{
    struct buffer line = {0};
    check_append_line(&line, text, 200);
    for (size_t i = 0; i < line.length; i++) {
        assert(line.at[i] >= ' ' && line.at[i] != 0x7f);
    }
    buffer_free(&line);
}

static void check_judgement(const struct check_reader *reader,
                            const struct check_judgement *judgement)
{
    assert(!judgement->broken || judgement->finding_count > 0);
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct check_finding *finding = &judgement->findings[i];
        assert(finding->at + finding->length <= reader->sql.length);
        struct check_place place = check_place_of(reader->text, CHECK_PLACE_START, finding->at);
        struct check_excerpt excerpt = check_excerpt_at(reader->text, finding->at);
        assert(place.line > 0 && place.column > 0);
        assert(excerpt.before.length <= excerpt.text.length);
        check_shown(finding->message);
        check_shown(excerpt.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = config_default();
    struct check_reader reader;
    struct check_piece piece;
    struct check_track *track = malloc(sizeof *track);
    assert(config != NULL && track != NULL);
    config->parse_limit_bytes = FUZZ_LIMIT;
    struct check_judge judge = {.config = config, .steps = true};
    bool in_transaction = size > 0 && data[0] == 'T';
    check_track_start(track, in_transaction);
    bool started = check_reader_start(&reader, span_of(data, size), FUZZ_LIMIT);
    assert(started);
    check_reader_next(&reader, &piece);
    while (piece.kind != CHECK_END) {
        assert(piece.at <= size && reader.at <= reader.sql.length);
        if (piece.kind == CHECK_STATEMENT) {
            struct check_judgement judgement;
            check_judge(&judge, track, &reader, &piece, &judgement);
            check_judgement(&reader, &judgement);
            check_track_follow(track, &judgement.statement, judgement.sql);
            check_judgement_free(&judgement);
        }
        check_reader_next(&reader, &piece);
    }
    check_blanks(&reader);
    assert(!track->failed);
    check_reader_free(&reader);
    check_track_free(track);
    free(track);
    config_free(config);
    return 0;
}
