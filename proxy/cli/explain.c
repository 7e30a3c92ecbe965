/* ddlguard explain: verdict, rules and plan of a text, as the proxy would make them. Nothing of the
 * text is done; with --server the catalog is asked what the proxy would ask it, and an ALTER TABLE
 * is tried on an empty temporary copy. */
#include "proxy/cli/explain.h"

#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/configuration.h"

/* More than anybody wants explained at once. */
#define EXPLAIN_STATEMENTS_MAX 256

struct explain {
    const char *config_path; /* of --config; NULL without it */
    const char *conninfo;    /* NULL: nobody is asked */
    const char *sql;
    bool json, in_transaction;
    struct config *config;
    int code;
};

static int explain_complain_usage(void)
{
    fputs("usage: ddlguard explain [--config FILE] [--server CONNINFO] [--in-transaction] [--json] "
          "SQL\n"
          "Says what the proxy would do with SQL; does nothing of it. With --server it looks the\n"
          "statement's table up there, as the proxy would, and tries an ALTER TABLE on an empty\n"
          "temporary copy; without, tables are unknown.\n",
          stderr);
    return CLI_USAGE;
}

static void explain_complain(const char *what, const char *why)
{
    fprintf(stderr, "ddlguard explain: %s%s", what, why == NULL ? "out of memory\n" : why);
}

/* Cuts and parses. False: too many, or no memory. */
static bool explain_read(const struct config *config, struct explanation *out)
{
    struct scanner scanner;
    struct scan_statement cut;
    size_t at = 0;
    out->statements = calloc(EXPLAIN_STATEMENTS_MAX, sizeof *out->statements);
    out->decisions = calloc(EXPLAIN_STATEMENTS_MAX, sizeof *out->decisions);
    if (out->statements == NULL || out->decisions == NULL) {
        return false;
    }
    scan_start(&scanner, (struct scan_options){.standard_conforming_strings = true,
                                               .encoding = SCAN_ENCODING_UTF8});
    while (scan_next(&scanner, out->sql, &at, true, &cut) == SCAN_STATEMENT) {
        if (out->count == EXPLAIN_STATEMENTS_MAX) {
            return false;
        }
        struct statement *statement = &out->statements[out->count++];
        if (cut.class == SCAN_OTHER) {
            *statement = (struct statement){.kind = STATEMENT_OTHER,
                                            .tag = "",
                                            .from = cut.from,
                                            .start = cut.start,
                                            .length = cut.length};
        } else {
            sql_parse(out->sql, &cut, config->parse_limit_bytes, statement);
        }
    }
    out->asked_about = 0;
    while (out->asked_about < out->count &&
           !statement_is_guarded(out->statements[out->asked_about].kind)) {
        out->asked_about++;
    }
    return true;
}

/* Not only where the proxy would ask: whoever wants it explained wants to know. Where the client
 * will be in a transaction, the proxy asks there, and in some places may not. */
static void explain_ask_copy(struct explain_server *server, const struct statement *statement,
                             struct span text, struct explanation *out)
{
    const struct situation now = {.alone = true};
    struct shadow shadow = {0};
    if (shadow_build(statement, text, &now, &out->facts, &shadow)) {
        explain_server_shadow(server, &shadow, &out->facts);
    }
    shadow_free(&shadow);
}

/* Fills facts from the server; false, and said, when it cannot be asked. */
static bool explain_ask(struct explain_server *server, struct explanation *out)
{
    char *why = NULL;
    const struct statement *statement = &out->statements[out->asked_about];
    struct span text = span_cut(out->sql, statement->start, statement->length);
    /* The probe runs in a transaction of its own, so nothing there can be new in this one. */
    struct situation now = out->now;
    now.in_transaction = false;
    bool good = probe_build(statement, text, &now, &out->probe) &&
                explain_server_probe(server, &out->probe, &out->facts, &why);
    if (!good) {
        explain_complain("", why);
    } else {
        explain_ask_copy(server, statement, text, out);
    }
    free(why);
    return good;
}

