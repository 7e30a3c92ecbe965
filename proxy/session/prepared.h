/* The prepared statements and portals of one session that policy cares about: schema changes, code
 * and transaction control. All others are not remembered, so that a session without DDL keeps
 * nothing.
 *
 * A name is remembered when its Parse passes, before the server has agreed to it. Whether it has,
 * and whether the name is still in use, matters only when another Parse of that name comes, or a
 * Bind of one that SQL may have freed: then the server is asked (runner_ask_name). */
#ifndef PROXY_SESSION_PREPARED_H
#define PROXY_SESSION_PREPARED_H

#include "policy/statement.h"
#include "protocol/buffer.h"

/* A client that prepares more schema changes than this at a time is refused, lest memory be its. */
#define PREPARED_MAX 8192

/* Shared by a name and the portals bound to it: the text stays as long as one of them does. */
struct prepared {
    unsigned references;
    struct buffer sql; /* whole text of the Parse; empty when it was too long to keep */
    struct statement statement;
};

struct prepared_name {
    char *name; /* owned */
    struct prepared *prepared;
    bool confirmed; /* the server says that the name is taken, for the message that comes next: a
                     * Parse will be refused, a Bind means the statement that we remember */
};

struct portal_name {
    char *name; /* owned */
    struct prepared *prepared;
    struct buffer bind; /* the whole Bind message, to bind again; empty: not kept */
    uint32_t batch;     /* pipeline.batch it was bound in */
    uint32_t names;     /* pipeline.names then: the same Bind means the same only as long as no
                         * other Parse or Close has come */
};

struct prepared_map {
    struct prepared_name *names;
    size_t name_count;
    struct portal_name *portals;
    size_t portal_count;
    bool sql_change; /* SQL's own PREPARE has been given a schema change */
    bool sql_frees;  /* DEALLOCATE or DISCARD has been sent: any name may mean something else now */
};

void prepared_map_free(struct prepared_map *map);

static inline bool prepared_map_is_empty(const struct prepared_map *map)
{
    return map->name_count == 0 && map->portal_count == 0;
}

/* A reference to a new entry, to be given back with prepared_release; NULL: no memory. */
struct prepared *prepared_new(struct span sql, const struct statement *statement);
void prepared_release(struct prepared *prepared);

/* Takes over the caller's reference. False: no memory, or PREPARED_MAX reached. */
MUST_USE bool prepared_put(struct prepared_map *map, struct span name, struct prepared *prepared);
/* A Parse without anything of interest has taken this name. */
void prepared_forget(struct prepared_map *map, struct span name);
void prepared_close(struct prepared_map *map, struct span name);
/* A Parse of this name can not be understood before it is known whether the name is still taken: it
 * may have been freed by DEALLOCATE, or its own Parse may have failed. */
bool prepared_is_open(const struct prepared_map *map, struct span name);
void prepared_confirm(struct prepared_map *map, struct span name);
/* The message that this was asked for has gone. */
void prepared_unconfirm(struct prepared_map *map, struct span name);
struct prepared *prepared_find(const struct prepared_map *map, struct span name);

/* Binds a portal to an entry (a reference of its own is taken). `bind`: the whole message, or
 * empty. */
MUST_USE bool portal_put(struct prepared_map *map, struct span name, struct prepared *prepared,
                         struct span bind, uint32_t batch, uint32_t names);
void portal_close(struct prepared_map *map, struct span name);
/* The end of a batch outside a transaction block is the end of its portals: forgets all that were
 * not bound in `batch`. */
void portals_end(struct prepared_map *map, uint32_t batch);
/* *portal is gone afterwards. */
void portal_forget(struct prepared_map *map, struct portal_name *portal);
struct portal_name *portal_find(const struct prepared_map *map, struct span name);

#endif
