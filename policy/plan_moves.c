/* How the parts of a change become steps: the guards between them, and what takes them back. What
 * the parts are is the recipes' business. */
#include "policy/plan_moves.h"

#include <stdlib.h>
#include <string.h>

void moves_start(struct moves *moves, const struct plan_request *request, struct draft *draft)
{
    const struct statement *statement = &request->statements[0];
    const struct facts *facts = request->facts;
    uint32_t ours = draft_lock_timeout(request, request->settings->timeouts.lock_ms);
    bool stricter = facts->lock_timeout_ms != 0 && facts->lock_timeout_ms <= ours;
    *moves = (struct moves){.request = request,
                            .statement = statement,
                            .text = span_cut(request->text, statement->start, statement->length),
                            .draft = draft};
    uint32_t limit = stricter ? facts->lock_timeout_ms : ours;
    draft_time(moves->lock, limit);
    draft->plan->lock_timeout_ms = limit;
    draft->plan->attempts = request->settings->timeouts.attempts;
    draft->plan->deadline_ms = request->settings->timeouts.concurrent_total_ms;
    draft->plan->replaced_at = statement->start;
    draft->plan->replaced_length = statement->length;
}

static void moves_set_guard(struct moves *moves, enum moves_guard guard)
{
    const char *lock = guard == MOVES_BUILDING ? "0" : moves->lock;
    moves->guard = guard;
    timeouts_append_lift(moves->request->facts, lock, draft_step(moves->draft, STEP_GUARD, false));
}

/* Opens a step that waits for locks no longer than the limit. */
static struct buffer *moves_step(struct moves *moves, enum step_kind kind, bool retry)
{
    if (moves->guard != MOVES_WAITING) {
        moves_set_guard(moves, MOVES_WAITING);
    }
    return draft_step(moves->draft, kind, retry);
}

struct buffer *moves_clean(struct moves *moves)
{
    return moves_step(moves, STEP_CLEAN, false);
}

void moves_clean_constraint(struct moves *moves, const char *name)
{
    struct buffer condition = {0};
    buffer_append_text(&condition, " AND NOT ");
    gate_append_holder(moves->request->facts, "t.oid", &condition);
    buffer_append_u8(&condition, '\0');
    struct buffer *out = moves_clean(moves);
    out->failed = out->failed || condition.failed;
    undo_append_constraint(moves->request->facts, name,
                           condition.failed ? "" : (const char *)condition.at, out);
    buffer_free(&condition);
}

struct buffer *moves_part(struct moves *moves)
{
    struct buffer *out = moves_step(moves, STEP_PART, true);
    buffer_append_text(out, "/* ddlguard */ ");
    return out;
}

struct buffer *moves_list(struct moves *moves)
{
    struct buffer *out = moves_part(moves);
    moves->draft->last->lists = true;
    return out;
}

struct buffer *moves_batch(struct moves *moves, unsigned parameters)
{
    struct buffer *out = moves_step(moves, STEP_BATCH, true);
    moves->draft->last->parameters = parameters;
    moves->draft->plan->pause_ms = moves->request->settings->backfill.pause_ms;
    buffer_append_text(out, "/* ddlguard */ ");
    return out;
}

bool moves_alter(struct moves *moves, const char *format, const char *name)
{
    struct buffer quoted = {0}, tail = {0};
    sql_append_identifier(&quoted, name);
    buffer_append_u8(&quoted, '\0');
    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '%') {
            buffer_append_text(&tail, quoted.failed ? "" : (const char *)quoted.at);
        } else {
            buffer_append_u8(&tail, (uint8_t)*at);
        }
    }
    struct buffer *out = moves_part(moves);
    bool done = alter_text_append(moves->text, moves->statement, buffer_span(&tail), out);
    out->failed = out->failed || quoted.failed || tail.failed;
    buffer_free(&quoted);
    buffer_free(&tail);
    return done;
}

void moves_gate(struct moves *moves, const struct object_name *table)
{
    gate_append(moves->request, table, moves_step(moves, STEP_GATE, true));
}

struct buffer *moves_long_part(struct moves *moves, const struct object_name *table,
                               const char *index)
{
    struct draft *draft = moves->draft;
    size_t first = draft->plan->count;
    moves_set_guard(moves, MOVES_WAITING);
    gate_append(moves->request, table, draft_step(draft, STEP_GATE, true));
    draft->last->retry_from = first;
    if (index != NULL) {
        undo_append_index(moves->request->facts, table, index, UNDO_INDEX_LEFTOVER,
                          draft_step(draft, STEP_CLEAN, false));
    }
    moves_set_guard(moves, MOVES_BUILDING);
    struct buffer *out = draft_step(draft, STEP_PART, true);
    draft->last->retry_from = first;
    buffer_append_text(out, "/* ddlguard */ ");
    return out;
}

