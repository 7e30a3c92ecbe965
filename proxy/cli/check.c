/* ddlguard check: reads files of SQL and tells what the proxy would change, warn about or refuse.
 * It runs nothing and contacts nobody.
 *
 *      file -> reader -> statement -> judge -> report
 *                 |                     ^
 *                 +------> track -------+       what the file has done so far
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proxy/cli/check_report.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/configuration.h"

struct check {
    const char *config_path; /* of --config; NULL without it */
    const struct check_format *format;
    bool assume_in_transaction;
    char **names; /* of the files; borrowed from argv */
    size_t name_count;
    struct check_judge judge;
    struct check_report report;
    int code;
};

static int check_complain_usage(void)
{
    fputs(
        "usage: ddlguard check [--config FILE] [--format text|json|github|sarif]\n"
        "                      [--assume-in-transaction] [--pg-version N] FILE… | -\n"
        "Says what the proxy would change, warn about or refuse in files of SQL; runs nothing.\n"
        "--assume-in-transaction: as if BEGIN came before each file\n"
        "--pg-version: of the server that they are for: 15, 16.3 …\n"
        "Exit code: 0 nothing found, 1 something found, 2 bad usage, a file that cannot be read,\n"
        "or SQL that does not parse.\n",
        stderr);
    return CLI_USAGE;
}

static void check_worsen(struct check *check, int code)
{
    check->code = code > check->code ? code : check->code;
}

static void check_complain(struct check *check, const char *name, const char *why)
{
    struct buffer line = {0};
    check_append_visible(&line, span_text(name));
    fprintf(stderr, "ddlguard check: %.*s: %s\n", (int)line.length, (const char *)line.at, why);
    buffer_free(&line);
    check_worsen(check, CLI_USAGE);
}

static void check_count(struct check *check, const struct check_finding *finding)
{
    struct check_report *report = &check->report;
    size_t *const counts[] = {[CHECK_NOTE] = &report->notes,
                              [CHECK_WARNING] = &report->warnings,
                              [CHECK_ERROR] = &report->errors};
    ++*counts[finding->level];
    check_worsen(check, finding->level == CHECK_NOTE ? CLI_OK : CLI_FINDINGS);
}

static void check_statement(struct check *check, struct check_file *file,
                            struct check_reader *reader, struct check_track *track,
                            const struct check_piece *piece)
{
    struct check_judgement judgement;
    check_judge(&check->judge, track, reader, piece, &judgement);
    check->report.statements++;
    for (size_t i = 0; i < judgement.finding_count; i++) {
        check_count(check, &judgement.findings[i]);
    }
    check_worsen(check, judgement.broken ? CLI_USAGE : CLI_OK);
    check->format->statement(&check->report, file, &judgement);
    check_track_follow(track, &judgement.statement, judgement.sql);
    check->report.failed = check->report.failed || judgement.failed;
    check_judgement_free(&judgement);
}

static void check_skipped(struct check *check, struct check_file *file,
                          const struct check_piece *piece)
{
    struct buffer message = {0};
    buffer_append_span(&message, piece->word);
    buffer_append_text(&message, piece->word.length > 0 ? ": " : "");
    buffer_append_text(&message, piece->what);
    struct check_finding note = {.level = CHECK_NOTE,
                                 .rule = CHECK_NOTE_RULE,
                                 .at = piece->at,
                                 .length = piece->word.length,
                                 .message = buffer_span(&message)};
    check_count(check, &note);
    check->format->note(&check->report, file, &note);
    check->report.failed = check->report.failed || message.failed;
    buffer_free(&message);
}

static void check_pieces(struct check *check, struct check_file *file, struct check_reader *reader,
                         struct check_track *track)
{
    struct check_piece piece = {.kind = CHECK_SKIPPED};
    check_reader_next(reader, &piece);
    while (piece.kind != CHECK_END) {
        file->place = check_place_of(file->text, file->place, piece.at);
        if (piece.kind == CHECK_STATEMENT) {
            check_statement(check, file, reader, track, &piece);
        } else {
            check_skipped(check, file, &piece);
        }
        check_reader_next(reader, &piece);
    }
}

/* What only the end of the file tells. */
static void check_end_of_file(struct check *check, struct check_file *file,
                              const struct check_track *track)
{
    const struct config *config = check->judge.config;
    const struct rule *rule = &rule_ban_uncommitted_transaction;
    const struct statement begin = {.kind = STATEMENT_BEGIN};
    struct identity nobody = {"", "", "", "", check->judge.wall_us};
    struct settings settings = settings_resolve(&config->settings, config->overrides,
                                                config->override_count, &nobody, &begin);
    enum action action = settings_action(&settings, rules_index_of(rule));
    if (action <= ACTION_ALLOW || !check_track_is_uncommitted(track)) {
        return;
    }
    struct check_finding finding = {.level = action == ACTION_BLOCK ? CHECK_ERROR : CHECK_WARNING,
                                    .rule = rule->id,
                                    .action = settings_action_name(action),
                                    .at = track->begin_at,
                                    .length = track->begin_length,
                                    .message = span_text("the file ends inside this transaction: "
                                                         "what it has changed is not committed"),
                                    .hint = span_text("End it with COMMIT.")};
    file->place = check_place_of(file->text, CHECK_PLACE_START, finding.at);
    check_count(check, &finding);
    check->format->note(&check->report, file, &finding);
}

/* The bytes of a file. False: it cannot be read, errno says why. */
static bool check_read(FILE *in, struct buffer *out)
{
    size_t got = 0;
    do {
        if (!buffer_reserve(out, 1u << 16)) {
            errno = ENOMEM;
            return false;
        }
        got = fread(out->at + out->length, 1, out->capacity - out->length, in);
        out->length += got;
    } while (got > 0);
    return ferror(in) == 0;
}

