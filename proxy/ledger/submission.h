/* What a session handed over in one go: its lines, copied, then the events that they are. */
#ifndef PROXY_LEDGER_SUBMISSION_H
#define PROXY_LEDGER_SUBMISSION_H

#include "proxy/ledger/event.h"
#include "proxy/ledger/ledger.h"

struct submission {
    struct submission *next;
    ledger_done *done; /* NULL: nobody waits, or it has been called */
    void *who;
    bool refused;         /* there was no room for it: lines is empty */
    bool tried;           /* was part of a transaction that failed: may be on disk all the same */
    struct event *events; /* owned; after submission_parse */
    size_t event_count;
    size_t length;
    char lines[];
};

/* A list with its bytes, so that its memory can be bounded. A zeroed one is empty. */
struct submission_list {
    struct submission *first, *last;
    size_t bytes;
};

/* Copies the lines. NULL: no memory. */
struct submission *submission_new(struct span lines, ledger_done *done, void *who);
void submission_free(struct submission *submission);
/* Fills events. False: a line is no event, *why (malloc'd) says which and why. */
MUST_USE bool submission_parse(struct submission *submission, char **why);
/* Calls done, if there is one that has not been called. */
void submission_report(struct submission *submission, bool ok, const char *why);

void submission_list_push(struct submission_list *list, struct submission *submission);
/* NULL: empty. The result is the caller's. */
struct submission *submission_list_pop(struct submission_list *list);
void submission_list_free(struct submission_list *list);
/* Moves the contents out: *from is empty. */
struct submission_list submission_list_take(struct submission_list *from);
/* Whether `submission` does no more than intend changes that no later one of its list speaks of. */
bool submission_came_to_nothing(const struct submission *submission);

#endif
