/* Buckets by process id. Several servers can give the same id, so the key decides. */
#include "proxy/net/cancel.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* Ids of one server follow one another, so 4096 buckets keep 10,000 sessions at chains of two or
 * three, for 32 kB. */
#define BUCKETS 4096u

struct cancel_map {
    pthread_mutex_t lock;
    struct cancel_entry *buckets[BUCKETS];
};

struct cancel_map *cancel_map_new(void)
{
    struct cancel_map *map = calloc(1, sizeof *map);
    if (map != NULL) {
        pthread_mutex_init(&map->lock, NULL);
    }
    return map;
}

void cancel_map_free(struct cancel_map *map)
{
    if (map != NULL) {
        pthread_mutex_destroy(&map->lock);
        free(map);
    }
}

void cancel_map_add(struct cancel_map *map, struct cancel_entry *entry)
{
    pthread_mutex_lock(&map->lock);
    struct cancel_entry **bucket = &map->buckets[entry->pid % BUCKETS];
    entry->next = *bucket;
    *bucket = entry;
    pthread_mutex_unlock(&map->lock);
}

void cancel_map_remove(struct cancel_map *map, struct cancel_entry *entry)
{
    pthread_mutex_lock(&map->lock);
    struct cancel_entry **at = &map->buckets[entry->pid % BUCKETS];
    while (*at != entry) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = entry->next;
    pthread_mutex_unlock(&map->lock);
}

static bool keys_equal(struct span a, struct span b)
{
    if (a.length != b.length) {
        return false; /* the length is no secret: it follows from the protocol version */
    }
    unsigned differences = 0;
    for (size_t i = 0; i < a.length; i++) {
        differences |= (unsigned)(a.at[i] ^ b.at[i]);
    }
    return differences == 0;
}

struct link *cancel_map_find(struct cancel_map *map, uint32_t pid, struct span key)
{
    struct link *found = NULL;
    pthread_mutex_lock(&map->lock);
    for (struct cancel_entry *one = map->buckets[pid % BUCKETS]; one != NULL; one = one->next) {
        if (one->pid == pid && keys_equal(one->key, key)) {
            atomic_fetch_add(one->pins, 1);
            found = one->link;
            break;
        }
    }
    pthread_mutex_unlock(&map->lock);
    return found;
}
