/* docs/rules.md: what a reader must know before the rules, and then the rules as they stand in
 * policy/rules/. */
#include "proxy/cli/rules_cli.h"

static const char *const introduction[] = {
    "# Rules\n"
    "\n",
    "<!-- Written by `ddlguard rules --markdown`; the introduction is in "
    "proxy/cli/rules_markdown.c, the\n"
    "rest in policy/rules/. Change it there. -->\n"
    "\n",
    "A rule is one file in `policy/rules/` and one line in `policy/rules.c`. Its id is the key in "
    "the\n"
    "configuration (`rules:`), in the ledger, in notices and in refusals; where "
    "[Squawk](https://squawkhq.com) has the\n"
    "rule, it has Squawk's id. `ddlguard rules` lists them, with `--json` for programs.\n"
    "\n",
    "Actions: `allow` switches a rule off, `warn` runs the statement guarded and says so, "
    "`rewrite` makes\n"
    "it safe, `block` refuses it with 42501, the rule in DETAIL and the way out in HINT, with the "
    "names of the statement at\n"
    "hand. `default` is what the table says. Whatever a rule does, the change is recorded.\n"
    "\n",
    "- **Profile guard** makes safe what has a safe form and warns about the rest. **Profile "
    "strict** also\n"
    "  refuses what breaks programs or destroys data, and what could be made safe in another place "
    "(outside the transaction,\n"
    "  alone in its message).\n"
    "- **Rewrites** need a connection that is outside a transaction block, the statement alone in "
    "its message, and\n"
    "  a server that could be asked about the table. Where that is not so the statement runs under "
    "the lock timeout, with a\n"
    "  notice that says why.\n"
    "- **Heavy rules** (marked *by size* below) are about work on a whole table under a lock, "
    "without a safe form.\n"
    "  Nothing is said of them up to `limits.small_table`; from `limits.large_table` on a warning "
    "is a refusal, where it is certain that there is work. An action\n"
    "  that the configuration names holds for all sizes.\n"
    "- **Nobody there**: temporary tables, tables made in this very transaction and tables that do "
    "not exist\n"
    "  are nobody's trouble; most rules pass them over.\n"
    "- **Unknown is dangerous.** What only the server could tell (does this change of type rewrite "
    "the table?) is\n"
    "  asked; where nobody can be asked the rule fires.\n"
    "\n",
    "## When CONCURRENTLY is possible\n"
    "\n",
    "Outside a transaction block, alone in its Query message or first since the last Sync; and "
    "not\n"
    "\n",
    "| where | what happens |\n"
    "|---|---|\n"
    "| table made in this very transaction or message, temporary table, table that does not exist "
    "| it runs as it is, nothing is said |\n"
    "| table of at most `limits.small_table` | as it is, under the lock timeout, nothing is said "
    "|\n"
    "| CREATE INDEX inside a transaction, with a maintenance connection | concurrently, "
    "[beside the transaction](operations.md#an-index-beside-an-open-transaction) |\n"
    "| inside a transaction, with other statements, behind another Execute of a pipeline | under "
    "the lock timeout, with a notice that says why and how migration tools avoid it |\n"
    "| DROP or REINDEX of a partitioned index, system catalog, several names, CASCADE | the same "
    "|\n"
    "| REINDEX of a table with an invalid index or an exclusion constraint (CONCURRENTLY would "
    "pass over them) | the same |\n"
    "| PostgreSQL 14.0 to 14.3, which can corrupt an index built concurrently | the same |\n"
    "| the server could not be asked | as it is, with a notice: see below; unknown is never taken "
    "for safe |\n"
    "\n",
    "An index without a name gets the name that PostgreSQL would have given it, so that it can be "
    "found\n"
    "again and removed should the build fail. Before a build an invalid index of the same name is "
    "dropped, unless somebody is\n"
    "building it; after a failed one too. If that cannot be done at once, the client gets a "
    "warning with the statement to\n"
    "run, and the ledger an event `needs_cleanup`; a maintenance connection tries again later.\n"
    "\n",
    "## What the guard is\n"
    "\n",
    "`lock_timeout` = the larger of `timeouts.lock` and `deadlock_timeout` + 500 ms (shorter ones "
    "never\n"
    "let autovacuum be cancelled), unless the client has a stricter one of its own; set before the "
    "change and put back behind\n"
    "it. In a message that begins or ends transactions it is set by statements of ours between the "
    "client's (`SET LOCAL`,\n"
    "whose replies the client does not see), proved to be nothing more, so that it ends with the "
    "transaction. Where the server\n"
    "could not be asked and the old value would have to be put back, the change runs without, with "
    "a warning of the rule\n"
    "`lock-timeout`. After a lock timeout or a deadlock the change is tried again with growing "
    "pauses, up to `timeouts.attempts` and `timeouts.total`, with\n"
    "a notice for each failed try; with a maintenance connection it names who was in the way. Not "
    "tried again: DO and CALL\n"
    "(they may have committed something), and several statements in one message. In a transaction "
    "it "
    "is tried again behind a\n"
    "savepoint of ours, for 30 s at most, where the statement is alone in its message or batch.\n"
    "\n",
    "A concurrent build has no lock timeout while it runs: cut off, it would leave an invalid "
    "index. It is\n"
    "started only when no transaction that writes the table has been open for "
    "`timeouts.concurrent_lock`, and is cancelled\n"
    "after `timeouts.concurrent_total`.\n"
    "\n",
    "## Squawk's rules that are not here\n"
    "\n",
    "`require-timeout-settings` and its older names: the guard sets the timeouts. "
    "`prefer-robust-stmts`:\n"
    "changes are tried again and leftovers removed without IF NOT EXISTS. `transaction-nesting`: "
    "PostgreSQL warns\n"
    "of it itself. What Squawk says of NOT VALID and VALIDATE in one transaction under\n"
    "`constraint-missing-not-valid` is [`validate-with-other-actions`]"
    "(#validate-with-other-actions).\n"
    "\n",
    "## All rules\n"
    "\n",
};