struct buffer *moves_build(struct moves *moves, const struct object_name *table, const char *name)
{
    const struct facts *facts = moves->request->facts;
    struct buffer *out = moves_long_part(moves, table, name);
    moves->draft->last->builds = true;
    undo_append_index(facts, table, name, UNDO_INDEX_INVALID, moves_undo(moves, true));
    undo_append_index(facts, table, name, UNDO_INDEX_BARE, moves_undo(moves, false));
    return out;
}

const char *moves_name(struct moves *moves, const char *name)
{
    for (size_t i = 0; i < moves->name_count; i++) {
        if (strcmp(moves->names[i], name) == 0) {
            return "two of its constraints would have the same name";
        }
    }
    if (moves->name_count == MOVES_NAMES_MAX) {
        return "it adds too many constraints";
    }
    memcpy(moves->names[moves->name_count++], name, strlen(name) + 1);
    return NULL;
}

void moves_says_null(struct moves *moves, const char *column)
{
    buffer_append_text(draft_says(moves->draft, "23502"), column);
}

/* Texts lie one behind the other: each begins where the one before it ends. */
static size_t moves_undo_start(const struct moves *moves, size_t i)
{
    return i == 0 ? 0 : moves->undos[i - 1].end;
}

static bool moves_grow(struct moves *moves)
{
    size_t capacity = moves->undo_capacity * 2 + 8;
    struct move_undo *grown = realloc(moves->undos, capacity * sizeof *grown);
    if (grown != NULL) {
        moves->undos = grown;
        moves->undo_capacity = capacity;
    }
    return grown != NULL;
}

struct buffer *moves_undo(struct moves *moves, bool started)
{
    if (moves->undo_count > 0) {
        moves->undos[moves->undo_count - 1].end = moves->undo.length;
    }
    if (moves->undo_count == moves->undo_capacity && !moves_grow(moves)) {
        moves->undo.failed = true;
        return &moves->undo;
    }
    moves->undos[moves->undo_count].of = moves->draft->plan->count - 1;
    moves->undos[moves->undo_count].started = started;
    moves->undo_count++;
    return &moves->undo;
}

void moves_keep(struct moves *moves)
{
    moves->draft->last->stays = true;
}

/* A build that fails leaves the session without a lock timeout. */
static void moves_append_undo_guard(struct moves *moves)
{
    for (size_t i = 0; i < moves->undo_count; i++) {
        if (moves->undos[i].started) {
            timeouts_append_undo(moves->lock, draft_step(moves->draft, STEP_UNDO, false));
            moves->draft->last->undo_of = moves->undos[i].of;
            moves->draft->last->undo_started = true;
            return;
        }
    }
}

/* Rows are filled, and no statement is left whose answer could be the client's: one that does
 * nothing, and has no rows. */
static void moves_append_end(struct moves *moves)
{
    struct buffer *out = moves_part(moves);
    buffer_append_text(out, "UPDATE ONLY ");
    sql_append_name(out, &moves->request->facts->table);
    buffer_append_text(out, " SET ");
    sql_append_identifier(out, moves->filled);
    buffer_append_text(out, " = DEFAULT WHERE false");
    moves->draft->plan->tag = moves->statement->tag;
}

void moves_finish(struct moves *moves)
{
    struct plan *plan = moves->draft->plan;
    if (moves->draft->last->kind == STEP_BATCH) {
        moves_append_end(moves);
    }
    size_t run = plan->count - 1;
    moves->draft->last->kind = STEP_RUN;
    if (moves->undo_count > 0) {
        moves->undos[moves->undo_count - 1].end = moves->undo.length;
    }
    moves_append_undo_guard(moves);
    for (size_t i = moves->undo_count; i-- > 0;) {
        size_t start = moves_undo_start(moves, i);
        /* Nothing comes behind the RUN that could fail. */
        if (moves->undos[i].of < run || moves->undos[i].started) {
            struct buffer *out = draft_step(moves->draft, STEP_UNDO, false);
            moves->draft->last->undo_of = moves->undos[i].of;
            moves->draft->last->undo_started = moves->undos[i].started;
            buffer_append_span(
                out, span_cut(buffer_span(&moves->undo), start, moves->undos[i].end - start));
        }
    }
    timeouts_append_back(moves->request->facts, draft_step(moves->draft, STEP_RESTORE, false));
    plan->text.failed = plan->text.failed || moves->undo.failed;
}

void moves_end(struct moves *moves, const char *why)
{
    struct plan *plan = moves->draft->plan;
    buffer_free(&moves->undo);
    free(moves->undos);
    if (why != NULL) {
        plan->count = 0;
        plan->text.length = 0;
        plan->deadline_ms = 0;
        plan->attempts = 1;
        plan->replaced_at = plan->replaced_length = 0;
        plan->alias_count = 0;
        plan->tag = NULL;
    }
}
