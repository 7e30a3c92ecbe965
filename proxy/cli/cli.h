/* The subcommands. main.c picks one by the first word and hands over the rest of the line, as a
 * program of its own would get it: argv[0] is the subcommand's name, for its messages.
 *
 * Results go to stdout, complaints to stderr. Each returns the exit code of the program. */
#ifndef PROXY_CLI_CLI_H
#define PROXY_CLI_CLI_H

#define CLI_VERSION "0.1.0"

enum cli_exit {
    CLI_OK = 0,
    CLI_FINDINGS = 1, /* the question was answered, and the answer is not a clean one */
    CLI_USAGE = 2,    /* bad usage, or input that cannot be read */
};

int cli_run(int argc, char **argv);     /* the proxy, in the foreground */
int cli_check(int argc, char **argv);   /* lint files of SQL */
int cli_explain(int argc, char **argv); /* verdict and plan of a statement */
int cli_rules(int argc, char **argv);   /* list the rules */
int cli_config(int argc, char **argv);  /* check or print the configuration */
int cli_ledger(int argc, char **argv);  /* read and verify the ledger */

#endif
