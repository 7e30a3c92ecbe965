/* From facts to a verdict: every rule is asked once, the strongest answer wins, and every rule that
 * had something to say is kept. It changes nothing and remembers nothing. */
#include "policy/decide.h"

#include "policy/effect.h"

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {
#define X(name, text) text,
        VERDICTS(X)
#undef X
    };
    return names[verdict];
}

static enum verdict decide_verdict(enum action action)
{
    switch (action) {
    case ACTION_DEFAULT:
    case ACTION_ALLOW:
        return VERDICT_ALLOW;
    case ACTION_WARN:
        return VERDICT_WARN;
    case ACTION_REWRITE:
        return VERDICT_REWRITE;
    case ACTION_BLOCK:
        return VERDICT_BLOCK;
    }
    return VERDICT_BLOCK;
}

/* Of a rule about work under a lock, unless the administrator has said what it does: nothing for a
 * small table, a refusal where the work would take longer than anybody waits. */
static enum action decide_weight(const struct rule *rule, enum action action,
                                 const struct statement *statement, const struct facts *facts,
                                 const struct settings *settings)
{
    if (!rule->heavy || !facts->target_known || facts->bytes < 0) {
        return action;
    }
    if (facts->bytes <= settings->small_table_bytes) {
        return ACTION_ALLOW;
    }
    /* What may be harmless is warned of, but not refused. */
    struct effect effect = effect_of(statement, facts, 0);
    bool certain =
        effect.rewrites == ANSWER_YES || effect.scans == ANSWER_YES || effect.builds == ANSWER_YES;
    bool large = facts->bytes >= settings->large_table_bytes;
    return action == ACTION_WARN && large && certain ? ACTION_BLOCK : action;
}

/* Keeps the rule in its place: strongest first, in the order of asking among equals. */
static void decide_keep(struct decision *out, const struct rule *rule, enum action action,
                        const char *not_because)
{
    size_t place = out->fired_count;
    while (place > 0 && out->fired[place - 1].action < action) {
        place--;
    }
    if (place == DECISION_RULES_MAX) {
        return;
    }
    size_t behind = out->fired_count - place;
    if (out->fired_count == DECISION_RULES_MAX) {
        behind--; /* the weakest makes room */
    } else {
        out->fired_count++;
    }
    memmove(&out->fired[place + 1], &out->fired[place], behind * sizeof out->fired[0]);
    out->fired[place].rule = rule;
    out->fired[place].action = action;
    out->fired[place].not_because = not_because;
    out->fired[place].origin = (struct origin){.kind = ORIGIN_BASE};
    bool noop = action == ACTION_REWRITE && rule->noop;
    enum verdict verdict = noop ? VERDICT_NOOP : decide_verdict(action);
    out->verdict = verdict > out->verdict ? verdict : out->verdict;
}

/* A rule that matches and asks for a rewrite. Where none is possible: the strict profile refuses
 * what could be had in another situation, which its hint names, and what is heavy; all else is a
 * warning, as far as the table's size lets it be. */
static void decide_rewrite(struct decision *out, const struct rule *rule,
                           const struct statement *statement, const struct situation *now,
                           const struct facts *facts, const struct settings *settings)
{
    const char *reason = NULL;
    if (rule->may_rewrite == NULL) {
        decide_keep(out, rule, ACTION_WARN, NULL);
    } else if (rule->may_rewrite(statement, now, facts, settings, &reason)) {
        decide_keep(out, rule, ACTION_REWRITE, NULL);
    } else if (reason != NULL) {
        bool refuse =
            settings->profile == PROFILE_STRICT && (!situation_may_rewrite(now) || rule->heavy);
        enum action warn = decide_weight(rule, ACTION_WARN, statement, facts, settings);
        decide_keep(out, rule, refuse ? ACTION_BLOCK : warn, reason);
    }
}

/* A rule that is off is not asked, unless somebody has switched it off for this statement. */
static bool decide_is_off(const struct settings *settings, size_t index, enum action action)
{
    return action == ACTION_ALLOW && settings->origins[index].kind == ORIGIN_BASE;
}

static void decide_name_origins(const struct settings *settings, struct decision *out)
{
    for (size_t i = 0; i < out->fired_count; i++) {
        out->fired[i].origin = settings->origins[rules_index_of(out->fired[i].rule)];
    }
}

struct decision decide(const struct statement *statement, const struct situation *now,
                       const struct facts *facts, const struct settings *settings)
{
    struct decision out = {.verdict = VERDICT_ALLOW};
    for (size_t i = 0; i < rules_count(); i++) {
        const struct rule *rule = rules_at(i);
        enum action action = settings_action(settings, i);
        if (settings->actions[i] == ACTION_DEFAULT) {
            action = decide_weight(rule, action, statement, facts, settings);
        }
        if (decide_is_off(settings, i, action) ||
            !rule_matches(rule, statement, now, facts, settings)) {
            continue;
        }
        out.guard = out.guard || (rule->guards && action != ACTION_ALLOW);
        if (action != ACTION_REWRITE) {
            decide_keep(&out, rule, action, NULL);
        } else if (!rule->guards) { /* a guard is the ordinary case: nobody needs to hear of it */
            decide_rewrite(&out, rule, statement, now, facts, settings);
        }
    }
    decide_name_origins(settings, &out);
    return out;
}

struct decision decide_in_text(struct span text, const struct statement *statement,
                               const struct situation *now, const struct facts *facts,
                               const struct settings *settings)
{
    struct settings commented = *settings;
    enum comment_fault fault = comment_apply(text, statement, &commented);
    struct decision out = decide(statement, now, facts, &commented);
    out.comment = fault;
    return out;
}

void decide_unguarded(struct decision *decision)
{
    for (size_t i = 0; i < rules_count() && decision->guard; i++) {
        if (rules_at(i)->guards) {
            decide_keep(decision, rules_at(i), ACTION_WARN,
                        "the server could not be asked for the lock timeout to put back");
        }
    }
    decision->guard = false;
}
