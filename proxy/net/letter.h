/* How other threads speak to a link: a letter holds a pin on it, so that the link's memory stays
 * until the letter has been delivered, even if the link has died meanwhile.
 *
 *      ledger writer   letter_new on the worker ... letter_post(DURABLE or FAILED)
 *      maintenance     letter_new, letter_post(BLOCKERS)
 *      cancel client   letter_cancel --> the session's worker --> server --> back: close */
#ifndef PROXY_NET_LETTER_H
#define PROXY_NET_LETTER_H

#include "proxy/net/worker.h"

enum letter_kind {
    LETTER_EVENT,     /* `event` for the session */
    LETTER_CANCEL,    /* a CancelRequest for this link came in on the link `from` */
    LETTER_CANCELLED, /* the CancelRequest that this link brought has been dealt with */
};

struct letter {
    struct mail mail;
    struct link *link; /* to whom; pinned */
    struct link *from; /* LETTER_CANCEL: pinned too */
    enum letter_kind kind;
    enum session_event event;
    uint64_t lock; /* the lock of the link that it is about (maintenance_lock.h); 0: none */
    struct buffer text;
};

/* A letter to `link`, which must be alive or pinned now. NULL: no memory. */
struct letter *letter_new(struct link *link);
/* Thread safe; the letter is gone. `text` is copied. */
void letter_post(struct letter *letter, enum session_event event, struct span text);
/* Instead: when the workers' threads have ended. The pin is not given back. */
void letter_free(struct letter *letter);

/* `target` is pinned already (cancel_map_find) and the letter takes that pin over. False: no
 * memory, and the cancel is lost. */
MUST_USE bool letter_cancel(struct link *target, struct link *from);
/* Turns a LETTER_CANCEL round: it goes to the link that it came from. On the target's worker. */
void letter_turn(struct letter *letter);
struct worker *letter_worker(const struct letter *letter);

#endif
