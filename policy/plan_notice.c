/* What the client is told of its statement: what was changed and why, or what could not be made
 * safe and why not. A plan that does just what was asked says nothing.
 *
 * Several statements of one message that fall under the same rule for the same reason are told of
 * once. */
#include "policy/plan_draft.h"

/* One firing of a rule, as people hear of it: the n-th over all statements. */
struct told {
    const struct statement *statement;
    const struct rule *rule;
    enum action action;
    const char *not_because;
};

static struct told plan_told(const struct plan_request *request, size_t statement, size_t firing)
{
    const struct decision *decision = &request->decisions[statement];
    return (struct told){&request->statements[statement], decision->fired[firing].rule,
                         decision->fired[firing].action, decision->fired[firing].not_because};
}

/* Was the same said for a statement before this one? */
static bool plan_said(const struct plan_request *request, size_t statement, struct told told)
{
    for (size_t i = 0; i < statement; i++) {
        for (size_t k = 0; k < request->decisions[i].fired_count; k++) {
            struct told before = plan_told(request, i, k);
            if (before.rule == told.rule && before.action != ACTION_ALLOW &&
                before.not_because == told.not_because) {
                return true;
            }
        }
    }
    return false;
}

static void plan_append_as_it_came(const struct plan *plan, struct told told, const char *reason,
                                   struct buffer *out)
{
    const char *tag = told.statement->tag[0] != '\0' ? told.statement->tag : "a statement";
    buffer_append_format(out, "ddlguard: %s ran as it came", tag);
    if (plan->lock_timeout_ms != 0) {
        buffer_append_format(out, ", under a lock timeout of %u ms",
                             (unsigned)plan->lock_timeout_ms);
    }
    buffer_append_format(out, reason == NULL ? ": %s" : ": %s, but ", told.rule->why);
    buffer_append_text(out, reason == NULL ? "" : reason);
    buffer_append_format(out, " (%s)", told.rule->id);
}

/* Some other text has run: because of this rule, or of another one. */
static void plan_append_changed(const struct draft *draft, struct told told, struct buffer *out)
{
    const char *tag = told.statement->tag;
    if (told.action != ACTION_REWRITE) {
        buffer_append_format(out, "ddlguard: %s: %s (%s)", tag, told.rule->why, told.rule->id);
    } else if (draft->how == NULL) {
        buffer_append_format(out, "ddlguard: ran as %s CONCURRENTLY, because %s (%s)", tag,
                             told.rule->why, told.rule->id);
    } else {
        buffer_append_format(out, "ddlguard: ran as %s, because %s (%s)", draft->how,
                             told.rule->why, told.rule->id);
    }
}

static bool plan_has_changed(const struct plan_request *request, const char *declined)
{
    bool changed = false;
    for (size_t i = 0; i < request->count; i++) {
        changed = changed || request->decisions[i].verdict == VERDICT_REWRITE;
    }
    return changed && declined == NULL;
}

/* The same fault is said once. */
static void plan_append_comments(const struct plan_request *request, size_t start,
                                 struct buffer *out)
{
    enum comment_fault said = COMMENT_NONE;
    for (size_t i = 0; i < request->count; i++) {
        enum comment_fault fault = request->decisions[i].comment;
        if (fault != COMMENT_NONE && fault != said) {
            buffer_append_text(out, out->length == start ? "" : "\n");
            const char *tag = request->statements[i].tag;
            buffer_append_format(out, "ddlguard: the comment of %s was not honoured: %s",
                                 tag[0] != '\0' ? tag : "a statement", comment_fault_text(fault));
            said = fault;
        }
    }
}

void plan_append_notice(const struct plan_request *request, const char *declined,
                        struct draft *draft)
{
    struct buffer *out = &draft->plan->text;
    size_t start = out->length;
    bool changed = plan_has_changed(request, declined);
    for (size_t i = 0; i < request->count; i++) {
        for (size_t k = 0; k < request->decisions[i].fired_count; k++) {
            struct told told = plan_told(request, i, k);
            bool rewrites = told.action == ACTION_REWRITE;
            if (plan_said(request, i, told) || (rewrites && told.rule->noop) ||
                told.action == ACTION_ALLOW) {
                continue;
            }
            buffer_append_text(out, out->length == start ? "" : "\n");
            if (changed) {
                plan_append_changed(draft, told, out);
            } else {
                plan_append_as_it_came(draft->plan, told, rewrites ? declined : told.not_because,
                                       out);
            }
        }
    }
    plan_append_comments(request, start, out);
}

void plan_append_hint(const struct plan_request *request, struct draft *draft)
{
    /* The hint of a rule with a rewrite is the way to where the rewrite is possible. */
    bool elsewhere = !situation_may_rewrite(request->now);
    const struct facts unknown = {0};
    const struct facts *facts = request->count == 1 ? request->facts : &unknown;
    for (size_t i = 0; i < request->count; i++) {
        for (size_t k = 0; k < request->decisions[i].fired_count; k++) {
            struct told told = plan_told(request, i, k);
            bool helps =
                told.action != ACTION_ALLOW && (told.rule->may_rewrite == NULL || elsewhere);
            struct span own =
                span_cut(request->text, told.statement->start, told.statement->length);
            if (told.rule->hint != NULL && told.action != ACTION_REWRITE && helps) {
                rule_append_hint(told.rule, told.statement, own, facts, request->now->tool,
                                 &draft->plan->text);
                return;
            }
        }
    }
}
