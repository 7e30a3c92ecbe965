/* From a statement to its findings: the grammar's complaint first, then the rules that fired. */
#include "proxy/cli/check_judge.h"

#include "policy/sql/alter_text.h"

const char *check_level_name(enum check_level level)
{
    static const char *const names[] = {
#define X(name, text) text,
        CHECK_LEVELS(X)
#undef X
    };
    return names[level];
}

static const char open_message[] =
    "the text ends inside a string, a quoted name, a comment or a parenthesis";

static bool starts_variable(struct span text)
{
    uint8_t next = text.length > 1 ? text.at[1] : ' ';
    return text.length > 1 && text.at[0] == ':' &&
           (next == '\'' || next == '"' || next == '{' || next == '_' ||
            (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next >= 0x80);
}

/* What the grammar says, if the statement is not too long for it. A long one is known to be wrong
 * only when it has no end: half of the file may be in it. */
static bool judge_syntax(size_t parse_limit, const struct check_piece *piece,
                         struct check_judgement *out)
{
    if (out->sql.length > parse_limit) {
        (void)memcpy(out->error.message, open_message, sizeof open_message);
        return piece->open;
    }
    /* What has been parsed into something is right. */
    enum statement_kind kind = out->statement.kind;
    return (kind == STATEMENT_UNPARSED || kind == STATEMENT_OTHER) &&
           sql_find_error(out->sql, &out->error);
}

static void add_syntax_finding(struct check_judgement *out)
{
    size_t at = out->error.at < out->sql.length ? out->error.at : out->sql.length;
    bool variable = starts_variable(span_from(out->sql, at));
    const char *hint = variable
                           ? "This is a variable of psql: write its value here, or a name that "
                             "stands for it, to have the statement checked."
                           : "If PostgreSQL accepts it, a newer libpg_query is needed to read "
                             "it.";
    out->findings[out->finding_count++] =
        (struct check_finding){.level = CHECK_ERROR,
                               .rule = rule_unparsed.id,
                               .action = settings_action_name(ACTION_BLOCK),
                               .at = out->statement.start + at,
                               .message = span_text(out->error.message),
                               .hint = span_text(hint)};
    out->verdict = VERDICT_BLOCK;
}

/* A query is harmless, however long; but who forgot a quote has made a long query of much else. */
static void add_length_note(struct check_judgement *out)
{
    out->findings[out->finding_count++] = (struct check_finding){
        .level = CHECK_NOTE,
        .rule = rule_too_long.id,
        .action = settings_action_name(ACTION_ALLOW),
        .at = out->statement.start,
        .message = span_text("the statement is longer than the parse limit: its syntax is not "
                             "checked")};
}

/* What a rule is about: the one action of an ALTER TABLE that concerns it, or the whole. */
static void find_place(const struct rule *rule, const struct facts *facts,
                       const struct check_judgement *judgement, struct check_finding *out)
{
    const struct statement *statement = &judgement->statement;
    size_t action = rule_find_action(rule, statement, facts);
    bool part = action < STATEMENT_ACTIONS_MAX && statement->actions[action].length > 0;
    out->at = statement->start + (part ? statement->actions[action].start : 0);
    out->length = part ? statement->actions[action].length : judgement->sql.length;
}

static void add_rule_findings(const struct decision *decision, const struct situation *now,
                              const struct facts *facts, struct check_judgement *out)
{
    for (size_t i = 0; i < decision->fired_count; i++) {
        const struct rule *rule = decision->fired[i].rule;
        enum action action = decision->fired[i].action;
        if (out->broken && rule == &rule_unparsed) {
            continue; /* said already, and better */
        }
        if (action == ACTION_ALLOW) {
            continue; /* somebody wants it so */
        }
        rule_append_hint(rule, &out->statement, out->sql, facts, now->tool, &out->hints[i]);
        out->failed = out->failed || out->hints[i].failed;
        /* That no server was asked is nothing to tell anybody here. */
        const char *reason = situation_may_rewrite(now) ? NULL : decision->fired[i].not_because;
        struct check_finding *finding = &out->findings[out->finding_count++];
        *finding =
            (struct check_finding){.level = action == ACTION_BLOCK ? CHECK_ERROR : CHECK_WARNING,
                                   .rule = rule->id,
                                   .action = settings_action_name(action),
                                   .message = span_text(rule->why),
                                   .reason = span_text(reason),
                                   .hint = buffer_span(&out->hints[i])};
        find_place(rule, facts, out, finding);
    }
}

/* Where no version was told: the way it is done on a server of today. */
#define ORDINARY_VERSION 170000

/* The first name that PostgreSQL would try for a constraint without one; else it stays empty. */
static void fill_free_name(const struct statement *statement, struct span sql, size_t action,
                           unsigned flag, char *name)
{
    char names[1][NAME_BYTES];
    if (alter_constraint_names(sql, statement, action, flag, names, 1) == 1) {
        memcpy(name, names[0], NAME_BYTES);
    }
}

/* What an action of an ALTER TABLE finds there: its column, which may be NULL, the constraint and
 * the other table that it names, and no other that has the name that it would get. */
static void fill_ordinary_action(const struct statement *statement, struct span sql, size_t i,
                                 struct action_facts *out)
{
    const struct alter_action *action = &statement->actions[i];
    unsigned keys = action->column_count < 32 ? action->column_count : 31;
    *out = (struct action_facts){.known = true,
                                 .column_exists = action->kind != ALTER_ADD_COLUMN,
                                 .constraint_exists = action->kind == ALTER_VALIDATE ||
                                                      action->kind == ALTER_DROP_CONSTRAINT ||
                                                      action->kind == ALTER_ALTER_CONSTRAINT,
                                 .keys_nullable = (1u << keys) - 1,
                                 .other_exists = action->kind != ALTER_DROP_CONSTRAINT,
                                 .other_kind = action->flags & ALTER_USING_INDEX ? 'i' : 'r',
                                 .other_bytes = -1};
    fill_free_name(statement, sql, i, 0, out->free_name);
    fill_free_name(statement, sql, i, COLUMN_CHECK, out->free_check);
    fill_free_name(statement, sql, i, COLUMN_REFERENCES, out->free_foreign_key);
    fill_free_name(statement, sql, i, COLUMN_UNIQUE, out->free_key);
}

/* An ordinary big table (or index of one), where the plan shows what is worth knowing. */
static struct facts ordinary_facts(const struct statement *statement, struct span sql,
                                   uint32_t server_version)
{
    bool index = statement->kind == STATEMENT_DROP_INDEX ||
                 (statement->kind == STATEMENT_REINDEX && statement->reindex == REINDEX_INDEX);
    struct facts facts = {.known = true,
                          .target_known = true,
                          .server_version = server_version == 0 ? ORDINARY_VERSION : server_version,
                          .lock_timeout = "0",
                          .statement_timeout = "0",
                          .exists = true,
                          .kind = index ? 'i' : 'r',
                          .bytes = -1,
                          .rows = -1,
                          .table = statement->target,
                          .index = {.exists = index, .valid = index}};
    char names[1][NAME_BYTES];
    if (sql_index_names(sql, statement, names, 1) == 1) {
        memcpy(facts.index_name, names[0], sizeof facts.index_name);
    }
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        fill_ordinary_action(statement, sql, i, &facts.actions[i]);
    }
    return facts;
}

