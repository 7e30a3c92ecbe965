/* How what was found is told: one row of functions per format. They write to stdout (the notes of
 * json to stderr, where they do not disturb its objects) and decide nothing. */
#ifndef PROXY_CLI_CHECK_REPORT_H
#define PROXY_CLI_CHECK_REPORT_H

#include <stdio.h>

#include "proxy/cli/check_judge.h"
#include "proxy/cli/check_place.h"

/* The rule that notes go by: what is psql's, and not checked. */
#define CHECK_NOTE_RULE "psql"

struct check_file {
    const char *name;         /* as it was given; "stdin" */
    struct span text;         /* its bytes, as they are */
    struct check_place place; /* of the statement or finding that is reported */
};

struct check_report {
    const struct check_format *format;
    bool colours;
    size_t files, statements, errors, warnings, notes;
    size_t results;     /* written, for sarif */
    struct buffer line; /* what is being written; for the formats */
    bool failed;        /* no memory, or nobody takes the output (sticky) */
};

struct check_format {
    const char *name;
    bool steps; /* it shows what would be run instead */
    void (*begin)(struct check_report *report);
    /* A statement with all of its findings. */
    void (*statement)(struct check_report *report, const struct check_file *file,
                      const struct check_judgement *judgement);
    /* What belongs to no statement. */
    void (*note)(struct check_report *report, const struct check_file *file,
                 const struct check_finding *note);
    void (*end)(struct check_report *report);
};

extern const struct check_format check_format_text, check_format_json, check_format_github,
    check_format_sarif;

/* Appends message and reason of a finding, as one line. */
void check_append_message(struct buffer *out, const struct check_finding *finding);
/* Writes report->line and empties it. */
void check_report_flush(struct check_report *report, FILE *out);

#endif
