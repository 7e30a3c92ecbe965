/* An explanation, for people and for programs. It decides nothing. */
#include <jansson.h>
#include <stdio.h>

#include "config/keys.h"
#include "proxy/cli/explain_facts.h"

static void print_span(const char *label, struct span text)
{
    if (text.length > 0) {
        printf("%-9s %.*s\n", label, (int)text.length, (const char *)text.at);
    }
}

/* "overrides[1] (line 12)" */
static void print_override(const struct explanation *explanation, unsigned override)
{
    printf("overrides[%u] (line %u)", override, explanation->overrides[override].line);
}

/* What the rule's own row says for the profile, and who has chosen that. */
static void print_profile(const struct explanation *explanation)
{
    const struct settings *settings = &explanation->settings;
    printf("the rule's default in profile %s", config_profiles[settings->profile]);
    if (settings->profile_origin.kind == ORIGIN_OVERRIDE) {
        printf(", which is of ");
        print_override(explanation, settings->profile_origin.override);
    }
}

static void print_origin(const struct explanation *explanation, const struct rule *rule,
                         const struct origin *origin)
{
    printf("%-9s decided by ", "");
    switch (origin->kind) {
    case ORIGIN_BASE:
        if (explanation->settings.actions[rules_index_of(rule)] != ACTION_DEFAULT) {
            printf("`rules` in the configuration");
        } else {
            print_profile(explanation);
        }
        break;
    case ORIGIN_OVERRIDE:
        print_override(explanation, origin->override);
        break;
    case ORIGIN_COMMENT:
        printf("the comment: %.*s", (int)origin->reason.length, (const char *)origin->reason.at);
        break;
    }
    putchar('\n');
}

/* The server was asked about one statement only; of the others the grammar tells. */
static struct effect effect_at(const struct explanation *explanation, size_t index)
{
    static const struct facts unknown;
    bool asked = index == explanation->asked_about;
    return effect_of(&explanation->statements[index], asked ? &explanation->facts : &unknown,
                     explanation->facts.server_version);
}

static void print_decision(const struct explanation *explanation, size_t index)
{
    const struct statement *statement = &explanation->statements[index];
    const struct decision *decision = &explanation->decisions[index];
    bool guard = decision->guard && decision->verdict < VERDICT_REWRITE;
    const char *tag =
        statement->tag[0] != '\0' ? statement->tag : statement_kind_name(statement->kind);
    printf("%-9s %s: %s%s\n", "verdict", tag, verdict_name(decision->verdict),
           guard ? ", under a lock timeout" : "");
    if (statement_is_guarded(statement->kind)) {
        struct effect effect = effect_at(explanation, index);
        explain_effect_print(&effect);
    }
    for (size_t i = 0; i < decision->fired_count; i++) {
        const struct rule *rule = decision->fired[i].rule;
        printf("%-9s %s (%s): %s\n", "rule", rule->id,
               settings_action_name(decision->fired[i].action), rule->why);
        if (decision->fired[i].not_because != NULL) {
            printf("%-9s no rewrite: %s\n", "", decision->fired[i].not_because);
        }
        print_origin(explanation, rule, &decision->fired[i].origin);
    }
    if (decision->comment != COMMENT_NONE) {
        printf("%-9s not honoured: %s\n", "comment", comment_fault_text(decision->comment));
    }
}

void explanation_print_text(const struct explanation *explanation)
{
    struct buffer steps = {0};
    for (size_t i = 0; i < explanation->count; i++) {
        print_decision(explanation, i);
    }
    if (explanation->asked_about < explanation->count) {
        explain_facts_print(&explanation->statements[explanation->asked_about],
                            &explanation->facts);
    }
    print_span("notice", explanation->plan.notice);
    print_span("hint", explanation->plan.notice_hint);
    plan_describe(&explanation->plan, explanation->sql, &steps);
    printf("%-9s\n%.*s", "plan", (int)steps.length, (const char *)steps.at);
    buffer_free(&steps);
}

/* json_*_new functions take over what they are given, also when they fail; NULL goes through. */
static json_t *json_of_span(struct span text)
{
    return text.length == 0 ? json_null()
                            : json_stringn_nocheck((const char *)text.at, text.length);
}

static json_t *json_of_text(const char *text)
{
    return json_of_span(span_text(text));
}

