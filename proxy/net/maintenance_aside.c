/* Orders for the thread that builds. A letter is made on the worker, where the link is alive, and
 * comes back with the answer. */
#include "proxy/net/maintenance_aside.h"

#include <stdlib.h>

#include "proxy/net/letter.h"
#include "proxy/net/maintenance_state.h"

static void order_free(struct aside_order *order)
{
    buffer_free(&order->database);
    buffer_free(&order->settings);
    buffer_free(&order->obstacle);
    buffer_free(&order->gate);
    buffer_free(&order->build);
    free(order);
}

static void deliver(struct mail *mail, bool lost)
{
    struct aside_order *order = (struct aside_order *)mail;
    if (lost) {
        if (order->letter != NULL) {
            letter_post(order->letter, SESSION_ASIDE_FAILED, span_text("57P01 shutting down"));
        }
    } else {
        switch (order->kind) {
        case ASIDE_PREPARE:
            build_start(order->line, order);
            break;
        case ASIDE_GO:
            build_go(order->line, order);
            break;
        case ASIDE_CANCEL:
            build_cancel(order->line, order->link_id);
            break;
        }
    }
    order_free(order);
}

static struct buffer copy(struct span text)
{
    struct buffer made = {0};
    buffer_append_span(&made, text);
    buffer_append_u8(&made, '\0');
    return made;
}

static struct aside_order *order_new(struct maintenance_line *line, enum aside_kind kind,
                                     struct link *link, uint64_t link_id)
{
    struct aside_order *order = calloc(1, sizeof *order);
    if (order == NULL) {
        return NULL;
    }
    *order = (struct aside_order){
        .mail.deliver = deliver, .line = line, .kind = kind, .link_id = link_id};
    if (link != NULL && (order->letter = letter_new(link)) == NULL) {
        free(order);
        return NULL;
    }
    return order;
}

bool aside_prepare(struct maintenance_line *line, struct link *link,
                   const struct aside_target *target, const struct session_aside *aside)
{
    struct aside_order *order = order_new(line, ASIDE_PREPARE, link, target->link_id);
    if (order == NULL) {
        return false;
    }
    order->upstream = target->upstream;
    order->database = copy(target->database);
    order->client_pid = target->client_pid;
    order->settings = copy(aside->settings);
    order->obstacle = copy(aside->obstacle);
    order->gate = copy(aside->gate);
    order->build = copy(aside->build);
    order->total_ms = aside->total_ms;
    mailbox_post(&line->mailbox, &order->mail);
    return true;
}

bool aside_go_ahead(struct maintenance_line *line, struct link *link, uint64_t link_id)
{
    struct aside_order *order = order_new(line, ASIDE_GO, link, link_id);
    if (order != NULL) {
        mailbox_post(&line->mailbox, &order->mail);
    }
    return order != NULL;
}

void aside_give_up(struct maintenance_line *line, uint64_t link_id)
{
    struct aside_order *order = order_new(line, ASIDE_CANCEL, NULL, link_id);
    if (order != NULL) {
        mailbox_post(&line->mailbox, &order->mail);
    }
}
