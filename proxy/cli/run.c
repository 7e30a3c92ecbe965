/* ddlguard run: the proxy, in the foreground. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/configuration.h"
#include "proxy/net/process.h"

static int complain_usage(void)
{
    fputs("usage: ddlguard run [--config FILE]\n"
          "Without --config: /etc/ddlguard/ddlguard.yaml if it is there, else the defaults.\n",
          stderr);
    return CLI_USAGE;
}

int cli_run(int argc, char **argv)
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
    if (optind != argc) {
        return complain_usage();
    }
    const char *path = configuration_path(given);
    struct config *config = configuration_load(path, "run");
    if (config == NULL) {
        return CLI_USAGE;
    }
    configuration_warn(config, path);
    bool in_order = process_run(config);
    config_free(config);
    return in_order ? CLI_OK : CLI_FINDINGS;
}
