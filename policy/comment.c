/* Comments into settings. It reads only what begins with `ddlguard:`; all other comments are the
 * client's own business. */
#include "policy/comment.h"

#include "policy/rule.h"
#include "policy/sql/sql.h"

const char *comment_fault_text(enum comment_fault fault)
{
    static const char *const texts[] = {
#define X(name, text) text,
        COMMENT_FAULTS(X)
#undef X
    };
    return texts[fault];
}

static void comment_skip_blanks(struct span *rest)
{
    while (rest->length > 0 &&
           (rest->at[0] == ' ' || (rest->at[0] >= '\t' && rest->at[0] <= '\r'))) {
        *rest = span_from(*rest, 1);
    }
}

/* Takes `word`, with the blanks before it. */
static bool comment_take(struct span *rest, const char *word)
{
    comment_skip_blanks(rest);
    if (!span_is(span_cut(*rest, 0, strlen(word)), word)) {
        return false;
    }
    *rest = span_from(*rest, strlen(word));
    return true;
}

/* What the comment says: without its marks. */
static struct span comment_body(struct span comment)
{
    struct span body = span_from(comment, 2);
    bool closed = comment.at[0] == '/' && body.length >= 2;
    return closed ? span_cut(body, 0, body.length - 2) : body;
}

/* A name up to a blank, a comma or the end. */
static struct span comment_take_name(struct span *rest)
{
    size_t length = 0;
    comment_skip_blanks(rest);
    while (length < rest->length && rest->at[length] > ' ' && rest->at[length] != ',') {
        length++;
    }
    struct span name = span_cut(*rest, 0, length);
    *rest = span_from(*rest, length);
    return name;
}

/* -1: there is no such rule. */
static int comment_find_rule(struct span name)
{
    for (size_t i = 0; i < rules_count(); i++) {
        if (span_is(name, rules_at(i)->id)) {
            return (int)i;
        }
    }
    return -1;
}

/* RULE, RULE … into a set. */
static enum comment_fault comment_read_rules(struct span *rest, bool allowed[RULES_MAX])
{
    do {
        int rule = comment_find_rule(comment_take_name(rest));
        if (rule < 0) {
            return COMMENT_RULE;
        }
        allowed[rule] = true;
    } while (comment_take(rest, ","));
    return COMMENT_NONE;
}

/* reason="…", and nothing behind it. */
static enum comment_fault comment_read_reason(struct span *rest, struct span *reason)
{
    if (!comment_take(rest, "reason=\"")) {
        return COMMENT_REASON;
    }
    comment_skip_blanks(rest);
    const uint8_t *end = rest->length == 0 ? NULL : memchr(rest->at, '"', rest->length);
    if (end == NULL || end == rest->at) {
        return COMMENT_REASON;
    }
    *reason = span_cut(*rest, 0, (size_t)(end - rest->at));
    *rest = span_from(*rest, reason->length + 1);
    comment_skip_blanks(rest);
    return rest->length == 0 ? COMMENT_NONE : COMMENT_FORM;
}

static enum comment_fault comment_read(struct span body, bool allowed[RULES_MAX],
                                       struct span *reason)
{
    bool blank = body.length > 5 && body.at[5] <= ' ';
    if (!comment_take(&body, "allow") || !blank) {
        return COMMENT_FORM;
    }
    enum comment_fault fault = comment_read_rules(&body, allowed);
    return fault != COMMENT_NONE ? fault : comment_read_reason(&body, reason);
}

static enum comment_fault comment_lay_over(struct span body, struct settings *settings)
{
    bool allowed[RULES_MAX] = {false};
    struct origin origin = {.kind = ORIGIN_COMMENT};
    if (!settings->may_comment) {
        return COMMENT_ROLE;
    }
    enum comment_fault fault = comment_read(body, allowed, &origin.reason);
    for (size_t i = 0; i < RULES_MAX && fault == COMMENT_NONE; i++) {
        if (allowed[i]) {
            settings->actions[i] = ACTION_ALLOW;
            settings->origins[i] = origin;
        }
    }
    return fault;
}

enum comment_fault comment_apply(struct span text, const struct statement *statement,
                                 struct settings *settings)
{
    size_t end = statement->start + statement->length;
    struct span own = span_cut(text, statement->from, end - statement->from);
    struct span comment;
    enum comment_fault last = COMMENT_NONE;
    if (!statement_is_guarded(statement->kind)) {
        return COMMENT_NONE; /* no rule is asked about it */
    }
    for (size_t at = 0; sql_next_comment(own, &at, &comment);) {
        struct span body = comment_body(comment);
        if (comment_take(&body, "ddlguard:")) {
            enum comment_fault fault = comment_lay_over(body, settings);
            last = fault != COMMENT_NONE ? fault : last;
        }
    }
    return last;
}
