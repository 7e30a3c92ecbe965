/* Names that come and go with statements, transactions and savepoints. It reads no SQL but a few
 * words that change what a name means. */
#include "proxy/cli/check_track.h"

#include "policy/effect.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct check_made {
    struct object_name name;
    size_t older;      /* the next older one with the same hash, from 1; 0: none */
    bool locked;       /* not made, but locked: the transaction keeps writers out of it */
    bool until_commit; /* of this transaction only: a lock, a temporary table that may go */
    bool gone;         /* dropped, renamed, or its name may mean another table now */
};

struct check_savepoint {
    char name[NAME_BYTES];
    size_t made_count; /* when it was set */
};

void check_track_start(struct check_track *track, bool in_transaction)
{
    *track = (struct check_track){.in_transaction = in_transaction};
}

void check_track_free(struct check_track *track)
{
    free(track->made);
    free(track->savepoints);
    *track = (struct check_track){0};
}

/* `*items` with room for one more; false (sticky in track->failed) when there is no memory. */
static bool track_reserve(struct check_track *track, void **items, size_t count, size_t *room,
                          size_t size)
{
    if (count < *room) {
        return true;
    }
    size_t more = *room == 0 ? 16 : 2 * *room;
    void *moved = realloc(*items, more * size);
    if (moved == NULL) {
        track->failed = true;
        return false;
    }
    *items = moved;
    *room = more;
    return true;
}

/* FNV-1a. */
static size_t track_hash(const struct object_name *name)
{
    uint32_t hash = 2166136261u;
    const char *const parts[] = {name->schema, name->name};
    for (size_t i = 0; i < 2; i++) {
        for (const char *at = parts[i]; *at != '\0'; at++) {
            hash = (hash ^ (uint8_t)*at) * 16777619u;
        }
        hash = (hash ^ '.') * 16777619u;
    }
    return hash % CHECK_TRACK_HEADS;
}

static bool name_equal(const struct object_name *one, const struct object_name *other)
{
    return strcmp(one->name, other->name) == 0 && strcmp(one->schema, other->schema) == 0;
}

static struct check_made *track_find(const struct check_track *track,
                                     const struct object_name *name, bool locked)
{
    for (size_t i = track->heads[track_hash(name)]; i > 0; i = track->made[i - 1].older) {
        struct check_made *made = &track->made[i - 1];
        if (!made->gone && made->locked == locked && name_equal(&made->name, name)) {
            return made;
        }
    }
    return NULL;
}

static void track_add(struct check_track *track, const struct check_made *made)
{
    void *items = track->made;
    if (made->name.name[0] == '\0' ||
        !track_reserve(track, &items, track->made_count, &track->made_room, sizeof *track->made)) {
        return;
    }
    track->made = items;
    size_t *head = &track->heads[track_hash(&made->name)];
    track->made[track->made_count] = *made;
    track->made[track->made_count++].older = *head;
    *head = track->made_count;
}

/* Forgets all that was made behind the first `count`. */
static void track_cut(struct check_track *track, size_t count)
{
    while (track->made_count > count) {
        const struct check_made *last = &track->made[--track->made_count];
        track->heads[track_hash(&last->name)] = last->older;
    }
}

static void track_forget(struct check_track *track, const struct object_name *name)
{
    for (size_t i = track->heads[track_hash(name)]; i > 0; i = track->made[i - 1].older) {
        struct check_made *made = &track->made[i - 1];
        made->gone = made->gone || name_equal(&made->name, name);
    }
}

/* search_path changes: names without a schema may mean other tables from here on. */
static void track_forget_bare(struct check_track *track)
{
    for (size_t i = 0; i < track->made_count; i++) {
        track->made[i].gone = track->made[i].gone || track->made[i].name.schema[0] == '\0';
    }
    track->path_changed = track->in_transaction;
}

static void track_end(struct check_track *track, const struct statement *statement, bool keep)
{
    if (!track->in_transaction) {
        return; /* the server warns, and does nothing */
    }
    if (!keep) {
        track_cut(track, track->begun);
    }
    if (track->path_changed) {
        track_forget_bare(track);
    }
    for (size_t i = track->begun; i < track->made_count; i++) {
        struct check_made *made = &track->made[i];
        made->gone = made->gone || made->until_commit;
    }
    track->in_transaction = statement->flags & FLAG_CHAIN;
    track->path_changed = false;
    track->has_changed = false;
    track->begun = track->made_count;
    track->savepoint_count = 0;
}

static void track_savepoint(struct check_track *track, const struct statement *statement)
{
    void *items = track->savepoints;
    if (track_reserve(track, &items, track->savepoint_count, &track->savepoint_room,
                      sizeof *track->savepoints)) {
        track->savepoints = items;
        struct check_savepoint *savepoint = &track->savepoints[track->savepoint_count++];
        savepoint->made_count = track->made_count;
        (void)snprintf(savepoint->name, sizeof savepoint->name, "%s", statement->savepoint);
    }
}

/* ROLLBACK TO, RELEASE: the newest savepoint of that name; those behind it are no more. */
static void track_back(struct check_track *track, const struct statement *statement, bool undo)
{
    size_t i = track->savepoint_count;
    while (i > 0 && strcmp(track->savepoints[i - 1].name, statement->savepoint) != 0) {
        i--;
    }
    if (i == 0) {
        return; /* the server knows no such savepoint either */
    }
    track->savepoint_count = undo ? i : i - 1;
    if (undo) {
        track_cut(track, track->savepoints[i - 1].made_count);
    }
}

