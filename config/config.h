/* The configuration: YAML in, a constant value out. Loading either gives a whole configuration or
 * says what is wrong with file, line and key; nothing is half applied. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "policy/settings.h"
#include "protocol/buffer.h"

enum listen_kind { LISTEN_TCP, LISTEN_UNIX };

struct listen_address {
    enum listen_kind kind;
    const char *host; /* TCP: name or number, without brackets */
    const char *path; /* UNIX: the folder; the socket is FOLDER/.s.PGSQL.PORT */
    uint16_t port;
};

/* libpq's words. The proxy cannot speak TLS to the server yet: SSLMODE_PREFER is plain text today,
 * and the modes that forbid plain text are refused when the configuration is loaded. */
enum sslmode { SSLMODE_DISABLE, SSLMODE_PREFER };

struct upstream {
    const char *database; /* glob on the requested name */
    const char *host;     /* begins with '/': the folder of a unix socket */
    uint16_t port;
    enum sslmode sslmode;
    const char *dbname; /* NULL: as requested */
};

struct maintenance {
    const char *user;          /* NULL: there is no maintenance connection */
    const char *password_file; /* NULL: none */
    const char *database;
};

struct config {
    const struct listen_address *listen;
    unsigned listen_count;
    const struct upstream *upstreams;
    unsigned upstream_count;
    struct settings settings;
    const struct override *overrides;
    unsigned override_count;
    struct maintenance maintenance;
    const char *ledger_path;
    bool ledger_required; /* ledger: {on_failure: refuse | allow} */
    uint32_t workers;     /* 0: one per processor */
    uint32_t inspect_limit_bytes, parse_limit_bytes;
    uint32_t max_connections;
    uint32_t shutdown_ms; /* how long SIGTERM waits for running transactions */
    uint32_t connect_timeout_ms, login_timeout_ms;
    const char *log_level; /* error, warn, info, debug */
};

/* Reads and checks the file. NULL: *why (malloc'd, the caller frees) is one or more lines
 * "FILE:LINE: KEY: what was expected, what came". *why is NULL, too, only when memory ran out. */
struct config *config_load(const char *path, char **why);
/* The same for a text that is in memory already; `name` stands for FILE. The text is not kept. */
struct config *config_parse(const char *name, struct span yaml, char **why);
/* All defaults, as if the file were the shipped one. Never NULL but for memory. */
struct config *config_default(void);
void config_free(struct config *config);
/* The configuration in force as YAML, every key, with its value: loaded again, it gives the same.
 */
void config_print(const struct config *config, struct buffer *out);
/* Appends what the file may say and yet is hardly meant, a line each, as config_load has them: an
 * override whose time is over at `wall_us`. */
void config_warn(const struct config *config, const char *name, uint64_t wall_us,
                 struct buffer *out);
/* The first upstream whose glob matches; NULL: none. */
const struct upstream *config_upstream(const struct config *config, struct span database);
/* The same host and port, whatever is asked for there. */
bool config_is_same_server(const struct upstream *a, const struct upstream *b);

#endif
