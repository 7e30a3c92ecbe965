/* The configuration that a subcommand works with: that of --config FILE, else the installed one if
 * there is one, else the defaults. */
#ifndef PROXY_CLI_CONFIGURATION_H
#define PROXY_CLI_CONFIGURATION_H

#include "config/config.h"

/* The file to be read; NULL: none, the defaults. `given` is that of --config, NULL without it. */
const char *configuration_path(const char *given);

/* Free it with config_free. NULL: it cannot be used, and stderr says why. `path` as
 * configuration_path gives it; `command` is the subcommand's name, for the complaint. */
struct config *configuration_load(const char *path, const char *command);

/* Says on stderr what in it is no error but can hardly be meant: an override whose end is past. */
void configuration_warn(const struct config *config, const char *path);

#endif
