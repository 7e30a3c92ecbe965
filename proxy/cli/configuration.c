/* The configuration that a subcommand works with. */
#include "proxy/cli/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char installed_path[] = "/etc/ddlguard/ddlguard.yaml";

const char *configuration_path(const char *given)
{
    if (given != NULL) {
        return given;
    }
    return access(installed_path, F_OK) == 0 ? installed_path : NULL;
}

struct config *configuration_load(const char *path, const char *command)
{
    char *why = NULL;
    struct config *config = path == NULL ? config_default() : config_load(path, &why);
    if (config == NULL && why == NULL) {
        fprintf(stderr, "ddlguard %s: out of memory\n", command);
    } else if (config == NULL) {
        fputs(why, stderr);
    }
    free(why);
    return config;
}
