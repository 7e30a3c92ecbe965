/* Lists. An entry that cannot be read is complained about and left empty. */
#include "config/lists.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/value.h"
#include "policy/rule.h"

/* The longest path here is overrides[N].rules.ID. */
#define PATH_BYTES 128

/* Room for the entries of a list; NULL, too, for none. */
static void *list_of(struct reader *reader, const char *key, unsigned count, size_t entry_bytes)
{
    const struct outline_node *node = count > 0 ? NULL : outline_find(reader->outline, key);
    if (node != NULL && !node->nothing) {
        complaint_add(reader->complaints, reader_line(reader, key), key,
                      "expected at least one entry; came an empty list");
    }
    void *list = count == 0 ? NULL : calloc(count, entry_bytes);
    if (count > 0 && list == NULL) {
        complaint_add(reader->complaints, reader_line(reader, key), key, "out of memory");
    }
    return list;
}

static void read_address(struct reader *reader, const char *path, char *text,
                         struct listen_address *out)
{
    struct value_address address;
    if (!value_parse_address(span_text(text), &address)) {
        complaint_add(reader->complaints, reader_line(reader, path), path,
                      "expected HOST:PORT, [IPV6]:PORT, or the folder of a unix socket as /FOLDER "
                      "or /FOLDER:PORT; came \"%s\"",
                      text);
        return;
    }
    char *host = text + (address.host.at - (const uint8_t *)text);
    host[address.host.length] = '\0';
    *out = (struct listen_address){
        .kind = address.folder ? LISTEN_UNIX : LISTEN_TCP,
        .host = address.folder ? NULL : host,
        .path = address.folder ? host : NULL,
        .port = address.port,
    };
}

struct listen_address *lists_read_listen(struct reader *reader, char **raw, unsigned count)
{
    struct listen_address *listen = list_of(reader, "listen", count, sizeof *listen);
    for (unsigned i = 0; listen != NULL && i < count; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "listen[%u]", i);
        read_address(reader, path, raw[i], &listen[i]);
    }
    return listen;
}

/* libpq has stricter modes. Taking one for a weaker one would be a lie about the wire. */
static void read_sslmode(struct reader *reader, const char *path, const char *text,
                         enum sslmode *sslmode)
{
    static const char *const stricter[] = {"require", "verify-ca", "verify-full", NULL};
    const char *given = text == NULL ? "prefer" : text;
    if (value_find_word(stricter, given) >= 0) {
        complaint_add(reader->complaints, reader_line(reader, path), path,
                      "expected disable or prefer: TLS to the server is not available yet, and "
                      "plain text is not what %s asks for",
                      given);
        return;
    }
    int place = read_word(reader, (struct given){.path = path, .text = given}, config_sslmodes);
    if (place >= 0) {
        *sslmode = (enum sslmode)place;
    }
}

static void read_upstream(struct reader *reader, unsigned index, const struct raw_upstream *raw,
                          struct upstream *out)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "upstreams[%u].database", index);
    read_text(reader, (struct given){path, raw->database, "*", 1, NAME_MOST}, &out->database);

    snprintf(path, sizeof path, "upstreams[%u].host", index);
    out->host = raw->host == NULL ? "127.0.0.1" : raw->host;
    if (!value_is_host(span_text(out->host))) {
        complaint_add(reader->complaints, reader_line(reader, path), path,
                      "expected a host's name or number (without port), or the folder of a unix "
                      "socket; came \"%s\"",
                      out->host);
    }

    snprintf(path, sizeof path, "upstreams[%u].port", index);
    uint32_t port = 0;
    read_count(reader, (struct given){path, raw->port, "5432", 1, UINT16_MAX}, &port);
    out->port = (uint16_t)port;

    snprintf(path, sizeof path, "upstreams[%u].sslmode", index);
    read_sslmode(reader, path, raw->sslmode, &out->sslmode);

    snprintf(path, sizeof path, "upstreams[%u].dbname", index);
    read_text(reader, (struct given){path, raw->dbname, "", 0, NAME_MOST}, &out->dbname);
}

struct upstream *lists_read_upstreams(struct reader *reader, const struct raw_upstream *raw,
                                      unsigned count)
{
    struct upstream *upstreams = list_of(reader, "upstreams", count, sizeof *upstreams);
    unsigned catch_all = count;
    for (unsigned i = 0; upstreams != NULL && i < count; i++) {
        read_upstream(reader, i, &raw[i], &upstreams[i]);
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "upstreams[%u]", i);
        if (i > catch_all) {
            complaint_add(reader->complaints, reader_line(reader, path), path,
                          "expected to be reached; came behind upstreams[%u], which takes every "
                          "database",
                          catch_all);
        } else if (upstreams[i].database != NULL && strcmp(upstreams[i].database, "*") == 0) {
            catch_all = i;
        }
    }
    return upstreams;
}

/* `words`: config_actions, or, without its first, what an override may say. */
static void read_action(struct reader *reader, const char *path, const char *text,
                        const char *const *words, const struct rule *rule, enum action *action)
{
    int place = read_word(reader, (struct given){.path = path, .text = text}, words);
    if (place < 0) {
        return;
    }
    enum action wanted = (enum action)value_find_word(config_actions, words[place]);
    if (wanted == ACTION_REWRITE && rule->may_rewrite == NULL && !rule->guards) {
        complaint_add(reader->complaints, reader_line(reader, path), path,
                      "expected allow, warn or block: this rule has no rewrite");
        return;
    }
    *action = wanted;
}

void lists_read_rules(struct reader *reader, const char *path, const struct raw_rules *raw,
                      const char *const *words, enum action actions[RULES_MAX])
{
    for (size_t i = 0; raw != NULL && i < rules_count(); i++) {
        if (raw->actions[i] != NULL) {
            char rule_path[PATH_BYTES];
            snprintf(rule_path, sizeof rule_path, "%s.%s", path, rules_at(i)->id);
            read_action(reader, rule_path, raw->actions[i], words, rules_at(i), &actions[i]);
        }
    }
}
