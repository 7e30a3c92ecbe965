/* The door of a thread with an event loop: all other threads speak to it through its mailbox.
 *
 *      any thread --mailbox_post--> | mailbox | --eventfd--> loop --> mail->deliver, in order */
#ifndef PROXY_NET_MAILBOX_H
#define PROXY_NET_MAILBOX_H

#include <event2/event_struct.h>
#include <pthread.h>

#include "protocol/span.h"

/* Lies at the start of a larger struct that says what has happened. */
struct mail {
    struct mail *next;
    /* Takes the mail over and frees it. `lost`: the thread has ended; only free what it holds. */
    void (*deliver)(struct mail *mail, bool lost);
};

struct mailbox {
    struct event event;
    int fd;               /* an eventfd; -1: none */
    pthread_mutex_t lock; /* of the two below */
    struct mail *first, *last;
};

/* False: no descriptor; mailbox_free is still due. The base outlives the mailbox. */
MUST_USE bool mailbox_init(struct mailbox *box, struct event_base *base);
/* Mail that nobody has read is delivered as lost. */
void mailbox_free(struct mailbox *box);
/* Thread safe; never fails and never blocks. The mail is the box's. */
void mailbox_post(struct mailbox *box, struct mail *mail);
/* Lets the loop turn once; thread safe. */
void mailbox_wake(struct mailbox *box);

#endif
