/* Names of prepared statements and portals. Few per session, hence plain arrays. */
#include "proxy/session/prepared.h"

#include <stdlib.h>

struct prepared *prepared_new(struct span sql, const struct statement *statement)
{
    struct prepared *prepared = calloc(1, sizeof(*prepared));
    if (prepared == NULL) {
        return NULL;
    }
    prepared->references = 1;
    prepared->statement = *statement;
    buffer_append_span(&prepared->sql, sql);
    if (prepared->sql.failed) {
        prepared_release(prepared);
        return NULL;
    }
    return prepared;
}

void prepared_release(struct prepared *prepared)
{
    if (prepared == NULL || --prepared->references > 0) {
        return;
    }
    buffer_free(&prepared->sql);
    free(prepared);
}

static bool name_is(const char *name, struct span wanted)
{
    return span_equal(span_text(name), wanted);
}

static char *name_copy(struct span name)
{
    char *copy = malloc(name.length + 1);
    if (copy != NULL) {
        if (name.length > 0) {
            memcpy(copy, name.at, name.length);
        }
        copy[name.length] = '\0';
    }
    return copy;
}

static void remove_name(struct prepared_map *map, size_t at)
{
    free(map->names[at].name);
    prepared_release(map->names[at].prepared);
    map->names[at] = map->names[--map->name_count];
}

static void remove_portal(struct prepared_map *map, size_t at)
{
    free(map->portals[at].name);
    prepared_release(map->portals[at].prepared);
    buffer_free(&map->portals[at].bind);
    map->portals[at] = map->portals[--map->portal_count];
}

void prepared_map_free(struct prepared_map *map)
{
    while (map->name_count > 0) {
        remove_name(map, 0);
    }
    while (map->portal_count > 0) {
        remove_portal(map, 0);
    }
    free(map->names);
    free(map->portals);
    *map = (struct prepared_map){0};
}

static struct prepared_name *find_name(const struct prepared_map *map, struct span name)
{
    for (size_t i = 0; i < map->name_count; i++) {
        if (name_is(map->names[i].name, name)) {
            return &map->names[i];
        }
    }
    return NULL;
}

struct prepared *prepared_find(const struct prepared_map *map, struct span name)
{
    struct prepared_name *entry = find_name(map, name);
    return entry == NULL ? NULL : entry->prepared;
}

/* Makes room for one more element at the end of an array. Grows in powers of two. */
static bool array_grow(void **array, size_t count, size_t element_bytes)
{
    if (count > 0 && (count & (count - 1)) != 0) {
        return true;
    }
    void *grown = realloc(*array, (count == 0 ? 1 : 2 * count) * element_bytes);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    return true;
}

bool prepared_put(struct prepared_map *map, struct span name, struct prepared *prepared)
{
    struct prepared_name *entry = find_name(map, name);
    if (entry != NULL) {
        if (entry->confirmed) {
            entry->confirmed = false;
            prepared_release(prepared);
            return true;
        }
        prepared_release(entry->prepared);
        entry->prepared = prepared;
        return true;
    }
    char *copy = map->name_count < PREPARED_MAX ? name_copy(name) : NULL;
    if (copy == NULL || !array_grow((void **)&map->names, map->name_count, sizeof(*map->names))) {
        free(copy);
        prepared_release(prepared);
        return false;
    }
    map->names[map->name_count++] = (struct prepared_name){copy, prepared, false};
    return true;
}

void prepared_forget(struct prepared_map *map, struct span name)
{
    struct prepared_name *entry = find_name(map, name);
    if (entry != NULL && entry->confirmed) {
        entry->confirmed = false;
    } else if (entry != NULL) {
        remove_name(map, (size_t)(entry - map->names));
    }
}

void prepared_close(struct prepared_map *map, struct span name)
{
    struct prepared_name *entry = find_name(map, name);
    if (entry != NULL) {
        remove_name(map, (size_t)(entry - map->names));
    }
}

bool prepared_is_open(const struct prepared_map *map, struct span name)
{
    const struct prepared_name *entry = find_name(map, name);
    return entry != NULL && name.length > 0 && !entry->confirmed;
}

void prepared_confirm(struct prepared_map *map, struct span name)
{
    struct prepared_name *entry = find_name(map, name);
    if (entry != NULL) {
        entry->confirmed = true;
    }
}

void prepared_unconfirm(struct prepared_map *map, struct span name)
{
    struct prepared_name *entry = find_name(map, name);
    if (entry != NULL) {
        entry->confirmed = false;
    }
}

struct portal_name *portal_find(const struct prepared_map *map, struct span name)
{
    for (size_t i = 0; i < map->portal_count; i++) {
        if (name_is(map->portals[i].name, name)) {
            return &map->portals[i];
        }
    }
    return NULL;
}

void portal_forget(struct prepared_map *map, struct portal_name *portal)
{
    remove_portal(map, (size_t)(portal - map->portals));
}

void portals_end(struct prepared_map *map, uint32_t batch)
{
    for (size_t i = map->portal_count; i > 0; i--) {
        if (map->portals[i - 1].batch != batch) {
            remove_portal(map, i - 1);
        }
    }
}

void portal_close(struct prepared_map *map, struct span name)
{
    struct portal_name *entry = portal_find(map, name);
    if (entry != NULL) {
        portal_forget(map, entry);
    }
}

bool portal_put(struct prepared_map *map, struct span name, struct prepared *prepared,
                struct span bind, uint32_t batch, uint32_t names)
{
    portal_close(map, name);
    char *copy = map->portal_count < PREPARED_MAX ? name_copy(name) : NULL;
    struct buffer message = {0};
    buffer_append_span(&message, bind);
    if (copy == NULL || message.failed ||
        !array_grow((void **)&map->portals, map->portal_count, sizeof(*map->portals))) {
        free(copy);
        buffer_free(&message);
        return false;
    }
    prepared->references++;
    map->portals[map->portal_count++] = (struct portal_name){copy, prepared, message, batch, names};
    return true;
}
