/* Plays a dialogue: once as it is written, comparing everything in its order; then again with the
 * input cut, where every stream must come out the same.
 *
 *      pieces        |-|----|----|----|--|     each step in pieces of 32 bytes, from each of its
 *                    |--|----|----|----|-|     first 32 on, and once byte by byte
 *      every cut     |--------|----------|     each step in two, behind each byte in turn
 *
 * Both have a cut at every byte; the latter takes ten times as long.
 *
 * It never knows what a message means: it compares lines. */
#include "tests/unit/session/dialogue.h"

#include "protocol/frame.h"
#include "protocol/trace.h"

#include <assert.h>
#include <stdlib.h>

/* In two, a longer input is cut at some places only. */
#define CUTS_MOST 1200

#define PIECE_BYTES 32 /* more than many a message, less than most of those with a text or a row   \
                        */

/* Where the input of each step is cut: behind its byte `first`, then again behind each `next`
 * bytes. 0: not at all. */
struct cuts {
    size_t first, next;
};

static const struct cuts uncut = {0, 0};

struct output {
    enum shell_place place;
    struct buffer bytes; /* of the streams: as much as came in a row */
};

struct play {
    const struct dialogue *dialogue;
    struct shell shell;
    struct output *outputs; /* not expected yet, in their order */
    size_t first, count;
    bool server_started;           /* the StartupMessage has gone to the server */
    struct buffer streams[PLACES]; /* all that came out, whole run */
    size_t *marks;                 /* as it is written: lengths of the streams behind each step */
};

static void listen(void *who, enum shell_place place, struct span bytes)
{
    struct play *play = who;
    buffer_append_span(&play->streams[place], bytes);
    buffer_append_text(&play->streams[place], place == PLACE_LEDGER ? "\n" : "");
    bool is_stream = place == PLACE_CLIENT || place == PLACE_SERVER;
    if (is_stream && play->count > play->first && play->outputs[play->count - 1].place == place) {
        buffer_append_span(&play->outputs[play->count - 1].bytes, bytes);
        return;
    }
    play->outputs = realloc(play->outputs, (play->count + 1) * sizeof *play->outputs);
    assert(play->outputs != NULL);
    play->outputs[play->count] = (struct output){.place = place};
    buffer_append_span(&play->outputs[play->count++].bytes, bytes);
}

/* Takes the first thing that came out and has not been expected yet, as a line. False: there is
 * none. */
static bool next_output(struct play *play, enum shell_place *place, struct buffer *line)
{
    while (play->first < play->count && play->outputs[play->first].bytes.length == 0) {
        buffer_free(&play->outputs[play->first++].bytes);
    }
    if (play->first == play->count) {
        return false;
    }
    struct output *output = &play->outputs[play->first];
    struct span bytes = buffer_span(&output->bytes);
    *place = output->place;
    if (*place == PLACE_LEDGER || *place == PLACE_SHELL) {
        buffer_append_span(line, bytes);
        buffer_reset(&output->bytes);
        return true;
    }
    bool startup = *place == PLACE_SERVER && !play->server_started;
    play->server_started = play->server_started || *place == PLACE_SERVER;
    struct frame frame;
    enum frame_status framed =
        startup ? frame_peek_startup(bytes, &frame) : frame_peek(bytes, FRAME_LIMIT, &frame);
    bool whole = framed == FRAME_READY && frame_is_whole(frame, bytes);
    struct span message = span_cut(bytes, 0, whole ? frame.length : bytes.length);
    trace_message(line,
                  startup                  ? TRACE_STARTUP
                  : *place == PLACE_SERVER ? TRACE_CLIENT
                                           : TRACE_SERVER,
                  message, 0);
    buffer_consume(&output->bytes, message.length);
    return true;
}

static const char *const place_names[] = {[PLACE_CLIENT] = "client",
                                          [PLACE_SERVER] = "server",
                                          [PLACE_LEDGER] = "ledger",
                                          [PLACE_SHELL] = "request"};