static bool explain_decide(const struct explain *explain, const struct identity *who,
                           struct explanation *out)
{
    static const struct statement none = {.kind = STATEMENT_OTHER};
    const struct config *config = explain->config;
    bool any = out->asked_about < out->count;
    out->overrides = config->overrides;
    out->settings = settings_resolve(&config->settings, config->overrides, config->override_count,
                                     who, any ? &out->statements[out->asked_about] : &none);
    for (size_t i = 0; i < out->count; i++) {
        struct facts unknown = {0};
        const struct facts *facts = i == out->asked_about ? &out->facts : &unknown;
        out->decisions[i] =
            decide_in_text(out->sql, &out->statements[i], &out->now, facts, &out->settings);
    }
    struct plan_request request = {.statements = out->statements,
                                   .count = out->count,
                                   .text = out->sql,
                                   .decisions = out->decisions,
                                   .now = &out->now,
                                   .facts = &out->facts,
                                   .settings = &out->settings,
                                   .parse_limit = config->parse_limit_bytes};
    return plan_build(&request, &out->plan);
}

static int explain_answer(const struct explain *explain, struct explain_server *server,
                          struct explanation *out)
{
    struct identity who = {"", "", "", "", 0};
    if (!explain_read(explain->config, out)) {
        explain_complain("the text cannot be read: ", "too many statements, or out of memory\n");
        return CLI_USAGE;
    }
    out->now =
        (struct situation){.in_transaction = explain->in_transaction, .alone = out->count == 1};
    if (server != NULL) {
        who = explain_server_identity(server);
        if (out->asked_about < out->count && !explain_ask(server, out)) {
            return CLI_USAGE;
        }
    }
    who.wall_us = (uint64_t)time(NULL) * 1000000;
    if (!explain_decide(explain, &who, out)) {
        explain_complain("", NULL);
        return CLI_USAGE;
    }
    if (!explain->json) {
        explanation_print_text(out);
        return CLI_OK;
    }
    return explanation_print_json(out) ? CLI_OK : CLI_USAGE;
}

/* The body of the thread that has stack enough for the grammar. */
static void *explain_run(void *argument)
{
    struct explain *explain = argument;
    struct explanation explanation = {.sql = span_text(explain->sql)};
    struct explain_server *server = NULL;
    char *why = NULL;
    if (explain->conninfo != NULL) {
        server = explain_server_open(explain->conninfo, &why);
    }
    if (explain->conninfo != NULL && server == NULL) {
        explain_complain("", why);
        explain->code = CLI_USAGE;
    } else {
        explain->code = explain_answer(explain, server, &explanation);
    }
    explain_server_close(server);
    plan_free(&explanation.plan);
    probe_free(&explanation.probe);
    free(explanation.statements);
    free(explanation.decisions);
    free(why);
    return NULL;
}

static int explain_in_thread(struct explain *explain)
{
    pthread_t thread;
    pthread_attr_t attributes;
    explain->code = CLI_USAGE;
    if (pthread_attr_init(&attributes) != 0) {
        return CLI_USAGE;
    }
    size_t stack = SQL_STACK_BYTES(explain->config->parse_limit_bytes);
    bool started = pthread_attr_setstacksize(&attributes, stack) == 0 &&
                   pthread_create(&thread, &attributes, explain_run, explain) == 0;
    pthread_attr_destroy(&attributes);
    if (!started) {
        explain_complain("no thread could be started\n", "");
        return CLI_USAGE;
    }
    pthread_join(thread, NULL);
    return explain->code;
}

static bool explain_options(int argc, char **argv, struct explain *out)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"server", required_argument, NULL, 's'},
                                            {"in-transaction", no_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c') {
            out->config_path = optarg;
        } else if (option == 's') {
            out->conninfo = optarg;
        } else if (option == 't') {
            out->in_transaction = true;
        } else if (option == 'j') {
            out->json = true;
        } else {
            return false;
        }
    }
    out->sql = optind == argc - 1 ? argv[optind] : NULL;
    return out->sql != NULL;
}

int cli_explain(int argc, char **argv)
{
    struct explain explain = {0};
    if (!explain_options(argc, argv, &explain)) {
        return explain_complain_usage();
    }
    explain.config = configuration_load(configuration_path(explain.config_path), "explain");
    if (explain.config == NULL) {
        return CLI_USAGE;
    }
    int code = explain_in_thread(&explain);
    config_free(explain.config);
    return code;
}
