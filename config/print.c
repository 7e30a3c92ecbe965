/* The configuration as YAML, in the order of the shipped file. Every text is in double quotes,
 * because plain scalars have more exceptions than anybody remembers. */
#include "config/config.h"

#include <inttypes.h>

#include "config/keys.h"
#include "config/until.h"
#include "config/value.h"
#include "policy/rule.h"

/* The character that begins at `at` in valid UTF-8 (libyaml lets no other in); *used is its length.
 */
static uint32_t decode_character(const uint8_t *at, size_t *used)
{
    if (at[0] < 0x80) {
        *used = 1;
        return at[0];
    }
    *used = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t character = at[0] & (0xffu >> (*used + 1));
    for (size_t i = 1; i < *used; i++) {
        character = character << 6 | (at[i] & 0x3f);
    }
    return character;
}

/* What a YAML reader takes literally in double quotes: neither controls, nor line breaks, nor what
 * YAML does not call printable (YAML 1.1, section 5.1), nor quote and backslash. */
static bool is_literal(uint32_t character)
{
    if (character < 0x7f) {
        return character >= ' ' && character != '"' && character != '\\';
    }
    return character > 0xa0 && character != 0x2028 && character != 0x2029 && character != 0xfeff &&
           character != 0xfffe && character != 0xffff;
}

static void print_escaped(struct buffer *out, const char *text)
{
    size_t used;
    for (const uint8_t *at = (const uint8_t *)text; *at != 0; at += used) {
        uint32_t character = decode_character(at, &used);
        if (is_literal(character)) {
            buffer_append(out, at, used);
        } else {
            buffer_append_format(out, "\\U%08" PRIX32, character);
        }
    }
}

static void print_quoted(struct buffer *out, const char *text)
{
    buffer_append_text(out, "\"");
    print_escaped(out, text);
    buffer_append_text(out, "\"");
}

/* The kinds of keys.h. */

static void print_text(struct buffer *out, const char *text)
{
    print_quoted(out, text == NULL ? "" : text);
}

static void print_level(struct buffer *out, const char *level)
{
    buffer_append_text(out, level);
}

static void print_duration(struct buffer *out, uint32_t ms)
{
    char text[VALUE_TEXT_BYTES];
    value_print_duration(text, ms);
    buffer_append_text(out, text);
}

static void print_table_bytes(struct buffer *out, int64_t bytes)
{
    char text[VALUE_TEXT_BYTES];
    value_print_bytes(text, bytes);
    buffer_append_text(out, text);
}

static void print_bytes(struct buffer *out, uint32_t bytes)
{
    print_table_bytes(out, bytes);
}

static void print_count(struct buffer *out, uint32_t count)
{
    buffer_append_format(out, "%" PRIu32, count);
}

static void print_mode(struct buffer *out, enum mode mode)
{
    buffer_append_text(out, config_modes[mode]);
}

static void print_profile(struct buffer *out, enum profile profile)
{
    buffer_append_text(out, config_profiles[profile]);
}

static void print_on_failure(struct buffer *out, bool required)
{
    buffer_append_text(out, config_on_failures[required]);
}

static void print_address(struct buffer *out, const struct listen_address *address)
{
    bool ipv6 = address->kind == LISTEN_TCP && strchr(address->host, ':') != NULL;
    buffer_append_text(out, ipv6 ? "\"[" : "\"");
    print_escaped(out, address->kind == LISTEN_UNIX ? address->path : address->host);
    buffer_append_format(out, "%s:%u\"", ipv6 ? "]" : "", address->port);
}

static void print_upstream(struct buffer *out, const struct upstream *upstream)
{
    buffer_append_text(out, "  - database: ");
    print_quoted(out, upstream->database);
    buffer_append_text(out, "\n    host: ");
    print_quoted(out, upstream->host);
    buffer_append_format(out, "\n    port: %u\n    sslmode: %s\n    dbname: ", upstream->port,
                         config_sslmodes[upstream->sslmode]);
    print_text(out, upstream->dbname);
    buffer_append_text(out, "\n");
}

