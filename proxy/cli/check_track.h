/* What a file has done so far, as far as a reader can tell: is a transaction open, and which tables
 * and indexes has it made itself. Nobody waits for a lock on those, so they may be built, scanned
 * and locked at will. Doubt ends in "not made here". And which has the open transaction locked.
 *
 *      CREATE TABLE a (…);        made: a
 *      BEGIN;
 *      CREATE TABLE b (…);        made: a, b
 *      SAVEPOINT s;
 *      CREATE TABLE c (…);        made: a, b, c
 *      ROLLBACK TO s;             made: a, b
 *      ROLLBACK;                  made: a
 *
 * A name counts as it is written, whole: public.t is not t. */
#ifndef PROXY_CLI_CHECK_TRACK_H
#define PROXY_CLI_CHECK_TRACK_H

#include "policy/rule.h"

#define CHECK_TRACK_HEADS 4096 /* of the hash table: a dump has thousands of tables */

struct check_made;
struct check_savepoint;

struct check_track {
    bool in_transaction;
    size_t begin_at, begin_length; /* its BEGIN, in the file; length 0: it came before the file */
    bool has_changed;              /* it has a schema change */
    bool path_changed; /* in this transaction: at its end search_path is again what it was before */
    struct check_made *made; /* owned, oldest first */
    size_t made_count, made_room;
    size_t heads[CHECK_TRACK_HEADS];    /* the newest of `made` with this hash, from 1; 0: none */
    size_t begun;                       /* made_count when the transaction began */
    struct check_savepoint *savepoints; /* owned, of this transaction, oldest first */
    size_t savepoint_count, savepoint_room;
    bool failed; /* no memory: some name was not kept (sticky) */
};

void check_track_start(struct check_track *track, bool in_transaction);
void check_track_free(struct check_track *track);

/* Were all relations that the statement acts on made by this file? */
bool check_track_is_new(const struct check_track *track, const struct statement *statement);

/* The file is over: does it leave a transaction of its own open behind a schema change? */
bool check_track_is_uncommitted(const struct check_track *track);

/* Does the open transaction hold a lock on the relation that it acts on, by its name here, that
 * keeps writers out? */
bool check_track_is_locked(const struct check_track *track, const struct statement *statement);

/* The statement has run. `text`: its own bytes. */
void check_track_follow(struct check_track *track, const struct statement *statement,
                        struct span text);

#endif
