/* From a file to a configuration:
 *
 *      text -> outline (lines)  -> libcyaml (texts in structs) -> readers (values) -> checks
 *              syntax errors       unknown keys, wrong shapes     bad values contradictions
 *
 * A stage that complains ends the way, behind all its complaints. The texts that libcyaml allocated
 * stay with the configuration, whose strings point into them. */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/lists.h"
#include "config/overrides.h"
#include "config/until.h"
#include "config/value.h"
#include "policy/glob.h"

/* A configuration of this size would have thousands of overrides; a larger file is some other file.
 */
#define FILE_MOST 1048576

/* The public part first: config_free finds the rest behind it. */
struct loaded {
    struct config config;
    struct schema schema;
    struct raw *raw;
    struct listen_address *listen;
    struct upstream *upstreams;
    struct overrides overrides;
};

static const struct listen_address default_listen[] = {
    {.kind = LISTEN_TCP, .host = "127.0.0.1", .port = VALUE_DEFAULT_PORT}};
static const struct upstream default_upstreams[] = {
    {.database = "*", .host = "127.0.0.1", .port = 5432, .sslmode = SSLMODE_PREFER}};

static void read_single_keys(struct reader *reader, const struct raw *raw, struct config *config)
{
#define KEY(section, key, kind, member, least, most, initial)                                      \
    read_##kind(reader, (struct given){#key, raw->key, initial, least, most}, &config->member);
    CONFIG_TOP_KEYS(KEY)
#undef KEY
#define KEY(section, key, kind, member, least, most, initial)                                      \
    read_##kind(reader,                                                                            \
                (struct given){#section "." #key, raw->section == NULL ? NULL : raw->section->key, \
                               initial, least, most},                                              \
                &config->member);
#define SECTION(section, KEYS) KEYS(KEY)
    CONFIG_SECTIONS(SECTION)
#undef SECTION
#undef KEY
}

static void read_lists(struct reader *reader, const struct raw *raw, struct loaded *loaded)
{
    struct config *config = &loaded->config;
    loaded->listen = lists_read_listen(reader, raw->listen, raw->listen_count);
    config->listen = loaded->listen == NULL ? default_listen : loaded->listen;
    config->listen_count = loaded->listen == NULL ? 1 : raw->listen_count;
    loaded->upstreams = lists_read_upstreams(reader, raw->upstreams, raw->upstreams_count);
    config->upstreams = loaded->upstreams == NULL ? default_upstreams : loaded->upstreams;
    config->upstream_count = loaded->upstreams == NULL ? 1 : raw->upstreams_count;
    loaded->overrides = overrides_read(reader, raw->overrides, raw->overrides_count);
    config->overrides = loaded->overrides.at;
    config->override_count = loaded->overrides.at == NULL ? 0 : raw->overrides_count;
    overrides_read_comment(reader, raw->comment_overrides, &config->settings);
    lists_read_rules(reader, "rules", raw->rules, config_actions, config->settings.actions);
}

/* Two keys of which one must not be smaller than the other; the complaint goes to one that is in
 * the file. The values come as text, for the message. */
static void complain_order(struct reader *reader, const char *small_key, const char *small,
                           const char *large_key, const char *large)
{
    if (reader_line(reader, large_key) > 0) {
        complaint_add(reader->complaints, reader_line(reader, large_key), large_key,
                      "expected at least %s, which is %s; came %s", small_key, small, large);
    } else {
        complaint_add(reader->complaints, reader_line(reader, small_key), small_key,
                      "expected at most %s, which is %s; came %s", large_key, large, small);
    }
}

static void check_durations(struct reader *reader, const char *small_key, uint32_t small,
                            const char *large_key, uint32_t large)
{
    if (small > large) {
        char small_text[VALUE_TEXT_BYTES], large_text[VALUE_TEXT_BYTES];
        value_print_duration(small_text, small);
        value_print_duration(large_text, large);
        complain_order(reader, small_key, small_text, large_key, large_text);
    }
}

static void check(struct reader *reader, const struct config *config)
{
    const struct timeouts *timeouts = &config->settings.timeouts;
    check_durations(reader, "timeouts.lock", timeouts->lock_ms, "timeouts.total",
                    timeouts->total_ms);
    check_durations(reader, "timeouts.backoff", timeouts->backoff_ms, "timeouts.backoff_max",
                    timeouts->backoff_max_ms);
    check_durations(reader, "timeouts.concurrent_lock", timeouts->concurrent_lock_ms,
                    "timeouts.concurrent_total", timeouts->concurrent_total_ms);
    if (timeouts->uncommitted_end_ms > 0) {
        check_durations(reader, "timeouts.uncommitted_warn", timeouts->uncommitted_warn_ms,
                        "timeouts.uncommitted_end", timeouts->uncommitted_end_ms);
    }
    if (config->parse_limit_bytes > config->inspect_limit_bytes) {
        char parse[VALUE_TEXT_BYTES], inspect[VALUE_TEXT_BYTES];
        value_print_bytes(parse, config->parse_limit_bytes);
        value_print_bytes(inspect, config->inspect_limit_bytes);
        complain_order(reader, "limits.parse", parse, "limits.inspect", inspect);
    }
    const struct maintenance *maintenance = &config->maintenance;
    if (maintenance->user == NULL && maintenance->password_file != NULL) {
        complaint_add(reader->complaints, reader_line(reader, "maintenance.password_file"),
                      "maintenance.password_file", "expected maintenance.user with it; came alone");
    }
}

