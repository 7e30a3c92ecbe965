/* A list under a lock, and a descriptor that says when it is no longer empty. Mail is delivered
 * outside the lock: it may post again. */
#include "proxy/net/mailbox.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Everything that has been posted, oldest first; the box is empty afterwards. */
static void deliver_all(struct mailbox *box, bool lost)
{
    pthread_mutex_lock(&box->lock);
    struct mail *mail = box->first;
    box->first = box->last = NULL;
    pthread_mutex_unlock(&box->lock);
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->deliver(mail, lost);
        mail = next;
    }
}

static void on_wake(evutil_socket_t fd, short what, void *who)
{
    (void)what;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* nothing to read is as good: the mailbox decides */
    deliver_all(who, false);
}

bool mailbox_init(struct mailbox *box, struct event_base *base)
{
    *box = (struct mailbox){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    pthread_mutex_init(&box->lock, NULL);
    return box->fd >= 0 &&
           event_assign(&box->event, base, box->fd, EV_READ | EV_PERSIST, on_wake, box) == 0 &&
           event_add(&box->event, NULL) == 0;
}

void mailbox_free(struct mailbox *box)
{
    deliver_all(box, true);
    if (event_initialized(&box->event)) {
        event_del(&box->event);
    }
    if (box->fd >= 0) {
        close(box->fd);
    }
    pthread_mutex_destroy(&box->lock);
}

void mailbox_wake(struct mailbox *box)
{
    const uint64_t one = 1;
    ssize_t written = write(box->fd, &one, sizeof one);
    (void)written; /* it fails only when the counter is full, and then the loop wakes anyway */
}

void mailbox_post(struct mailbox *box, struct mail *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&box->lock);
    bool was_empty = box->first == NULL;
    if (was_empty) {
        box->first = mail;
    } else {
        box->last->next = mail;
    }
    box->last = mail;
    pthread_mutex_unlock(&box->lock);
    if (was_empty) {
        mailbox_wake(box);
    }
}