static bool text_has(struct span text, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= text.length; i++) {
        if (strncasecmp((const char *)text.at + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* SET ROLE counts: "$user" is in the usual search_path. */
static bool changes_path(enum statement_kind kind, struct span text)
{
    static const char *const words[] = {"schema", "role", "authorization", "all"};
    for (size_t i = 0; kind == STATEMENT_SET && i < sizeof words / sizeof *words; i++) {
        if (text_has(text, words[i])) {
            return true;
        }
    }
    return text_has(text, "search_path");
}

/* ALTER … SET SCHEMA counts: what has the old name then is another one. */
static bool loses_name(const struct statement_object *object, struct span text)
{
    return strcmp(object->action, "drop") == 0 || strcmp(object->action, "rename") == 0 ||
           (strcmp(object->action, "alter") == 0 && text_has(text, "schema"));
}

static bool makes_relation(const struct statement_object *object)
{
    bool relation =
        strcmp(object->kind, "table") == 0 || strcmp(object->kind, "materialized view") == 0;
    return relation && strcmp(object->action, "create") == 0;
}

static void track_schema_change(struct check_track *track, const struct statement *statement,
                                struct span text)
{
    bool may_be_old = statement->flags & (FLAG_IF_NOT_EXISTS | FLAG_EXPLAIN);
    for (size_t i = 0; i < statement->object_count && i < STATEMENT_OBJECTS_MAX; i++) {
        const struct statement_object *object = &statement->objects[i];
        bool may_go = (statement->flags & FLAG_TEMPORARY) && text_has(text, "drop");
        if (loses_name(object, text)) {
            track_forget(track, &object->name);
        } else if (makes_relation(object) && !may_be_old && (track->in_transaction || !may_go)) {
            track_add(track, &(struct check_made){.name = object->name, .until_commit = may_go});
        }
    }
    if (statement->kind == STATEMENT_CREATE_INDEX && !may_be_old &&
        check_track_is_new(track, statement)) {
        struct check_made index = {.name = statement->index};
        memcpy(index.name.schema, statement->target.schema, sizeof index.name.schema);
        track_add(track, &index);
    }
}

/* The first lock on a table is enough: a savepoint that takes it back takes back all later ones. */
static void track_lock(struct check_track *track, const struct statement *statement)
{
    static const struct facts unknown = {0};
    enum lock_mode lock = effect_of(statement, &unknown, 0).lock;
    if (track->in_transaction && lock > LOCK_SHARE_UPDATE_EXCLUSIVE &&
        !check_track_is_locked(track, statement)) {
        track_add(track, &(struct check_made){
                             .name = statement->target, .locked = true, .until_commit = true});
    }
}

bool check_track_is_new(const struct check_track *track, const struct statement *statement)
{
    if (statement->target.name[0] != '\0') {
        return track_find(track, &statement->target, false) != NULL;
    }
    bool all = statement->object_count > 0 && statement->object_count <= STATEMENT_OBJECTS_MAX;
    for (size_t i = 0; all && i < statement->object_count; i++) {
        all = track_find(track, &statement->objects[i].name, false) != NULL;
    }
    return all;
}

bool check_track_is_locked(const struct check_track *track, const struct statement *statement)
{
    return track_find(track, &statement->target, true) != NULL;
}

bool check_track_is_uncommitted(const struct check_track *track)
{
    return track->in_transaction && track->has_changed && track->begin_length > 0;
}

/* Whether the statement is transaction control, which is then followed. */
static bool track_transaction(struct check_track *track, const struct statement *statement)
{
    enum statement_kind kind = statement->kind;
    if (kind == STATEMENT_BEGIN && !track->in_transaction) {
        track->in_transaction = true;
        track->begin_at = statement->start;
        track->begin_length = statement->length;
        track->begun = track->made_count;
    } else if (kind == STATEMENT_COMMIT) {
        track_end(track, statement, true);
    } else if (kind == STATEMENT_ROLLBACK || kind == STATEMENT_PREPARE_TRANSACTION) {
        track_end(track, statement, false); /* a prepared one may be rolled back later */
    } else if (kind == STATEMENT_SAVEPOINT) {
        track_savepoint(track, statement);
    } else if (kind == STATEMENT_ROLLBACK_TO || kind == STATEMENT_RELEASE) {
        track_back(track, statement, kind == STATEMENT_ROLLBACK_TO);
    }
    return statement_is_transaction(kind);
}

void check_track_follow(struct check_track *track, const struct statement *statement,
                        struct span text)
{
    enum statement_kind kind = statement->kind;
    bool readable = kind != STATEMENT_UNPARSED && kind != STATEMENT_TOO_LONG;
    if (track_transaction(track, statement)) {
        return;
    }
    track->has_changed |= track->in_transaction && statement_is_guarded(kind);
    if (statement_is_guarded(kind) && readable && kind != STATEMENT_DO && kind != STATEMENT_CALL) {
        track_lock(track, statement);
        track_schema_change(track, statement, text);
    } else if (changes_path(kind, text)) {
        track_forget_bare(track);
    }
}