/* Which override; null for none. */
static json_t *json_of_override(const struct explanation *explanation, const struct origin *origin)
{
    return origin->kind != ORIGIN_OVERRIDE
               ? json_null()
               : json_pack("{s:i, s:i}", "index", (int)origin->override, "line",
                           (int)explanation->overrides[origin->override].line);
}

/* by: "profile", "rules", "override" or "comment". */
static json_t *json_of_origin(const struct explanation *explanation, const struct rule *rule,
                              const struct origin *origin)
{
    const struct settings *settings = &explanation->settings;
    bool profile =
        origin->kind == ORIGIN_BASE && settings->actions[rules_index_of(rule)] == ACTION_DEFAULT;
    const char *by = profile                       ? "profile"
                     : origin->kind == ORIGIN_BASE ? "rules"
                                                   : settings_origin_name(origin->kind);
    return json_pack("{s:s, s:o, s:o}", "by", by, "override",
                     json_of_override(explanation, profile ? &settings->profile_origin : origin),
                     "reason", json_of_span(origin->reason));
}

static json_t *json_of_hint(const struct explanation *explanation, size_t statement,
                            const struct rule *rule)
{
    const struct statement *of = &explanation->statements[statement];
    const struct facts unknown = {0};
    const struct facts *facts =
        statement == explanation->asked_about ? &explanation->facts : &unknown;
    struct buffer hint = {0};
    rule_append_hint(rule, of, span_cut(explanation->sql, of->start, of->length), facts, TOOL_NONE,
                     &hint);
    json_t *json = json_of_span(buffer_span(&hint));
    buffer_free(&hint);
    return json;
}

static json_t *json_of_rules(const struct explanation *explanation, size_t statement)
{
    const struct decision *decision = &explanation->decisions[statement];
    json_t *rules = json_array();
    for (size_t i = 0; i < decision->fired_count; i++) {
        const struct rule *rule = decision->fired[i].rule;
        json_array_append_new(
            rules, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "id", rule->id, "action",
                             settings_action_name(decision->fired[i].action), "message", rule->why,
                             "not_because", json_of_text(decision->fired[i].not_because), "hint",
                             json_of_hint(explanation, statement, rule), "decided",
                             json_of_origin(explanation, rule, &decision->fired[i].origin)));
    }
    return rules;
}

static json_t *json_of_statement(const struct explanation *explanation, size_t i)
{
    const struct statement *statement = &explanation->statements[i];
    const struct decision *decision = &explanation->decisions[i];
    struct span sql = span_cut(explanation->sql, statement->start, statement->length);
    json_t *whole = json_pack("{s:o, s:s, s:s, s:s, s:b, s:o, s:o}", "sql", json_of_span(sql),
                              "kind", statement_kind_name(statement->kind), "tag", statement->tag,
                              "verdict", verdict_name(decision->verdict), "guard", decision->guard,
                              "rules", json_of_rules(explanation, i), "comment_refused",
                              json_of_text(comment_fault_text(decision->comment)));
    struct effect effect = effect_at(explanation, i);
    explain_effect_add(&effect, whole);
    return whole;
}

static json_t *json_of_steps(const struct plan *plan, struct span text)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        struct span sql = step->sql.length > 0 ? step->sql : text;
        json_array_append_new(steps,
                              json_pack("{s:s, s:o, s:b}", "kind", step_kind_name(step->kind),
                                        "sql", json_of_span(sql), "retry", step->retry));
    }
    return steps;
}

bool explanation_print_json(const struct explanation *explanation)
{
    const struct plan *plan = &explanation->plan;
    json_t *statements = json_array();
    for (size_t i = 0; i < explanation->count; i++) {
        json_array_append_new(statements, json_of_statement(explanation, i));
    }
    bool asked = explanation->asked_about < explanation->count;
    json_t *facts = asked ? explain_facts_json(&explanation->statements[explanation->asked_about],
                                               &explanation->facts)
                          : json_null();
    json_t *whole =
        json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:i, s:i}", "statements", statements, "profile",
                  config_profiles[explanation->settings.profile], "facts", facts, "notice",
                  json_of_span(plan->notice), "hint", json_of_span(plan->notice_hint), "steps",
                  json_of_steps(plan, explanation->sql), "attempts", (int)plan->attempts,
                  "lock_timeout_ms", (int)plan->lock_timeout_ms);
    bool printed = whole != NULL && json_dumpf(whole, stdout, JSON_COMPACT) == 0;
    json_decref(whole);
    putchar('\n');
    return printed;
}
