/* One list in the order of coming. There are as many entries as there are schema changes under way
 * in the whole process: a walk through all of them is shorter than any other part of a change. */
#include "proxy/net/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "proxy/net/letter.h"

struct queue {
    pthread_mutex_t lock;
    struct turn *first;
};

struct queue *queue_new(void)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue != NULL) {
        pthread_mutex_init(&queue->lock, NULL);
    }
    return queue;
}

void queue_free(struct queue *queue)
{
    if (queue != NULL) {
        assert(queue->first == NULL);
        pthread_mutex_destroy(&queue->lock);
        free(queue);
    }
}

static bool is_same(const struct turn *a, const struct turn *b)
{
    return span_equal(buffer_span(&a->key), buffer_span(&b->key));
}

bool queue_join(struct queue *queue, struct turn *turn, struct link *link, struct span key,
                struct span what, struct buffer *first)
{
    assert(turn->link == NULL);
    buffer_append_span(&turn->key, key);
    buffer_append_span(&turn->what, what);
    if (turn->key.failed || turn->what.failed) {
        buffer_free(&turn->key);
        buffer_free(&turn->what);
        return false;
    }
    turn->link = link;
    pthread_mutex_lock(&queue->lock);
    bool found = false;
    struct turn **at = &queue->first;
    for (; *at != NULL; at = &(*at)->next) {
        if (!found && is_same(*at, turn)) {
            found = true;
            buffer_append_span(first, buffer_span(&(*at)->what));
        }
    }
    *at = turn;
    pthread_mutex_unlock(&queue->lock);
    return true;
}

bool queue_is_first(struct queue *queue, const struct turn *turn)
{
    if (turn->link == NULL) {
        return false;
    }
    pthread_mutex_lock(&queue->lock);
    const struct turn *at = queue->first;
    while (!is_same(at, turn)) {
        at = at->next;
    }
    pthread_mutex_unlock(&queue->lock);
    return at == turn;
}

/* The link is in the queue, so it is alive, and the letter pins it before the lock is given up. */
static void call_next(const struct turn *gone, const struct turn *at)
{
    for (; at != NULL; at = at->next) {
        if (is_same(at, gone)) {
            struct letter *letter = letter_new(at->link);
            if (letter != NULL) { /* without memory it gives up after timeouts.total */
                letter_post(letter, SESSION_TURN, span_text("waited"));
            }
            return;
        }
    }
}

void queue_leave(struct queue *queue, struct turn *turn)
{
    if (turn->link == NULL) {
        return;
    }
    pthread_mutex_lock(&queue->lock);
    bool was_first = true;
    struct turn **at = &queue->first;
    for (; *at != turn; at = &(*at)->next) {
        was_first = was_first && !is_same(*at, turn);
    }
    *at = turn->next;
    if (was_first) {
        call_next(turn, turn->next);
    }
    pthread_mutex_unlock(&queue->lock);
    buffer_free(&turn->key);
    buffer_free(&turn->what);
    *turn = (struct turn){0};
}
