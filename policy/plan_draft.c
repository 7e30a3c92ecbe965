/* A plan while it is being written: its steps, and the texts that the plans share. */
#include "policy/plan_draft.h"

#include <stdio.h>
#include <stdlib.h>

static bool draft_grow(struct draft *draft)
{
    size_t capacity = draft->capacity * 2 + 8;
    struct step *grown = realloc(draft->plan->steps, capacity * sizeof *grown);
    if (grown != NULL) {
        draft->plan->steps = grown;
        draft->capacity = capacity;
    }
    return grown != NULL;
}

/* Until draft_cut a step's span has only a length: the place where its text starts. */
struct buffer *draft_step(struct draft *draft, enum step_kind kind, bool retry)
{
    struct plan *plan = draft->plan;
    if (plan->count < draft->capacity || draft_grow(draft)) {
        draft->last = &plan->steps[plan->count++];
    } else {
        draft->last = &draft->scrap;
        plan->text.failed = true;
    }
    *draft->last = (struct step){.kind = kind,
                                 .sql = span_of(NULL, plan->text.length),
                                 .retry = retry,
                                 .retry_from = plan->count - 1};
    return &plan->text;
}

/* Until draft_cut as_text's length is the place where it starts. */
struct buffer *draft_says(struct draft *draft, const char *sqlstate)
{
    draft->last->as_sqlstate = sqlstate;
    draft->last->as_text = span_of(NULL, draft->plan->text.length);
    return &draft->plan->text;
}

void draft_append_set(struct buffer *out, const char *name, const char *value, bool local)
{
    buffer_append_format(out, "pg_catalog.set_config('%s', ", name);
    sql_append_literal(out, span_text(value));
    buffer_append_text(out, local ? ", true)" : ", false)");
}

void draft_append_regclass(const struct object_name *relation, struct buffer *out)
{
    struct buffer name = {0};
    sql_append_name(&name, relation);
    buffer_append_text(out, "pg_catalog.to_regclass(");
    sql_append_literal(out, buffer_span(&name));
    buffer_append_text(out, ")");
    out->failed = out->failed || name.failed;
    buffer_free(&name);
}

void draft_append_do(struct buffer *body, struct buffer *out)
{
    buffer_append_text(out, "DO ");
    sql_append_literal(out, buffer_span(body));
    out->failed = out->failed || body->failed;
    buffer_free(body);
}

/* FNV-1a. */
void draft_hashed_name(const char *prefix, const char *text, char name[NAME_BYTES])
{
    uint32_t hash = 2166136261u;
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    }
    snprintf(name, NAME_BYTES, "%s%08x", prefix, (unsigned)hash);
}

const char *draft_time(char *out, uint32_t ms)
{
    snprintf(out, DRAFT_TIME_BYTES, "%ums", (unsigned)ms);
    return out;
}

uint32_t draft_lock_timeout(const struct plan_request *request, uint32_t wanted_ms)
{
    uint32_t least = request->facts->deadlock_timeout_ms + 500;
    return wanted_ms > least ? wanted_ms : least;
}

void draft_cut(struct draft *draft)
{
    struct plan *plan = draft->plan;
    struct span text = buffer_span(&plan->text);
    for (size_t i = 0; i < plan->count; i++) {
        size_t from = plan->steps[i].sql.length;
        size_t end = i + 1 < plan->count ? plan->steps[i + 1].sql.length : draft->steps_end;
        size_t text_at = plan->steps[i].as_text.length;
        size_t sql_end = plan->steps[i].as_sqlstate != NULL || text_at > 0 ? text_at : end;
        plan->steps[i].sql = span_cut(text, from, sql_end - from);
        plan->steps[i].as_text = span_cut(text, sql_end, end - sql_end);
    }
    plan->notice = span_cut(text, draft->steps_end, draft->notice_end - draft->steps_end);
    plan->notice_hint = span_from(text, draft->notice_end);
}

bool draft_has_idle_timeout(const struct facts *facts)
{
    return facts->idle_session_timeout[0] != '\0' && strcmp(facts->idle_session_timeout, "0") != 0;
}

void draft_append_restore(const struct plan_request *request, const char *time, bool local,
                          struct buffer *out)
{
    if (request->now->early) {
        buffer_append_format(out, "/* ddlguard */ SET %slock_timeout = ", local ? "LOCAL " : "");
        sql_append_literal(out, span_text(request->facts->lock_timeout));
        return;
    }
    buffer_append_text(out, "/* ddlguard */ SELECT ");
    draft_append_set(out, "lock_timeout", request->facts->lock_timeout, local);
    buffer_append_format(out,
                         " WHERE pg_catalog.current_setting('lock_timeout')::pg_catalog.interval"
                         " OPERATOR(pg_catalog.=) '%s'::pg_catalog.interval",
                         time);
}
