/* The words that a key may have for its value. */
#include "config/keys.h"

#include "policy/settings.h"

const char *const config_modes[] = {"observe", "enforce", NULL};
const char *const config_profiles[] = {"observe", "guard", "strict", NULL};
const char *const config_actions[] = {
#define X(name, text) text,
    ACTIONS(X) NULL
#undef X
};
const char *const config_sslmodes[] = {"disable", "prefer", NULL};
const char *const config_on_failures[] = {"allow", "refuse", NULL};
const char *const config_levels[] = {"error", "warn", "info", "debug", NULL};
