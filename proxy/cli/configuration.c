/* The configuration that a subcommand works with. */
#include "proxy/cli/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
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

void configuration_warn(const struct config *config, const char *path)
{
    struct buffer warnings = {0};
    config_warn(config, path == NULL ? "the defaults" : path, (uint64_t)time(NULL) * 1000000,
                &warnings);
    fprintf(stderr, "%.*s", (int)warnings.length,
            warnings.length == 0 ? "" : (const char *)warnings.at);
    buffer_free(&warnings);
}
