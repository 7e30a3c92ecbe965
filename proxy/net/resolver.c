/* One thread, one queue, getaddrinfo. */
#include "proxy/net/resolver.h"

#include <netdb.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/ledger/why.h"

struct resolver {
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t asked;
    struct resolve *first, *last;
    bool stopping;
};

void resolve_free(struct resolve *resolve)
{
    free(resolve->host);
    free(resolve);
}

static void answer(struct resolve *resolve, int error, const struct addrinfo *found)
{
    resolve->error = error;
    for (; found != NULL && resolve->count < RESOLVE_MOST; found = found->ai_next) {
        struct address *address = &resolve->addresses[resolve->count++];
        address->length = found->ai_addrlen;
        memcpy(&address->at, found->ai_addr, found->ai_addrlen);
        address_set_port(address, resolve->port);
    }
    worker_post(resolve->worker, &resolve->mail);
}

/* Takes every queued request for `host` out and answers it. Called with the lock held. */
static void answer_all(struct resolver *resolver, const char *host, int error,
                       const struct addrinfo *found)
{
    struct resolve *waiting = resolver->first;
    resolver->first = resolver->last = NULL;
    while (waiting != NULL) {
        struct resolve *next = waiting->next;
        waiting->next = NULL;
        if (host == NULL || strcmp(waiting->host, host) == 0) {
            answer(waiting, error, found);
        } else if (resolver->last == NULL) {
            resolver->first = resolver->last = waiting;
        } else {
            resolver->last->next = waiting;
            resolver->last = waiting;
        }
        waiting = next;
    }
}

static void *run(void *who)
{
    struct resolver *resolver = who;
    pthread_mutex_lock(&resolver->lock);
    while (!resolver->stopping) {
        if (resolver->first == NULL) {
            pthread_cond_wait(&resolver->asked, &resolver->lock);
            continue;
        }
        /* The request stays queued, so that resolver_free finds it; the host is ours meanwhile. */
        char *host = strdup(resolver->first->host);
        pthread_mutex_unlock(&resolver->lock);
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
        struct addrinfo *found = NULL;
        int error = host == NULL ? EAI_MEMORY : getaddrinfo(host, NULL, &hints, &found);
        pthread_mutex_lock(&resolver->lock);
        answer_all(resolver, host, error, found);
        if (found != NULL) {
            freeaddrinfo(found);
        }
        free(host);
    }
    pthread_mutex_unlock(&resolver->lock);
    return NULL;
}

struct resolver *resolver_new(char **why)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL) {
        why_set(why, "no memory for the resolver");
        return NULL;
    }
    pthread_mutex_init(&resolver->lock, NULL);
    pthread_cond_init(&resolver->asked, NULL);
    int error = pthread_create(&resolver->thread, NULL, run, resolver);
    if (error != 0) {
        why_set(why, "the resolver's thread cannot be started: %s", strerror(error));
        free(resolver);
        return NULL;
    }
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL) {
        return;
    }
    pthread_mutex_lock(&resolver->lock);
    resolver->stopping = true;
    answer_all(resolver, NULL, EAI_AGAIN, NULL);
    pthread_cond_signal(&resolver->asked);
    pthread_mutex_unlock(&resolver->lock);
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 1;
    if (pthread_timedjoin_np(resolver->thread, NULL, &limit) != 0) {
        return; /* a name server does not answer: what the thread holds ends with the program */
    }
    pthread_cond_destroy(&resolver->asked);
    pthread_mutex_destroy(&resolver->lock);
    free(resolver);
}

struct resolve *resolver_ask(struct resolver *resolver, struct worker *worker, const char *host,
                             uint16_t port, void (*deliver)(struct mail *, bool), void *who)
{
    struct resolve *resolve = calloc(1, sizeof *resolve);
    if (resolve == NULL) {
        return NULL;
    }
    *resolve = (struct resolve){
        .mail.deliver = deliver, .worker = worker, .who = who, .host = strdup(host), .port = port};
    if (resolve->host == NULL) {
        free(resolve);
        return NULL;
    }
    pthread_mutex_lock(&resolver->lock);
    if (resolver->last == NULL) {
        resolver->first = resolve;
    } else {
        resolver->last->next = resolve;
    }
    resolver->last = resolve;
    pthread_cond_signal(&resolver->asked);
    pthread_mutex_unlock(&resolver->lock);
    return resolve;
}