const char *rules_describe_action(const struct rule *rule, enum profile profile)
{
    bool strict = profile == PROFILE_STRICT;
    enum action action = strict ? rule->strict : rule->guard;
    switch (action) {
    case ACTION_DEFAULT:
    case ACTION_ALLOW:
        return "off";
    case ACTION_WARN:
        return rule->heavy ? "warn, block by size" : "warn";
    case ACTION_REWRITE:
        if (rule->guards) {
            return "guard";
        }
        if (rule->noop) {
            return "run nothing";
        }
        return strict ? "rewrite, else block" : "rewrite, else warn";
    case ACTION_BLOCK:
        return rule->heavy ? "block, but for small tables" : "block";
    }
    return "";
}

static void append_table(struct buffer *out)
{
    buffer_append_text(out,
                       "| rule | fires on | profile guard | profile strict |\n|---|---|---|---|\n");
    for (size_t i = 0; i < rules_count(); i++) {
        const struct rule *rule = rules_at(i);
        buffer_append_format(out, "| [`%s`](#%s) | %s | %s | %s |\n", rule->id, rule->id, rule->on,
                             rules_describe_action(rule, PROFILE_GUARD),
                             rules_describe_action(rule, PROFILE_STRICT));
    }
}

static void append_rule(const struct rule *rule, struct buffer *out)
{
    buffer_append_format(out, "\n### %s\n\nFires on: %s.\n\nWhy: %s.\n", rule->id, rule->on,
                         rule->why);
    if (rule->hint != NULL) {
        buffer_append_format(out, "\nThe way out:\n\n> %s\n", rule->hint);
    }
}

void rules_append_markdown(struct buffer *out)
{
    for (size_t i = 0; i < sizeof introduction / sizeof *introduction; i++) {
        buffer_append_text(out, introduction[i]);
    }
    append_table(out);
    buffer_append_text(out,
                       "\n## One by one\n\nIn a hint {table}, {column}, {constraint}, {type} and "
                       "{other} are the statement's own names.\n");
    for (size_t i = 0; i < rules_count(); i++) {
        append_rule(rules_at(i), out);
    }
}
