/* ddlguard ledger list, tail: changes as a table or as one JSON object per line. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/ledger_cli.h"

/* Short enough to feel like at once, long enough to cost nothing. */
#define TAIL_POLL_NS 300000000

static void print_json(const struct ledger_texts *texts, bool oldest_first)
{
    for (size_t i = 0; i < texts->count; i++) {
        puts(texts->at[oldest_first ? texts->count - 1 - i : i]);
    }
}

static bool read_changes(struct ledger_reader *reader, const struct ledger_filter *filter,
                         struct ledger_texts *texts, char **why)
{
    return ledger_reader_changes(reader, filter, ledger_texts_add, texts, why);
}

/* What could not be written is an error, or a full disk would look like an empty ledger. */
static int flush_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return CLI_OK;
    }
    perror("ddlguard ledger: cannot write");
    return CLI_USAGE;
}

int ledger_list(struct ledger_reader *reader, const struct ledger_options *options)
{
    struct ledger_texts texts = {0};
    char *why = NULL;
    if (!read_changes(reader, &options->filter, &texts, &why)) {
        ledger_texts_free(&texts);
        return ledger_complain(why);
    }
    struct ledger_table table = ledger_table_on(stdout);
    if (options->json) {
        print_json(&texts, false);
    } else {
        ledger_table_print(&table, &texts, false);
    }
    ledger_texts_free(&texts);
    return flush_output();
}

/* Waits, unless the signal that ends a tail is there or comes meanwhile. */
static bool is_interrupted(const sigset_t *ends)
{
    const struct timespec pause = {.tv_nsec = TAIL_POLL_NS};
    return sigtimedwait(ends, NULL, &pause) > 0;
}

/* The changes that something has happened to since *last_seq, which moves on. */
static int print_news(struct ledger_reader *reader, const struct ledger_options *options,
                      struct ledger_filter *filter, struct ledger_table *table)
{
    struct ledger_texts texts = {0};
    char *why = NULL;
    if (!read_changes(reader, filter, &texts, &why)) {
        ledger_texts_free(&texts);
        return ledger_complain(why);
    }
    if (options->json) {
        print_json(&texts, true);
    } else if (texts.count > 0 || !table->begun) {
        ledger_table_print(table, &texts, true);
    }
    if (texts.last_seq > filter->after_seq) {
        filter->after_seq = texts.last_seq;
    }
    ledger_texts_free(&texts);
    return flush_output();
}

int ledger_tail(struct ledger_reader *reader, const struct ledger_options *options)
{
    struct ledger_table table = ledger_table_on(stdout);
    struct ledger_filter filter = options->filter;
    filter.by_last_event = true;
    sigset_t ends;
    sigset_t before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    /* Blocked, they wait to be asked for: a row is never cut in the middle. */
    sigprocmask(SIG_BLOCK, &ends, &before);
    int code = print_news(reader, options, &filter, &table);
    filter.limit = 0;
    while (code == CLI_OK && options->follow && !is_interrupted(&ends)) {
        code = print_news(reader, options, &filter, &table);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return code;
}