static void fill(struct loaded *loaded, struct span yaml, struct complaints *complaints)
{
    static const struct raw nothing = {0};
    struct outline outline;
    struct reader reader = {.outline = &outline, .complaints = complaints};
    if (outline_read(&outline, yaml, complaints) &&
        schema_load(&loaded->schema, yaml, &outline, complaints, &loaded->raw)) {
        const struct raw *raw = loaded->raw == NULL ? &nothing : loaded->raw;
        read_single_keys(&reader, raw, &loaded->config);
        read_lists(&reader, raw, loaded);
        if (complaints->count == 0) {
            check(&reader, &loaded->config);
        }
    }
    outline_free(&outline);
}

/* The complaints as the caller gets them, and no configuration. */
static struct config *give_up(struct complaints *complaints, char **why)
{
    if (complaints->count > COMPLAINTS_MOST) {
        buffer_append_format(&complaints->text, "%s: and %u more\n", complaints->file,
                             complaints->count - COMPLAINTS_MOST);
    }
    buffer_append_u8(&complaints->text, 0);
    struct buffer text = buffer_take(&complaints->text);
    if (text.failed) {
        buffer_free(&text);
    }
    *why = (char *)text.at;
    return NULL;
}

struct config *config_parse(const char *name, struct span yaml, char **why)
{
    *why = NULL;
    struct complaints complaints = {.file = name};
    struct loaded *loaded = calloc(1, sizeof *loaded);
    if (loaded == NULL) {
        return NULL;
    }
    schema_init(&loaded->schema);
    fill(loaded, yaml, &complaints);
    if (complaints.count > 0) {
        config_free(&loaded->config);
        return give_up(&complaints, why);
    }
    return &loaded->config;
}

/* Reads the whole file; false, and a complaint, when it cannot. */
static bool read_file(const char *path, struct buffer *text, struct complaints *complaints)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        complaint_add(complaints, 0, "", "cannot be opened: %s", strerror(errno));
        return false;
    }
    size_t got = 1;
    while (got > 0 && text->length <= FILE_MOST && buffer_reserve(text, BUFSIZ)) {
        got = fread(text->at + text->length, 1, BUFSIZ, file);
        text->length += got;
    }
    if (ferror(file)) {
        complaint_add(complaints, 0, "", "cannot be read: %s", strerror(errno));
    } else if (text->length > FILE_MOST) {
        complaint_add(complaints, 0, "", "expected at most %d bytes; came more", FILE_MOST);
    } else if (text->failed) {
        complaint_add(complaints, 0, "", "out of memory");
    }
    fclose(file);
    return complaints->count == 0;
}

struct config *config_load(const char *path, char **why)
{
    struct complaints complaints = {.file = path};
    struct buffer text = {0};
    struct config *config = read_file(path, &text, &complaints)
                                ? config_parse(path, buffer_span(&text), why)
                                : give_up(&complaints, why);
    buffer_free(&text);
    return config;
}

struct config *config_default(void)
{
    char *why;
    struct config *config = config_parse("the defaults", span_text(""), &why);
    free(why); /* without memory it may say so */
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    struct loaded *loaded = (struct loaded *)config;
    schema_free(&loaded->schema, loaded->raw);
    free(loaded->listen);
    free(loaded->upstreams);
    overrides_free(&loaded->overrides);
    free(loaded);
}

void config_warn(const struct config *config, const char *name, uint64_t wall_us,
                 struct buffer *out)
{
    struct complaints complaints = {.file = name};
    for (unsigned i = 0; i < config->override_count; i++) {
        const struct override *override = &config->overrides[i];
        if (override->until_us != 0 && override->until_us <= wall_us) {
            char key[32], until[UNTIL_TEXT_BYTES];
            snprintf(key, sizeof key, "overrides[%u]", i);
            until_print(until, override->until_us);
            complaint_add(&complaints, override->line, key,
                          "it is over (until %s), and holds no longer", until);
        }
    }
    buffer_append_span(out, buffer_span(&complaints.text));
    out->failed |= complaints.text.failed;
    buffer_free(&complaints.text);
}

const struct upstream *config_upstream(const struct config *config, struct span database)
{
    /* PostgreSQL cuts a requested name to this length, too (ProcessStartupPacket). */
    char name[NAME_BYTES] = "";
    struct span kept = span_cut(database, 0, NAME_BYTES - 1);
    if (kept.at != NULL) {
        memcpy(name, kept.at, kept.length);
    }
    for (unsigned i = 0; i < config->upstream_count; i++) {
        if (glob_matches(config->upstreams[i].database, name)) {
            return &config->upstreams[i];
        }
    }
    return NULL;
}

bool config_is_same_server(const struct upstream *a, const struct upstream *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}
