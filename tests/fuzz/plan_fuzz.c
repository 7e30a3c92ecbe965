/* Any text in any situation, with any facts and settings: decisions and plans keep their promises.
 *
 *      | situation (1) | facts (1) | relkind (1) | settings (1) | text ... |
 *
 * - a plan has one RUN, or is one REFUSE exactly when something is blocked, or one NOOP
 * - what is set is put back, last
 * - every text of ours is signed and lies in the plan's own text
 * - what is rewritten is one statement of the same kind, now concurrent, or the same statements
 * with ours between them
 * - a part is one statement, comes before the RUN, and is tried again from a step that sets the
 * timeouts, or from itself; what is undone is a part or the RUN
 *
 * Bits 16 and 32 of the situation put a rewrite or a NOOP in the place of what the rules say. With
 * 64 an index may be built beside a transaction. */
#include <assert.h>

#include "policy/plan.h"
#include "policy/probe.h"
#include "policy/shadow.h"
#include "tests/fuzz/fuzz_sql.h"

/* The grammar's recursion needs about 1 kB of stack per byte, and a fuzzer's stack is 8 MB. */
#define PARSE_MOST      2048
#define STATEMENTS_MOST 16

struct message {
    struct statement statements[STATEMENTS_MOST];
    struct decision decisions[STATEMENTS_MOST];
    size_t count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct situation read_situation(uint8_t bits, size_t count)
{
    return (struct situation){.in_transaction = bits & 1,
                              .transaction_failed = (bits & 3) == 3,
                              .alone = count == 1 && !(bits & 4),
                              .extended = bits & 8,
                              .aside = bits & 64 ? 4711 : 0,
                              .may_save = bits & 128 && bits & 1};
}

static struct action_facts read_action_facts(uint8_t bits)
{
    return (struct action_facts){.known = true,
                                 .column_exists = bits & 16,
                                 .column_not_null = bits & 32,
                                 .column_proved = bits & 64,
                                 .constraint_exists = bits & 128,
                                 .constraint_valid = bits & 64,
                                 .keys_not_null = bits & 32,
                                 .keys_nullable = bits,
                                 .free_name = "free'\"name",
                                 .free_check = "free check",
                                 .free_foreign_key = "Free",
                                 .free_key = "free%key",
                                 .not_null_name = "nn",
                                 .free_sequence = "free'\"seq"};
}

static const struct foreign_key_facts foreign_keys[] = {
    {.valid = true, .table = {"s", "p"}, .name = "f", .definition = "FOREIGN KEY (a) REFERENCES p"},
    {.table = {"s", "q\""}, .name = "g'\"", .definition = "FOREIGN KEY (b) REFERENCES \"q\"\"\""},
    {.incoming = true, .table = {"s", "r"}, .name = "h"},
};

static struct facts read_facts(uint8_t bits, uint8_t kind)
{
    static const char kinds[] = "rpmiIvtSf";
    if (bits & 1) {
        return (struct facts){0};
    }
    struct facts facts = {.known = true,
                          .target_known = !(bits & 2),
                          .server_version = bits & 4   ? 140001
                                            : kind & 8 ? 180000
                                                       : 170000,
                          .lock_timeout_ms = bits & 8 ? 100 : 0,
                          .lock_timeout = "0",
                          .statement_timeout = "0",
                          .transaction_timeout = "0",
                          .idle_session_timeout = "1min",
                          .deadlock_timeout_ms = 1000,
                          .exists = !(bits & 16),
                          .kind = kinds[kind % (sizeof kinds - 1)],
                          .new_here = bits & 32,
                          .temporary = bits & 64,
                          .bytes = bits & 128 ? 0 : 1 << 30,
                          .table = {"it's", "a \"name\""},
                          .nullable_keys = {"a", "\"B%"},
                          .nullable_key_count = kind % 3,
                          .index_name = "chosen'\"name"};
    for (size_t i = 0; i < STATEMENT_ACTIONS_MAX; i++) {
        facts.actions[i] = read_action_facts((uint8_t)(kind + i));
    }
    facts.unproved_known = !(kind & 16);
    facts.fill = (struct fill_facts){.known = !(kind & 32),
                                     .may_own = !(bits & 32),
                                     .key = {"a", "b\""},
                                     .key_count = kind / 9 % 3};
    facts.rebuilt = (struct rebuilt_facts){.checks = {"k'%", "\"K\""}, .count = kind % 3};
    facts.foreign_keys = foreign_keys;
    facts.foreign_key_count = bits & 64 ? sizeof foreign_keys / sizeof *foreign_keys : 0;
    facts.foreign_keys_known = !(bits & 128);
    facts.target_oid = 16384;
    facts.dropped_count = kind % (STATEMENT_OBJECTS_MAX + 1);
    for (size_t i = 0; i < facts.dropped_count; i++) {
        facts.dropped[i] = (struct dropped_facts){.exists = bits >> i & 1,
                                                  .kind = facts.kind,
                                                  .oid = (uint32_t)i,
                                                  .table = {"s", "it's"},
                                                  .droppable = !(bits & 4)};
    }
    return facts;
}

static void force_verdict(uint8_t bits, struct message *message)
{
    if (bits & 48 && message->count == 1) {
        message->decisions[0].verdict = bits & 16 ? VERDICT_REWRITE : VERDICT_NOOP;
    }
}

static struct settings read_settings(uint8_t bits)
{
    struct settings settings = settings_default();
    settings.mode = bits & 1 ? MODE_OBSERVE : MODE_ENFORCE;
    settings.profile = (enum profile)((bits >> 1) % 3);
    settings.actions[(bits >> 3) % rules_count()] = (enum action)((bits >> 5) % 5);
    return settings;
}

static bool is_blocked(const struct message *message, const struct settings *settings)
{
    bool blocked = false;
    for (size_t i = 0; i < message->count; i++) {
        blocked = blocked || message->decisions[i].verdict == VERDICT_BLOCK;
    }
    return blocked && settings->mode == MODE_ENFORCE;
}

static void check_steps(const struct plan *plan, bool blocked)
{
    size_t runs = 0, refusals = 0, guards = 0, restores = 0, noops = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        struct span text = buffer_span(&plan->text);
        assert(step->sql.length == 0 ||
               (step->sql.at >= text.at &&
                span_from(text, (size_t)(step->sql.at - text.at)).length >= step->sql.length));
        bool ours = step->kind != STEP_RUN && step->kind != STEP_NOOP;
        assert(!ours || span_is(span_cut(step->sql, 0, 15), "/* ddlguard */ "));
        assert(step->retry_from <= i && step->undo_of <= i);
        runs += step->kind == STEP_RUN;
        refusals += step->kind == STEP_REFUSE;
        guards += step->kind == STEP_GUARD;
        restores += step->kind == STEP_RESTORE;
        noops += step->kind == STEP_NOOP;
    }
    assert(refusals == (blocked ? 1 : 0) && runs == 1 - refusals - noops);
    assert(noops == 0 || plan->count == 1);
    assert(restores == (guards > 0 ? 1 : 0) || plan->own_count > 0);
    assert(restores == 0 || plan->steps[plan->count - 1].kind == STEP_RESTORE);
    assert(plan->attempts > 0);
}