/* `rules` lists every rule, an override only those that it changes. */
static void print_rules(struct buffer *out, const char *indent, bool all,
                        const enum action actions[RULES_MAX])
{
    bool any = false;
    buffer_append_format(out, "%srules:", indent);
    for (size_t i = 0; i < rules_count(); i++) {
        if (all || actions[i] != ACTION_DEFAULT) {
            buffer_append_format(out, "\n%s  %s: %s", indent, rules_at(i)->id,
                                 config_actions[actions[i]]);
            any = true;
        }
    }
    buffer_append_text(out, any ? "\n" : " {}\n");
}

static void print_globs(struct buffer *out, const char *indented_key, const char *const *globs,
                        unsigned count)
{
    buffer_append_format(out, "%s: [", indented_key);
    for (unsigned i = 0; i < count; i++) {
        buffer_append_text(out, i == 0 ? "" : ", ");
        print_quoted(out, globs[i]);
    }
    buffer_append_text(out, "]\n");
}

static void print_addresses(struct buffer *out, const struct client_pattern *patterns,
                            unsigned count)
{
    buffer_append_text(out, "      addresses: [");
    for (unsigned i = 0; i < count; i++) {
        buffer_append_text(out, i == 0 ? "" : ", ");
        print_quoted(out, patterns[i].text);
    }
    buffer_append_text(out, "]\n");
}

static void print_override(struct buffer *out, const struct override *override)
{
    buffer_append_text(out, "  - match:\n");
    print_globs(out, "      databases", override->databases, override->databases_count);
    print_globs(out, "      users", override->users, override->users_count);
    print_globs(out, "      applications", override->applications, override->applications_count);
    print_addresses(out, override->addresses, override->addresses_count);
    print_globs(out, "      tables", override->tables, override->tables_count);
    if (override->until_us != 0) {
        char until[UNTIL_TEXT_BYTES];
        until_print(until, override->until_us);
        buffer_append_format(out, "    until: \"%s\"\n", until);
    }
    if (override->has_mode) {
        buffer_append_format(out, "    mode: %s\n", config_modes[override->mode]);
    }
    if (override->has_profile) {
        buffer_append_format(out, "    profile: %s\n", config_profiles[override->profile]);
    }
    print_rules(out, "    ", false, override->actions);
}

static void print_sections(const struct config *config, struct buffer *out)
{
#define KEY(section, key, kind, member, ...)                                                       \
    buffer_append_text(out, "  " #key ": ");                                                       \
    print_##kind(out, config->member);                                                             \
    buffer_append_text(out, "\n");
#define SECTION(section, KEYS)                                                                     \
    buffer_append_text(out, #section ":\n");                                                       \
    KEYS(KEY)
    CONFIG_SECTIONS(SECTION)
#undef SECTION
#undef KEY
}

void config_print(const struct config *config, struct buffer *out)
{
    buffer_append_text(out, "listen:\n");
    for (unsigned i = 0; i < config->listen_count; i++) {
        buffer_append_text(out, "  - ");
        print_address(out, &config->listen[i]);
        buffer_append_text(out, "\n");
    }
    buffer_append_text(out, "upstreams:\n");
    for (unsigned i = 0; i < config->upstream_count; i++) {
        print_upstream(out, &config->upstreams[i]);
    }
#define KEY(section, key, kind, member, ...)                                                       \
    buffer_append_text(out, #key ": ");                                                            \
    print_##kind(out, config->member);                                                             \
    buffer_append_text(out, "\n");
    CONFIG_TOP_KEYS(KEY)
#undef KEY
    print_rules(out, "", true, config->settings.actions);
    buffer_append_text(out, config->override_count == 0 ? "overrides: []\n" : "overrides:\n");
    for (unsigned i = 0; i < config->override_count; i++) {
        print_override(out, &config->overrides[i]);
    }
    buffer_append_text(out, "comment_overrides:\n");
    print_globs(out, "  users", config->settings.comment_users,
                config->settings.comment_users_count);
    print_sections(config, out);
}
