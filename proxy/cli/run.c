/* ddlguard run: the proxy, in the foreground. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/config.h"
#include "proxy/cli/cli.h"
#include "proxy/net/process.h"

static const char default_path[] = "/etc/ddlguard/ddlguard.yaml";

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
    const char *path = access(default_path, F_OK) == 0 ? default_path : NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'c') {
            return complain_usage();
        }
        path = optarg;
    }
    if (optind != argc) {
        return complain_usage();
    }
    char *why = NULL;
    struct config *config = path == NULL ? config_default() : config_load(path, &why);
    if (config == NULL) {
        fputs(why == NULL ? "ddlguard run: out of memory\n" : why, stderr);
        free(why);
        return CLI_USAGE;
    }
    bool in_order = process_run(config);
    config_free(config);
    return in_order ? CLI_OK : CLI_FINDINGS;
}
