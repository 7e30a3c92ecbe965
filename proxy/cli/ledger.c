/* ddlguard ledger: reads the options, opens the journal for reading and lets a subcommand do the
 * rest. It never writes to the journal, and it works while a proxy does. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/configuration.h"
#include "proxy/cli/ledger_cli.h"
#include "proxy/ledger/event.h"
#include "proxy/ledger/moment.h"

#define LIST_LIMIT 50
#define TAIL_LIMIT 10

static const char usage[] =
    "usage: ddlguard ledger list [FILTER…] [--limit N] [--json]    the changes, newest first\n"
    "       ddlguard ledger show ID [--json]                       one change and its events\n"
    "       ddlguard ledger tail [-f] [FILTER…] [--limit N] [--json]\n"
    "                                                              the latest, and what comes\n"
    "\n"
    "Which ledger:\n"
    "  --config FILE        the configuration that names it (default: /etc/ddlguard/ddlguard.yaml\n"
    "                       if it is there, else the default configuration)\n"
    "  --path FILE          the ledger itself\n"
    "FILTER:\n"
    "  --since TIME, --until TIME\n"
    "                       2026-11-22, 2026-11-22T10:34:05Z, or an age: 90s, 30m, 2h, 7d\n"
    "  --database NAME, --user NAME, --application NAME\n"
    "  --table [SCHEMA.]NAME   an object that the change acts on\n"
    "  --state STATE        intended, in_flight, stmt_ok, committed, rolled_back,\n"
    "                       undone_by_savepoint, failed, denied, no_op, prepared, unknown\n"
    "  --text TEXT          anywhere in the statement or the error message, in any case\n"
    "Others:\n"
    "  -f, --follow         go on until interrupted\n"
    "  --limit N            at most N changes; 0: all (list: 50, tail: 10)\n"
    "  --json               one JSON object per line (show: one per event)\n"
    "ID may be the beginning of an id. Times are UTC.\n"
    "Exit code: 0 good, 1 show has found nothing, 2 bad usage or a ledger that cannot be read.\n";

enum option_key {
    OPTION_CONFIG = 1,
    OPTION_PATH,
    OPTION_JSON,
    OPTION_LIMIT,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_DATABASE,
    OPTION_USER,
    OPTION_APPLICATION,
    OPTION_TABLE,
    OPTION_STATE,
    OPTION_TEXT,
    OPTION_HELP,
    OPTION_FOLLOW = 'f',
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"path", required_argument, NULL, OPTION_PATH},
    {"json", no_argument, NULL, OPTION_JSON},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"until", required_argument, NULL, OPTION_UNTIL},
    {"database", required_argument, NULL, OPTION_DATABASE},
    {"user", required_argument, NULL, OPTION_USER},
    {"application", required_argument, NULL, OPTION_APPLICATION},
    {"table", required_argument, NULL, OPTION_TABLE},
    {"state", required_argument, NULL, OPTION_STATE},
    {"text", required_argument, NULL, OPTION_TEXT},
    {"follow", no_argument, NULL, OPTION_FOLLOW},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

struct verb {
    const char *name;
    int (*run)(struct ledger_reader *reader, const struct ledger_options *options);
    bool takes_id, takes_filter, takes_follow;
    uint32_t limit;
};

static const struct verb verbs[] = {
    {.name = "list", .run = ledger_list, .takes_filter = true, .limit = LIST_LIMIT},
    {.name = "show", .run = ledger_show, .takes_id = true},
    {.name = "tail",
     .run = ledger_tail,
     .takes_filter = true,
     .takes_follow = true,
     .limit = TAIL_LIMIT},
};

/* What the line said; texts point into it. */
struct line {
    const struct verb *verb;
    const char *config, *path;
    struct ledger_options options;
    bool filtered, help;
};