/* The client's statements in their order, and ours where they were said to be. */
static void check_insertions(const struct plan *plan, struct span sql,
                             const struct message *message)
{
    struct statement spliced[STATEMENTS_MOST + SPLICES_MOST];
    size_t count = fuzz_read_statements(sql, PARSE_MOST, spliced, STATEMENTS_MOST + SPLICES_MOST);
    size_t own = 0;
    assert(count == message->count + plan->own_count);
    for (size_t i = 0; i < count; i++) {
        struct span text = span_cut(sql, spliced[i].start, spliced[i].length);
        if (own < plan->own_count && plan->own[own] + own == i) {
            assert(span_is(span_cut(text, 0, 23), "SET LOCAL lock_timeout "));
            own++;
        } else {
            assert(spliced[i].kind == message->statements[i - own].kind &&
                   spliced[i].length == message->statements[i - own].length);
        }
    }
    assert(own == plan->own_count && own == plan->splice.count);
}

static void check_parts(const struct plan *plan)
{
    size_t run = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        struct statement parsed[2];
        run = step->kind == STEP_RUN ? i : run;
        if (step->kind == STEP_PART) {
            assert(run == 0 && fuzz_read_statements(step->sql, PARSE_MOST, parsed, 2) == 1);
            assert(plan->steps[step->retry_from].kind == STEP_GUARD || step->retry_from == i);
        }
        if (step->kind == STEP_UNDO) {
            enum step_kind undone = plan->steps[step->undo_of].kind;
            assert(undone == STEP_PART || undone == STEP_RUN || undone == STEP_ASIDE);
            assert(run > 0 && (step->undo_of < run || step->undo_started));
        }
    }
}