static void report_at(const struct play *play, const char *path, unsigned line, const char *what,
                      struct buffer *report)
{
    buffer_append_format(report, "%s:%u: %s (phase %s)\n", path, line, what,
                         session_phase_name(play->shell.session));
}

static void report_rest(struct play *play, struct buffer *report)
{
    enum shell_place place;
    struct buffer line = {0};
    while (next_output(play, &place, &line)) {
        buffer_append_format(report, "    then %s < %.*s\n", place_names[place], (int)line.length,
                             (const char *)line.at);
        buffer_reset(&line);
    }
    buffer_free(&line);
}

static bool check_expected(struct play *play, const struct dialogue_step *step, const char *path,
                           struct buffer *report)
{
    enum shell_place place = step->place;
    struct buffer line = {0};
    bool there = next_output(play, &place, &line);
    struct span pattern = buffer_span(&step->bytes);
    struct span text = buffer_span(&line);
    bool matches = there && place == step->place &&
                   (place == PLACE_LEDGER ? dialogue_record_matches(pattern, text)
                                          : dialogue_text_matches(pattern, text));
    if (!matches) {
        report_at(play, path, step->line, "not what was expected", report);
        buffer_append_format(report, "    expected %s < %.*s\n", place_names[step->place],
                             (int)pattern.length, (const char *)pattern.at);
        buffer_append_format(report, "         got %s < %.*s\n", there ? place_names[place] : "-",
                             (int)text.length, (const char *)text.at);
        report_rest(play, report);
    }
    buffer_free(&line);
    return matches;
}

static bool check_silence(struct play *play, unsigned line, const char *path, struct buffer *report)
{
    size_t before = report->length;
    report_rest(play, report);
    if (report->length > before) {
        report_at(play, path, line, "the above came out and was not expected before this line",
                  report);
    }
    return report->length == before;
}

static void feed(struct play *play, const struct dialogue_step *step, struct cuts cuts)
{
    struct span bytes = buffer_span(&step->bytes);
    for (size_t piece = cuts.first; bytes.length > 0; piece = cuts.next) {
        size_t length = piece > 0 && piece < bytes.length ? piece : bytes.length;
        shell_receive(&play->shell, step->side, span_cut(bytes, 0, length));
        bytes = span_from(bytes, length);
    }
}

static void act(struct play *play, const struct dialogue_step *step, struct cuts cuts)
{
    switch (step->act) {
    case ACT_FEED:
        feed(play, step, cuts);
        break;
    case ACT_EVENT:
        shell_tell(&play->shell, step->event, buffer_span(&step->bytes));
        break;
    case ACT_END:
        shell_end(&play->shell, step->side);
        break;
    case ACT_CLOCK:
        shell_pass_time(&play->shell, step->us);
        break;
    case ACT_LEDGER:
        play->shell.ledger = step->ledger;
        break;
    case ACT_QUEUE:
        play->shell.queue_waits = step->waits;
        break;
    case ACT_OTHERS:
        play->shell.others_wait = step->waits;
        break;
    case ACT_EXPECT:
        break;
    }
}

static void play_start(struct play *play, const struct dialogue *dialogue)
{
    *play = (struct play){.dialogue = dialogue};
    shell_start(&play->shell, &dialogue->options, listen, play);
}

static void play_end(struct play *play)
{
    shell_stop(&play->shell);
    for (size_t i = 0; i < play->count; i++) {
        buffer_free(&play->outputs[i].bytes);
    }
    for (size_t i = 0; i < PLACES; i++) {
        buffer_free(&play->streams[i]);
    }
    free(play->outputs);
    free(play->marks);
}

static void note_marks(struct play *play, size_t step)
{
    for (size_t i = 0; i < PLACES; i++) {
        play->marks[step * PLACES + i] = play->streams[i].length;
    }
}

static bool check_promises(struct play *play, unsigned line, const char *path,
                           struct buffer *report)
{
    if (play->shell.broken == NULL) {
        return true;
    }
    report_at(play, path, line, play->shell.broken, report);
    report_rest(play, report);
    return false;
}

