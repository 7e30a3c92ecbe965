/* Letters, and the life of the pins they hold. */
#include "proxy/net/letter.h"

#include <assert.h>
#include <stdlib.h>

#include "proxy/net/link_state.h"
#include "proxy/net/turn.h"

void letter_free(struct letter *letter)
{
    buffer_free(&letter->text);
    free(letter);
}

/* Too early, or of something that has been given up meanwhile. */
static bool is_out_of_time(const struct letter *letter)
{
    const struct link *link = letter->link;
    if (letter->lock != 0) {
        return letter->lock != link->lock;
    }
    return (letter->event == SESSION_LEDGER_DURABLE && link->ledger_waits > 0) ||
           (letter->event == SESSION_TURN &&
            !queue_is_first(link->worker->proxy->queue, &link->turn));
}

static void tell(const struct letter *letter)
{
    if (letter->event == SESSION_TURN && letter->lock == 0) {
        turn_come(letter->link, true);
    } else {
        link_tell(letter->link, letter->event, buffer_span(&letter->text));
    }
}

static void deliver_event(struct letter *letter)
{
    struct link *link = letter->link;
    bool of_ledger =
        letter->event == SESSION_LEDGER_DURABLE || letter->event == SESSION_LEDGER_FAILED;
    if (of_ledger) {
        link->ledger_waits--;
    }
    if (link->state == LINK_OPEN && !is_out_of_time(letter)) {
        tell(letter);
        link_settle(link);
    }
    link_unpin(link);
    letter_free(letter);
}

/* The session decides whether the server must hear of it (REQUEST_CANCEL_SERVER takes the letter
 * over); if not, the cancel client is answered at once. */
static void deliver_cancel(struct letter *letter)
{
    struct link *link = letter->link;
    if (link->state == LINK_OPEN) {
        link->canceller = letter;
        link_tell(link, SESSION_CANCEL, span_of(NULL, 0));
        letter = link->canceller;
        link->canceller = NULL;
        link_settle(link);
    }
    if (letter != NULL) {
        letter_turn(letter);
        worker_post(letter_worker(letter), &letter->mail);
    }
}

static void deliver_cancelled(struct letter *letter)
{
    struct link *link = letter->link;
    if (link->state == LINK_OPEN) {
        link_close(link, "cancel request done");
        link_settle(link);
    }
    link_unpin(link);
    letter_free(letter);
}

static void deliver(struct mail *mail, bool lost)
{
    struct letter *letter = (struct letter *)mail;
    if (lost) {
        letter_free(letter);
        return;
    }
    switch (letter->kind) {
    case LETTER_EVENT:
        deliver_event(letter);
        break;
    case LETTER_CANCEL:
        deliver_cancel(letter);
        break;
    case LETTER_CANCELLED:
        deliver_cancelled(letter);
        break;
    }
}

struct letter *letter_new(struct link *link)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (letter != NULL) {
        *letter = (struct letter){.mail.deliver = deliver, .link = link, .kind = LETTER_EVENT};
        atomic_fetch_add(&link->pins, 1);
    }
    return letter;
}

void letter_post(struct letter *letter, enum session_event event, struct span text)
{
    letter->event = event;
    buffer_append_span(&letter->text, text); /* without memory the event comes without its text */
    worker_post(letter->link->worker, &letter->mail);
}

bool letter_cancel(struct link *target, struct link *from)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (letter == NULL) {
        return false;
    }
    atomic_fetch_add(&from->pins, 1);
    *letter = (struct letter){
        .mail.deliver = deliver, .link = target, .from = from, .kind = LETTER_CANCEL};
    worker_post(target->worker, &letter->mail);
    return true;
}

void letter_turn(struct letter *letter)
{
    assert(letter->kind == LETTER_CANCEL);
    link_unpin(letter->link);
    letter->link = letter->from;
    letter->from = NULL;
    letter->kind = LETTER_CANCELLED;
}

struct worker *letter_worker(const struct letter *letter)
{
    return letter->link->worker;
}
