/* Settings as values: the defaults, and which overrides hold for whom. It never reads a file and
 * keeps nothing between calls.
 *
 *      base --(override 1 matches?)--> --(override 2 matches?)--> ... --> what holds here */
#include "policy/settings.h"

#include "policy/glob.h"

/* Where the values come from: migration-safety of the design, its measurements of lock waits
 * (a lock timeout below deadlock_timeout never gets past autovacuum) and of table sizes (a plain
 * build on 840 kB takes 4 ms). */
struct settings settings_default(void)
{
    return (struct settings){
        .mode = MODE_ENFORCE,
        .profile = PROFILE_GUARD,
        .timeouts = {.lock_ms = 2000,
                     .total_ms = 5 * 60 * 1000,
                     .attempts = 10,
                     .backoff_ms = 500,
                     .backoff_max_ms = 30 * 1000,
                     .concurrent_lock_ms = 5000,
                     .concurrent_total_ms = 30 * 60 * 1000},
        .small_table_bytes = 1 << 20,
        .large_table_bytes = 128 << 20,
    };
}

const char *settings_action_name(enum action action)
{
    static const char *const names[] = {
#define X(name, text) text,
        ACTIONS(X)
#undef X
    };
    return names[action];
}

const char *settings_origin_name(enum origin_kind kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        ORIGINS(X)
#undef X
    };
    return names[kind];
}

static bool settings_any(const char *const *patterns, unsigned count, const char *text)
{
    for (unsigned i = 0; i < count; i++) {
        if (glob_matches(patterns[i], text)) {
            return true;
        }
    }
    return count == 0;
}

/* "schema.name" against a pattern with a dot; the bare name against one without. A name that the
 * statement leaves to search_path has no schema to compare, so no pattern with a dot matches it. */
static bool settings_name_matches(const char *pattern, const struct object_name *name)
{
    if (strchr(pattern, '.') == NULL) {
        return name->name[0] != '\0' && glob_matches(pattern, name->name);
    }
    char whole[2 * NAME_BYTES];
    size_t schema = strlen(name->schema);
    if (schema == 0) {
        return false;
    }
    memcpy(whole, name->schema, schema);
    whole[schema] = '.';
    memcpy(whole + schema + 1, name->name, strlen(name->name) + 1);
    return glob_matches(pattern, whole);
}

static bool settings_touches(const struct override *override, const struct statement *statement)
{
    size_t stored = statement->object_count < STATEMENT_OBJECTS_MAX ? statement->object_count
                                                                    : STATEMENT_OBJECTS_MAX;
    for (unsigned i = 0; i < override->tables_count; i++) {
        if (settings_name_matches(override->tables[i], &statement->target)) {
            return true;
        }
        for (size_t k = 0; k < stored; k++) {
            if (settings_name_matches(override->tables[i], &statement->objects[k].name)) {
                return true;
            }
        }
    }
    return override->tables_count == 0;
}

static bool settings_any_address(const struct override *override, const char *address)
{
    for (unsigned i = 0; i < override->addresses_count; i++) {
        if (client_pattern_matches(&override->addresses[i], address)) {
            return true;
        }
    }
    return override->addresses_count == 0;
}

static bool settings_concerns(const struct override *override, const struct identity *who,
                              const struct statement *statement)
{
    return (override->until_us == 0 || who->wall_us < override->until_us) &&
           settings_any(override->databases, override->databases_count, who->database) &&
           settings_any(override->users, override->users_count, who->user) &&
           settings_any(override->applications, override->applications_count, who->application) &&
           settings_any_address(override, who->address) && settings_touches(override, statement);
}

static void settings_lay_over(struct settings *out, const struct override *over, unsigned place)
{
    const struct origin origin = {.kind = ORIGIN_OVERRIDE, .override = place};
    out->mode = over->has_mode ? over->mode : out->mode;
    if (over->has_profile) {
        out->profile = over->profile;
        out->profile_origin = origin;
    }
    for (size_t i = 0; i < RULES_MAX; i++) {
        if (over->actions[i] != ACTION_DEFAULT) {
            out->actions[i] = over->actions[i];
            out->origins[i] = origin;
        }
    }
}

struct settings settings_resolve(const struct settings *base, const struct override *overrides,
                                 size_t count, const struct identity *who,
                                 const struct statement *statement)
{
    struct settings out = *base;
    for (size_t i = 0; i < count; i++) {
        if (settings_concerns(&overrides[i], who, statement)) {
            settings_lay_over(&out, &overrides[i], (unsigned)i);
        }
    }
    out.may_comment = base->comment_users_count > 0 &&
                      settings_any(base->comment_users, base->comment_users_count, who->user);
    return out;
}