static bool parse_limit(const char *text, uint32_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || text[0] == '-' || value > UINT32_MAX) {
        fprintf(stderr, "ddlguard ledger: --limit must be a number, not %s\n", text);
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static bool parse_time(const char *text, int64_t *out)
{
    if (moment_parse(text, (int64_t)time(NULL) * 1000000, out)) {
        return true;
    }
    fprintf(stderr,
            "ddlguard ledger: a time must be like 2026-11-22, 2026-11-22T10:34:05Z or 2h, not %s\n",
            text);
    return false;
}

static bool parse_state(const char *text, const char **out)
{
    *out = text;
    if (event_state_exists(text)) {
        return true;
    }
    fprintf(stderr, "ddlguard ledger: there is no state %s; see ddlguard ledger --help\n", text);
    return false;
}

static bool take_filter(struct ledger_filter *filter, int key, const char *value)
{
    switch (key) {
    case OPTION_LIMIT:
        return parse_limit(value, &filter->limit);
    case OPTION_SINCE:
        return parse_time(value, &filter->since_us);
    case OPTION_UNTIL:
        return parse_time(value, &filter->until_us);
    case OPTION_STATE:
        return parse_state(value, &filter->state);
    case OPTION_DATABASE:
        filter->database = value;
        return true;
    case OPTION_USER:
        filter->user = value;
        return true;
    case OPTION_APPLICATION:
        filter->application = value;
        return true;
    case OPTION_TABLE:
        filter->table = value;
        return true;
    case OPTION_TEXT:
        filter->text = value;
        return true;
    default: /* not an enum: what getopt could not make sense of, and has complained about */
        return false;
    }
}

static bool take_option(struct line *line, int key, const char *value)
{
    switch (key) {
    case OPTION_CONFIG:
        line->config = value;
        return true;
    case OPTION_PATH:
        line->path = value;
        return true;
    case OPTION_JSON:
        line->options.json = true;
        return true;
    case OPTION_FOLLOW:
        line->options.follow = true;
        return true;
    case OPTION_HELP:
        line->help = true;
        return true;
    default:
        line->filtered = true;
        return take_filter(&line->options.filter, key, value);
    }
}

/* False: *why not* has been said. */
static bool check_line(const struct line *line)
{
    const struct verb *verb = line->verb;
    const char *wrong = NULL;
    if (line->config != NULL && line->path != NULL) {
        wrong = "takes --config or --path, not both";
    } else if (verb->takes_id && line->options.filter.id == NULL) {
        wrong = "needs the id of a change";
    } else if (line->filtered && !verb->takes_filter) {
        wrong = "takes no filter";
    } else if (line->options.follow && !verb->takes_follow) {
        wrong = "does not take --follow";
    }
    if (wrong != NULL) {
        fprintf(stderr, "ddlguard ledger: %s %s\n", verb->name, wrong);
    }
    return wrong == NULL;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static bool read_line(struct line *line, int argc, char **argv)
{
    int key;
    optind = 0; /* glibc: begin anew, whatever was parsed before */
    line->options.filter.limit = UINT32_MAX;
    while ((key = getopt_long(argc, argv, "f", long_options, NULL)) != -1) {
        if (!take_option(line, key, optarg)) {
            return false;
        }
    }
    if (line->help) {
        return true;
    }
    if (optind == argc || (line->verb = find_verb(argv[optind])) == NULL) {
        fprintf(stderr, "ddlguard ledger: %s%s\n",
                optind == argc ? "a subcommand is missing" : "there is no subcommand ",
                optind == argc ? "" : argv[optind]);
        return false;
    }
    if (line->verb->takes_id && optind + 1 < argc) {
        line->options.filter.id = argv[++optind];
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "ddlguard ledger: %s has no use for %s\n", line->verb->name,
                argv[optind + 1]);
        return false;
    }
    if (line->options.filter.limit == UINT32_MAX) {
        line->options.filter.limit = line->verb->limit;
    }
    return check_line(line);
}

/* Where the ledger is, malloc'd. NULL: the configuration cannot be used, and stderr says why. */
static char *find_path(const struct line *line)
{
    if (line->path != NULL) {
        return strdup(line->path);
    }
    struct config *config = configuration_load(configuration_path(line->config), "ledger");
    char *path = config != NULL ? strdup(config->ledger_path) : NULL;
    config_free(config);
    return path;
}

int cli_ledger(int argc, char **argv)
{
    struct line line = {0};
    if (!read_line(&line, argc, argv)) {
        fputs(usage, stderr);
        return CLI_USAGE;
    }
    if (line.help) {
        fputs(usage, stdout);
        return CLI_OK;
    }
    char *path = find_path(&line);
    if (path == NULL) {
        return CLI_USAGE;
    }
    char *why = NULL;
    struct ledger_reader *reader = ledger_reader_open(path, &why);
    free(path);
    if (reader == NULL) {
        return ledger_complain(why);
    }
    int code = line.verb->run(reader, &line.options);
    ledger_reader_close(reader);
    return code;
}
