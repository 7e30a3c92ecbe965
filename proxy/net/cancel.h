/* The cancel map: which session has which cancel key. A CancelRequest comes on a connection of its
 * own, which may land on another worker than the session it is meant for; so this is one of the few
 * things that all workers share. It has one lock and holds no memory of its own but the buckets. */
#ifndef PROXY_NET_CANCEL_H
#define PROXY_NET_CANCEL_H

#include <stdatomic.h>

#include "protocol/span.h"

struct cancel_map;

/* Part of a link. All fields but `next` are set before cancel_map_add and stay as they are until
 * cancel_map_remove. */
struct cancel_entry {
    struct cancel_entry *next;
    struct span key; /* borrowed */
    uint32_t pid;
    atomic_uint *pins; /* raised by cancel_map_find, so that the link outlives what is sent to it */
    struct link *link;
};

struct cancel_map *cancel_map_new(void);
void cancel_map_free(struct cancel_map *map); /* NULL is fine */

void cancel_map_add(struct cancel_map *map, struct cancel_entry *entry);
void cancel_map_remove(struct cancel_map *map, struct cancel_entry *entry);
/* The link with this key, with one pin more; NULL: there is none. Keys are compared in constant
 * time: whoever guesses keys learns nothing from how long it takes. */
struct link *cancel_map_find(struct cancel_map *map, uint32_t pid, struct span key);

#endif
