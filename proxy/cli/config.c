/* ddlguard config check | print: what the proxy would make of a configuration file, without
 * starting it. Opens no socket and no ledger. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/configuration.h"

static int complain_usage(void)
{
    fputs("usage: ddlguard config check [--config FILE]\n"
          "       ddlguard config print [--config FILE]\n"
          "Without --config: /etc/ddlguard/ddlguard.yaml if it is there, else the defaults.\n",
          stderr);
    return CLI_USAGE;
}

static int print(const struct config *config)
{
    struct buffer out = {0};
    config_print(config, &out);
    bool good =
        !out.failed && fwrite(out.at, 1, out.length, stdout) == out.length && fflush(stdout) == 0;
    if (!good) {
        fputs("ddlguard config print: cannot be written\n", stderr);
    }
    buffer_free(&out);
    return good ? CLI_OK : CLI_USAGE;
}

int cli_config(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {0}};
    const char *given = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'c') {
            return complain_usage();
        }
        given = optarg;
    }
    const char *verb = optind == argc - 1 ? argv[optind] : "";
    bool checks = strcmp(verb, "check") == 0;
    if (!checks && strcmp(verb, "print") != 0) {
        return complain_usage();
    }
    const char *path = configuration_path(given);
    struct config *config = configuration_load(path, "config");
    if (config == NULL) {
        return CLI_USAGE;
    }
    int code = CLI_OK;
    if (checks) {
        configuration_warn(config, path);
        printf("%s: ok\n", path == NULL ? "the defaults" : path);
    } else {
        code = print(config);
    }
    config_free(config);
    return code;
}
