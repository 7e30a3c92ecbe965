/* ddlguard: picks the subcommand, and does nothing else. */
#include <stdio.h>
#include <string.h>

#include "proxy/cli/cli.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", cli_run, "the proxy, in the foreground; logs to stderr"},
    {"check", cli_check, "lint files of SQL with the proxy's own rules, offline"},
    {"explain", cli_explain, "verdict, rules and plan of a statement"},
    {"rules", cli_rules, "every rule, and what it does"},
    {"config", cli_config, "check or print the configuration"},
    {"ledger", cli_ledger, "read and verify the ledger of schema changes"},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_help(FILE *out)
{
    fputs("ddlguard: a PostgreSQL proxy that makes schema changes safe\n\n"
          "usage: ddlguard COMMAND [OPTION…]\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    }
    fputs("\n  --help, --version\n", out);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (strcmp(word, "--version") == 0) {
        puts("ddlguard " CLI_VERSION);
        return CLI_OK;
    }
    if (strcmp(word, "--help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    print_help(stderr);
    return CLI_USAGE;
}