/* As it is written. */
static void play_whole(struct play *play, const char *path, struct buffer *report)
{
    const struct dialogue *dialogue = play->dialogue;
    for (size_t i = 0; i < dialogue->count; i++) {
        const struct dialogue_step *step = &dialogue->steps[i];
        bool good = step->act == ACT_EXPECT ? check_expected(play, step, path, report)
                                            : check_silence(play, step->line, path, report);
        if (!good) {
            return;
        }
        act(play, step, uncut);
        if (!check_promises(play, step->line, path, report)) {
            return;
        }
        note_marks(play, i);
    }
    (void)check_silence(play, dialogue->line, path, report);
}

/* Of what came out behind the step before, by the marks of both plays. PLACES: all is the same. */
static enum shell_place first_difference(const struct play *play, const struct play *whole,
                                         size_t step)
{
    enum shell_place place = PLACE_CLIENT;
    for (; place < PLACES; place++) {
        const size_t *mark = &whole->marks[step * PLACES + place];
        size_t start = step == 0 ? 0 : mark[-PLACES];
        struct span ours = span_from(buffer_span(&play->streams[place]), start);
        struct span theirs = span_from(buffer_span(&whole->streams[place]), start);
        if (!span_equal(ours, span_cut(theirs, 0, *mark - start))) {
            break;
        }
    }
    return place;
}

/* Stops where something is not the same. */
static void play_cut(const struct play *whole, struct cuts cuts, const char *path,
                     struct buffer *report)
{
    const struct dialogue *dialogue = whole->dialogue;
    struct play play;
    enum shell_place differs = PLACES;
    play_start(&play, dialogue);
    for (size_t i = 0; i < dialogue->count && differs == PLACES; i++) {
        const struct dialogue_step *step = &dialogue->steps[i];
        act(&play, step, cuts);
        differs = first_difference(&play, whole, i);
        if (differs != PLACES) {
            report_at(&play, path, step->line, "not the same when the input is cut", report);
            buffer_append_format(report,
                                 "    cut behind byte %zu, then each %zu, in what went to %s\n",
                                 cuts.first, cuts.next, place_names[differs]);
            report_rest(&play, report);
        }
    }
    if (differs == PLACES) {
        (void)check_promises(&play, dialogue->line, path, report);
    }
    play_end(&play);
}

static void play_pieces(const struct play *whole, const char *path, struct buffer *report)
{
    play_cut(whole, (struct cuts){1, 1}, path, report);
    for (size_t first = 1; first <= PIECE_BYTES && report->length == 0; first++) {
        play_cut(whole, (struct cuts){first, PIECE_BYTES}, path, report);
    }
}

static size_t longest_input(const struct dialogue *dialogue)
{
    size_t longest = 0;
    for (size_t i = 0; i < dialogue->count; i++) {
        const struct dialogue_step *step = &dialogue->steps[i];
        if (step->act == ACT_FEED && step->bytes.length > longest) {
            longest = step->bytes.length;
        }
    }
    return longest;
}

static void play_every_cut(const struct play *whole, const char *path, struct buffer *report)
{
    size_t length = longest_input(whole->dialogue);
    for (size_t cut = 1; cut < length && report->length == 0;
         cut += cut < CUTS_MOST ? 1 : length / 64) {
        play_cut(whole, (struct cuts){cut, 0}, path, report);
    }
}

void dialogue_play(const struct dialogue *dialogue, enum dialogue_cuts cuts, const char *path,
                   struct buffer *report)
{
    struct play whole;
    play_start(&whole, dialogue);
    whole.marks = calloc(dialogue->count * PLACES + 1, sizeof *whole.marks);
    assert(whole.marks != NULL);
    play_whole(&whole, path, report);
    if (report->length == 0 && !dialogue->uncut) {
        (cuts == CUTS_EVERY ? play_every_cut : play_pieces)(&whole, path, report);
    }
    play_end(&whole);
}