static void check_text(struct check *check, const char *name, struct span text)
{
    static const char mark[] = "\xef\xbb\xbf"; /* that some editors put before UTF-8 */
    if (text.length > 0 && memchr(text.at, '\0', text.length) != NULL) {
        check_complain(check, name, "is no text: there is a NUL byte in it");
        return;
    }
    bool marked = span_is(span_cut(text, 0, sizeof mark - 1), mark);
    struct check_file file = {.name = name,
                              .text = span_from(text, marked ? sizeof mark - 1 : 0),
                              .place = CHECK_PLACE_START};
    struct check_reader reader;
    struct check_track track;
    check_track_start(&track, check->assume_in_transaction);
    if (check_reader_start(&reader, file.text, check->judge.config->parse_limit_bytes)) {
        check->report.files++;
        check_pieces(check, &file, &reader, &track);
        check_end_of_file(check, &file, &track);
    }
    check->report.failed = check->report.failed || track.failed || reader.sql.failed;
    check_reader_free(&reader);
    check_track_free(&track);
}

static void check_file(struct check *check, const char *name)
{
    struct buffer text = {0};
    bool standard = strcmp(name, "-") == 0;
    FILE *in = standard ? stdin : fopen(name, "rb");
    while (strncmp(name, "./", 2) == 0) {
        name += 2; /* services that show findings know the file by its plain path */
    }
    if (in == NULL || !check_read(in, &text)) {
        check_complain(check, standard ? "stdin" : name, strerror(errno));
    } else {
        check_text(check, standard ? "stdin" : name, buffer_span(&text));
    }
    if (in != NULL && !standard) {
        fclose(in);
    }
    buffer_free(&text);
}

/* The body of the thread that has stack enough for the grammar. */
static void *check_run(void *argument)
{
    struct check *check = argument;
    struct check_report *report = &check->report;
    check->format->begin(report);
    for (size_t i = 0; i < check->name_count; i++) {
        check_file(check, check->names[i]);
    }
    check->format->end(report);
    if (fflush(stdout) != 0 || ferror(stdout) || report->failed) {
        fputs("ddlguard check: out of memory, or the output cannot be written\n", stderr);
        check_worsen(check, CLI_USAGE);
    }
    buffer_free(&report->line);
    return NULL;
}

static int check_in_thread(struct check *check)
{
    pthread_t thread;
    pthread_attr_t attributes;
    size_t stack = SQL_STACK_BYTES(check->judge.config->parse_limit_bytes);
    bool ready = pthread_attr_init(&attributes) == 0;
    bool started = ready && pthread_attr_setstacksize(&attributes, stack) == 0 &&
                   pthread_create(&thread, &attributes, check_run, check) == 0;
    if (ready) {
        pthread_attr_destroy(&attributes);
    }
    if (!started) {
        fputs("ddlguard check: no thread could be started\n", stderr);
        return CLI_USAGE;
    }
    pthread_join(thread, NULL);
    return check->code;
}

static const struct check_format *check_format_named(const char *name)
{
    static const struct check_format *const formats[] = {&check_format_text, &check_format_json,
                                                         &check_format_github, &check_format_sarif};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i]->name, name) == 0) {
            return formats[i];
        }
    }
    return NULL;
}

/* "15", "15.4": server_version_num, 150004. 0: neither; since PostgreSQL 10 there are two parts. */
static uint32_t check_version(const char *text)
{
    unsigned major = 0;
    unsigned minor = 0;
    int major_end = 0;
    int minor_end = 0;
    sscanf(text, "%2u%n.%4u%n", &major, &major_end, &minor, &minor_end);
    int end = minor_end > 0 ? minor_end : major_end;
    return major >= 10 && end > 0 && text[end] == '\0' ? major * 10000 + minor : 0;
}

static bool check_options(int argc, char **argv, struct check *out)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"assume-in-transaction", no_argument, NULL, 't'},
                                            {"pg-version", required_argument, NULL, 'v'},
                                            {0}};
    int option;
    bool good = true;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c') {
            out->config_path = optarg;
        } else if (option == 'f') {
            out->format = check_format_named(optarg);
            good = out->format != NULL;
        } else if (option == 't') {
            out->assume_in_transaction = true;
        } else if (option == 'v') {
            out->judge.server_version = check_version(optarg);
            good = out->judge.server_version != 0;
        } else {
            good = false;
        }
    }
    out->names = argv + optind;
    out->name_count = (size_t)(argc - optind);
    return good && out->name_count > 0;
}

static bool check_may_colour(void)
{
    const char *no = getenv("NO_COLOR"); /* https://no-color.org: present and not empty */
    const char *terminal = getenv("TERM");
    bool dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    return isatty(STDOUT_FILENO) && !dumb && (no == NULL || no[0] == '\0');
}

int cli_check(int argc, char **argv)
{
    struct check check = {.format = &check_format_text};
    if (!check_options(argc, argv, &check)) {
        return check_complain_usage();
    }
    struct config *config = configuration_load(configuration_path(check.config_path), "check");
    if (config == NULL) {
        return CLI_USAGE;
    }
    check.judge.config = config;
    check.judge.steps = check.format->steps;
    check.judge.wall_us = (uint64_t)time(NULL) * 1000000;
    check.report = (struct check_report){.format = check.format, .colours = check_may_colour()};
    int code = check_in_thread(&check);
    config_free(config);
    return code;
}