static bool is_in_parts(const struct message *message)
{
    const struct statement *statement = &message->statements[0];
    bool drops = statement->kind == STATEMENT_DROP_TABLE ||
                 (statement->kind == STATEMENT_DROP_INDEX && statement->object_count > 1);
    return drops || statement->kind == STATEMENT_ALTER_TABLE || statement->form == FORM_REFRESH ||
           statement->form == FORM_PARTITION_OF;
}

static void check_rewrite(const struct plan *plan, const struct message *message)
{
    const struct statement *original = &message->statements[0];
    for (size_t i = 0; i < plan->count; i++) {
        struct span sql = plan->steps[i].sql;
        if (plan->steps[i].kind != STEP_RUN || sql.length == 0) {
            continue;
        }
        if (plan->own_count > 0) {
            check_insertions(plan, sql, message);
            continue;
        }
        struct statement rewritten[2];
        assert(fuzz_read_statements(sql, PARSE_MOST, rewritten, 2) == 1);
        if (is_in_parts(message) || plan->aside > 0) {
            assert(strcmp(rewritten[0].tag, original->tag) == 0 || plan->tag == original->tag);
            continue;
        }
        assert(rewritten[0].kind == original->kind && !(original->flags & FLAG_CONCURRENTLY));
        assert(rewritten[0].flags & FLAG_CONCURRENTLY && !(rewritten[0].flags & FLAG_UNNAMED));
    }
}

static void check_probe(const struct message *message, struct span text,
                        const struct situation *now)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct statement *statement = &message->statements[i];
        struct probe probe;
        struct span own = span_cut(text, statement->start, statement->length);
        assert(probe_build(statement, own, now, &probe));
        assert(probe.count > 0 && probe.count <= PROBE_QUERIES_MAX);
        for (size_t k = 0; k < probe.count; k++) {
            assert(span_is(span_cut(probe.queries[k], 0, 15), "/* ddlguard */ "));
        }
        probe_free(&probe);
    }
}

/* Whatever the client writes, only the copy is altered, one action at a time, between the way in
 * and the way out. */
static void check_shadow(const struct message *message, struct span text,
                         const struct situation *now)
{
    struct facts facts = {.known = true,
                          .target_known = true,
                          .exists = true,
                          .kind = 'r',
                          .table = {"Some \"schema", "its table"},
                          .unproved_known = true,
                          .may_copy = true};
    for (size_t i = 0; i < message->count; i++) {
        const struct statement *statement = &message->statements[i];
        struct shadow shadow;
        struct span own = span_cut(text, statement->start, statement->length);
        assert(shadow_build(statement, own, now, &facts, &shadow));
        for (size_t k = 0; k < shadow.count; k++) {
            struct statement parsed[2];
            assert(fuzz_read_statements(shadow.steps[k].sql, PARSE_MOST, parsed, 2) == 1);
            if (shadow.steps[k].kind == SHADOW_ALTER) {
                assert(parsed[0].kind == STATEMENT_ALTER_TABLE && parsed[0].action_count == 1);
                assert(strcmp(parsed[0].target.schema, "pg_temp") == 0);
                assert(strcmp(parsed[0].target.name, "its table") == 0);
            }
        }
        assert(shadow.count == 0 || shadow.steps[shadow.count - 1].kind == SHADOW_LEAVE);
        shadow_free(&shadow);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4 || size > PARSE_MOST / 2) {
        return 0;
    }
    struct message message = {0};
    struct span text = span_of(data + 4, size - 4);
    message.count = fuzz_read_statements(text, PARSE_MOST, message.statements, STATEMENTS_MOST);
    if (message.count == 0) {
        return 0;
    }
    struct situation now = read_situation(data[0], message.count);
    struct facts facts = read_facts(data[1], data[2]);
    struct settings settings = read_settings(data[3]);
    settings.may_comment = true;
    for (size_t i = 0; i < message.count; i++) {
        message.decisions[i] =
            decide_in_text(text, &message.statements[i], &now, &facts, &settings);
    }
    force_verdict(data[0], &message);
    struct plan_request request = {message.statements, message.count, text,
                                   message.decisions,  &now,          &facts,
                                   &settings,          PARSE_MOST};
    struct plan plan;
    assert(plan_build(&request, &plan));
    check_steps(&plan, is_blocked(&message, &settings));
    check_parts(&plan);
    check_rewrite(&plan, &message);
    plan_free(&plan);
    check_probe(&message, text, &now);
    check_shadow(&message, text, &now);
    return 0;
}
