/* ddlguard rules: every rule, what it fires on and what it does. Reads no configuration: these are
 * the defaults; `ddlguard config print` has what is in force. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/rules_cli.h"

static int complain_usage(void)
{
    fputs("usage: ddlguard rules [--markdown | --json]\n"
          "Every rule with what it fires on and what it does in the profiles guard and strict.\n",
          stderr);
    return CLI_USAGE;
}

static bool print_text(void)
{
    for (size_t i = 0; i < rules_count(); i++) {
        const struct rule *rule = rules_at(i);
        printf("%s\n    %s\n    guard: %s; strict: %s\n", rule->id, rule->on,
               rules_describe_action(rule, PROFILE_GUARD),
               rules_describe_action(rule, PROFILE_STRICT));
    }
    return fflush(stdout) == 0;
}

static bool print_markdown(void)
{
    struct buffer out = {0};
    rules_append_markdown(&out);
    bool good =
        !out.failed && fwrite(out.at, 1, out.length, stdout) == out.length && fflush(stdout) == 0;
    buffer_free(&out);
    return good;
}

static bool print_json(void)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < rules_count(); i++) {
        const struct rule *rule = rules_at(i);
        json_array_append_new(rules,
                              json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:b, s:b}", "id", rule->id,
                                        "on", rule->on, "why", rule->why, "hint", rule->hint,
                                        "guard", settings_action_name(rule->guard), "strict",
                                        settings_action_name(rule->strict), "rewrites",
                                        rule->may_rewrite != NULL, "by_size", rule->heavy));
    }
    bool good = json_array_size(rules) == rules_count() &&
                json_dumpf(rules, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF &&
                fflush(stdout) == 0;
    json_decref(rules);
    return good;
}

int cli_rules(int argc, char **argv)
{
    static const struct option options[] = {
        {"markdown", no_argument, NULL, 'm'}, {"json", no_argument, NULL, 'j'}, {0}};
    bool (*print)(void) = print_text;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'm' && option != 'j') {
            return complain_usage();
        }
        print = option == 'm' ? print_markdown : print_json;
    }
    if (optind != argc) {
        return complain_usage();
    }
    if (!print()) {
        fputs("ddlguard rules: cannot be written\n", stderr);
        return CLI_USAGE;
    }
    return CLI_OK;
}
