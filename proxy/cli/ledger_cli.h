/* What the subcommands of `ddlguard ledger` share: the options they were given, and how a change is
 * shown to a person. */
#ifndef PROXY_CLI_LEDGER_CLI_H
#define PROXY_CLI_LEDGER_CLI_H

#include <jansson.h>
#include <stdio.h>

#include "proxy/ledger/reader.h"

struct ledger_options {
    struct ledger_filter filter;
    bool json, follow;
};

/* Each returns the exit code of the program (cli.h). `reader` is open and stays the caller's. */
int ledger_list(struct ledger_reader *reader, const struct ledger_options *options);
int ledger_show(struct ledger_reader *reader, const struct ledger_options *options);
int ledger_tail(struct ledger_reader *reader, const struct ledger_options *options);

/* Says on stderr why the journal cannot be read, frees `why`, and gives the exit code for it. */
int ledger_complain(char *why);

/* Texts that were read, so that they can be printed in the other order. Zeroed: empty. */
struct ledger_texts {
    char **at;
    size_t count;
    int64_t last_seq; /* the greatest that came with them */
};

/* A ledger_row: keeps a copy; `who` is a struct ledger_texts. */
bool ledger_texts_add(void *who, const char *json, int64_t seq);
void ledger_texts_free(struct ledger_texts *texts);

/* The columns of the table for people. Widths only grow, so that rows that come later stay aligned
 * with those before. */
enum ledger_column {
    COLUMN_TIME,
    COLUMN_STATE,
    COLUMN_TAG,
    COLUMN_OBJECT,
    COLUMN_WHO,
    COLUMN_APPLICATION,
    COLUMN_ATTEMPTS,
    COLUMN_ID,
    COLUMN_SQL,
    COLUMN_COUNT
};

struct ledger_table {
    FILE *out;
    bool colours, begun;
    size_t widths[COLUMN_COUNT]; /* characters */
};

/* Colours only when `out` is a terminal and NO_COLOR (no-color.org) is not set. */
struct ledger_table ledger_table_on(FILE *out);
/* Prints changes in the order of `texts` (newest first, as the reader gives them) or in the other;
 * before the first of all, the heads. */
void ledger_table_print(struct ledger_table *table, const struct ledger_texts *texts,
                        bool oldest_first);

/* The escape sequence for a state, "" without colours. */
const char *ledger_state_colour(bool colours, const char *state);
#define LEDGER_PLAIN "\033[0m"

/* Appends text from elsewhere so that it cannot steer the terminal: control characters become '?'.
 * `lines`: tabs and newlines stay; else each run of white space becomes one space. */
void ledger_append_safe(struct buffer *out, const char *text, bool lines);
/* The text of a member, NULL when it is null. */
const char *ledger_member(const json_t *object, const char *name);
/* "schema.name" of the change's first object, and how many more there are. */
void ledger_append_object(struct buffer *out, const json_t *change);

#endif
