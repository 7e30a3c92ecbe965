/* Settings as values: the defaults, and which overrides hold for whom. It never reads a file and
 * keeps nothing between calls.
 *
 *      base --(override 1 matches?)--> --(override 2 matches?)--> ... --> what holds here */
#include "policy/settings.h"

#include "policy/glob.h"
#include "policy/rule.h"

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
                     .concurrent_total_ms = 30 * 60 * 1000,
                     .uncommitted_warn_ms = 10 * 1000,
                     .uncommitted_end_ms = 5 * 60 * 1000},
        .backfill = {.batch_rows = 1000, .pause_ms = 20},
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

/* What an override's tables are compared with: the relation acted upon, and nothing else that the
 * statement names, because a new index or partition may be called anything. */
static bool settings_touches(const struct override *override, const struct object_name *place)
{
    for (unsigned i = 0; i < override->tables_count; i++) {
        if (place != NULL && settings_name_matches(override->tables[i], place)) {
            return true;
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
                              const struct object_name *place)
{
    return (override->until_us == 0 || who->wall_us < override->until_us) &&
           settings_any(override->databases, override->databases_count, who->database) &&
           settings_any(override->users, override->users_count, who->user) &&
           settings_any(override->applications, override->applications_count, who->application) &&
           settings_any_address(override, who->address) && settings_touches(override, place);
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

enum action settings_action(const struct settings *settings, size_t rule)
{
    if (settings->actions[rule] != ACTION_DEFAULT) {
        return settings->actions[rule];
    }
    switch (settings->profile) {
    case PROFILE_OBSERVE:
        return ACTION_ALLOW;
    case PROFILE_GUARD:
        return rules_at(rule)->guard;
    case PROFILE_STRICT:
        return rules_at(rule)->strict;
    }
    return ACTION_BLOCK;
}

static struct settings settings_of_place(const struct settings *base,
                                         const struct override *overrides, size_t count,
                                         const struct identity *who,
                                         const struct object_name *place)
{
    struct settings out = *base;
    for (size_t i = 0; i < count; i++) {
        if (settings_concerns(&overrides[i], who, place)) {
            settings_lay_over(&out, &overrides[i], (unsigned)i);
        }
    }
    return out;
}

void settings_tighten(struct settings *out, const struct settings *other)
{
    enum profile strictest = out->profile > other->profile ? out->profile : other->profile;
    for (size_t i = 0; i < rules_count(); i++) {
        enum action ours = settings_action(out, i);
        enum action theirs = settings_action(other, i);
        const struct settings *from = theirs > ours ? other : out;
        bool outright = from->actions[i] != ACTION_DEFAULT;
        /* What a profile says stays the profile's word as long as it is the one that holds. */
        bool kept = !outright && from->profile == strictest;
        out->origins[i] = outright ? from->origins[i] : from->profile_origin;
        out->actions[i] = kept ? ACTION_DEFAULT : settings_action(from, i);
    }
    out->mode = other->mode > out->mode ? other->mode : out->mode;
    if (other->profile > out->profile) {
        out->profile_origin = other->profile_origin;
    }
    out->profile = strictest;
}

struct settings settings_resolve(const struct settings *base, const struct override *overrides,
                                 size_t count, const struct identity *who,
                                 const struct statement *statement)
{
    size_t stored = statement->object_count < STATEMENT_OBJECTS_MAX ? statement->object_count
                                                                    : STATEMENT_OBJECTS_MAX;
    bool one = statement->target.name[0] != '\0';
    const struct object_name *first = stored > 0 ? &statement->objects[0].name : NULL;
    struct settings out =
        settings_of_place(base, overrides, count, who, one ? &statement->target : first);
    for (size_t i = 1; !one && i <= stored && i < statement->object_count; i++) {
        /* Those that are not stored may be any. */
        const struct object_name *place = i < stored ? &statement->objects[i].name : NULL;
        struct settings other = settings_of_place(base, overrides, count, who, place);
        settings_tighten(&out, &other);
    }
    out.may_comment = base->comment_users_count > 0 &&
                      settings_any(base->comment_users, base->comment_users_count, who->user);
    return out;
}