/* `text`: all that the statement was cut from, with its comments. */
static void judge_steps(const struct check_judge *judge, struct span text,
                        const struct settings *settings, const struct situation *now,
                        struct check_judgement *out)
{
    struct facts facts = ordinary_facts(&out->statement, out->sql, judge->server_version);
    struct decision decision = decide_in_text(text, &out->statement, now, &facts, settings);
    struct plan_request request = {.statements = &out->statement,
                                   .count = 1,
                                   .text = text,
                                   .decisions = &decision,
                                   .now = now,
                                   .facts = &facts,
                                   .settings = settings,
                                   .parse_limit = judge->config->parse_limit_bytes};
    out->failed = !plan_build(&request, &out->plan) || out->failed;
}

void check_judge(const struct check_judge *judge, const struct check_track *track,
                 const struct check_reader *reader, const struct check_piece *piece,
                 struct check_judgement *out)
{
    const struct config *config = judge->config;
    struct identity nobody = {"", "", "", "", judge->wall_us};
    *out = (struct check_judgement){0};
    struct span text = buffer_span(&reader->sql);
    sql_parse(text, &piece->cut, config->parse_limit_bytes, &out->statement);
    out->sql = span_cut(text, piece->cut.start, piece->cut.length);
    out->broken = judge_syntax(config->parse_limit_bytes, piece, out);
    if (out->broken) {
        out->statement.kind = STATEMENT_UNPARSED;
        add_syntax_finding(out);
    } else if (out->statement.kind == STATEMENT_OTHER &&
               out->sql.length > config->parse_limit_bytes) {
        add_length_note(out);
    }
    struct settings settings = settings_resolve(&config->settings, config->overrides,
                                                config->override_count, &nobody, &out->statement);
    /* Who will run it is not known: one whose comments are honoured, if there is anybody. */
    settings.may_comment = config->settings.comment_users_count > 0;
    struct situation now = {.in_transaction = track->in_transaction, .alone = true};
    struct facts facts = {.new_here = check_track_is_new(track, &out->statement),
                          .locked_here = check_track_is_locked(track, &out->statement),
                          .server_version = judge->server_version};
    struct decision decision = decide_in_text(text, &out->statement, &now, &facts, &settings);
    out->verdict = decision.verdict > out->verdict ? decision.verdict : out->verdict;
    out->effect = effect_of(&out->statement, &facts, judge->server_version);
    add_rule_findings(&decision, &now, &facts, out);
    if (judge->steps && !out->broken && !facts.new_here &&
        statement_is_guarded(out->statement.kind)) {
        judge_steps(judge, text, &settings, &now, out);
    }
}

void check_judgement_free(struct check_judgement *judgement)
{
    plan_free(&judgement->plan);
    for (size_t i = 0; i < DECISION_RULES_MAX; i++) {
        buffer_free(&judgement->hints[i]);
    }
}
