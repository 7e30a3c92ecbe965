/* Who has been asked to yield, and how many answers are still to come. */
#include "proxy/net/yield.h"

#include <stdlib.h>

#include "proxy/net/link_state.h"

/* One question; shared by all workers until the last answer. */
struct yield {
    atomic_uint waits;     /* for workers that have not asked yet, and links that were asked */
    struct letter *letter; /* the answer, to the link that asks */
    const struct upstream *upstream;
    struct buffer database;
};

/* One of those whom a link has yet to answer. */
struct yield_asked {
    struct yield_asked *next;
    struct yield *yield;
};

struct yield_mail {
    struct mail mail;
    struct worker *worker;
    struct yield *yield;
};

static bool concerns(const struct yield *yield, const struct link *link)
{
    return link->state == LINK_OPEN && link->registered &&
           config_is_same_server(link->upstream, yield->upstream) &&
           span_equal(link_database(link), buffer_span(&yield->database));
}

/* `lost`: the threads have ended, and the letter has nobody to go to. */
static void count_answer(struct yield *yield, bool lost)
{
    if (atomic_fetch_sub(&yield->waits, 1) > 1) {
        return;
    }
    if (lost) {
        letter_free(yield->letter);
    } else {
        letter_post(yield->letter, SESSION_YIELDED, span_of(NULL, 0));
    }
    buffer_free(&yield->database);
    free(yield);
}

/* A link that has been asked before, and has not answered yet, answers all at once. */
static void ask_link(struct link *link, struct yield *yield)
{
    struct yield_asked *asked = malloc(sizeof *asked);
    if (asked == NULL) {
        return;
    }
    bool first = link->yields == NULL;
    *asked = (struct yield_asked){link->yields, yield};
    link->yields = asked;
    atomic_fetch_add(&yield->waits, 1);
    if (first) {
        link_tell(link, SESSION_YIELD, span_of(NULL, 0));
        link_settle(link);
    }
}

static void ask_links(struct worker *worker, struct yield *yield)
{
    struct link *next;
    for (struct link *link = worker->links; link != NULL; link = next) {
        next = link->next;
        if (concerns(yield, link)) {
            ask_link(link, yield);
        }
    }
}

static void deliver(struct mail *mail, bool lost)
{
    struct yield_mail *asked = (struct yield_mail *)mail;
    if (!lost) {
        ask_links(asked->worker, asked->yield);
    }
    count_answer(asked->yield, lost);
    free(asked);
}

void yield_ask_others(struct link *from)
{
    const struct proxy *proxy = from->worker->proxy;
    struct yield *yield = calloc(1, sizeof *yield);
    if (yield == NULL) {
        return;
    }
    yield->upstream = from->upstream;
    buffer_append_span(&yield->database, link_database(from));
    yield->letter = yield->database.failed ? NULL : letter_new(from);
    if (yield->letter == NULL) {
        buffer_free(&yield->database);
        free(yield);
        return;
    }
    atomic_store(&yield->waits, 1); /* ours, until all workers have their mail */
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        struct yield_mail *mail = malloc(sizeof *mail);
        if (mail != NULL) {
            *mail = (struct yield_mail){{.deliver = deliver}, proxy->workers[i], yield};
            atomic_fetch_add(&yield->waits, 1);
            worker_post(proxy->workers[i], &mail->mail);
        }
    }
    count_answer(yield, false);
}

void yield_answer(struct link *link)
{
    while (link->yields != NULL) {
        struct yield_asked *asked = link->yields;
        link->yields = asked->next;
        count_answer(asked->yield, false);
        free(asked);
    }
}
