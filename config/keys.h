/* Every key that has one value: the one list from which the loader, libcyaml's schema, the printer
 * and the tests (the shipped file and docs/configuration.md against this list) are made.
 *
 *      X(section, key, kind, member of struct config, least, most, default)
 *
 * `kind` names the reader and the printer (load.c read_KIND, print.c print_KIND). Bounds are those
 * of the number in the member's unit; for text, of its length in bytes. A default is written as in
 * YAML.
 *
 * The keys that are lists (listen, upstreams, overrides) or mappings with free keys (rules) are in
 * schema.h. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdint.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   INT64_C(3600000)
#define PATH_MOST 4095 /* PATH_MAX without its NUL */
#define NAME_MOST 63   /* PostgreSQL cuts longer names */
#define GB        INT64_C(1073741824)

/* The statement parser needs 2 kB of stack per byte of SQL in the worst case (policy/sql/sql.h),
 * and every worker thread has that stack: 256 kB of SQL are half a gigabyte of address space for
 * each. */
#define PARSE_MOST 262144

/* The keys that are in no section. */
#define CONFIG_TOP_KEYS(X)                                                                         \
    X(, mode, mode, settings.mode, 0, 0, "enforce")                                                \
    X(, profile, profile, settings.profile, 0, 0, "guard")                                         \
    X(, workers, count, workers, 0, 256, "0")

#define CONFIG_TIMEOUTS_KEYS(X)                                                                    \
    X(timeouts, lock, duration, settings.timeouts.lock_ms, 1, HOUR_MS, "2s")                       \
    X(timeouts, total, duration, settings.timeouts.total_ms, 1, 24 * HOUR_MS, "5min")              \
    X(timeouts, attempts, count, settings.timeouts.attempts, 1, 1000, "10")                        \
    X(timeouts, backoff, duration, settings.timeouts.backoff_ms, 0, HOUR_MS, "500ms")              \
    X(timeouts, backoff_max, duration, settings.timeouts.backoff_max_ms, 0, HOUR_MS, "30s")        \
    X(timeouts, concurrent_lock, duration, settings.timeouts.concurrent_lock_ms, 1, HOUR_MS, "5s") \
    X(timeouts, concurrent_total, duration, settings.timeouts.concurrent_total_ms, 1,              \
      168 * HOUR_MS, "30min")                                                                      \
    X(timeouts, uncommitted_warn, duration, settings.timeouts.uncommitted_warn_ms, 0,              \
      24 * HOUR_MS, "10s")                                                                         \
    X(timeouts, uncommitted_end, duration, settings.timeouts.uncommitted_end_ms, 0, 24 * HOUR_MS,  \
      "5min")                                                                                      \
    X(timeouts, connect, duration, connect_timeout_ms, 1, 10 * MINUTE_MS, "10s")                   \
    X(timeouts, login, duration, login_timeout_ms, 1, HOUR_MS, "1min")                             \
    X(timeouts, shutdown, duration, shutdown_ms, 0, 24 * HOUR_MS, "30s")

#define CONFIG_LIMITS_KEYS(X)                                                                      \
    X(limits, connections, count, max_connections, 1, 1000000, "1000")                             \
    X(limits, inspect, bytes, inspect_limit_bytes, 1024, GB, "1MB")                                \
    X(limits, parse, bytes, parse_limit_bytes, 1024, PARSE_MOST, "64kB")                           \
    X(limits, small_table, table_bytes, settings.small_table_bytes, 0, 1024 * GB, "1MB")           \
    X(limits, large_table, table_bytes, settings.large_table_bytes, 0, 1024 * GB, "128MB")

#define CONFIG_BACKFILL_KEYS(X)                                                                    \
    X(backfill, batch, count, settings.backfill.batch_rows, 1, 100000, "1000")                     \
    X(backfill, pause, duration, settings.backfill.pause_ms, 0, HOUR_MS, "20ms")

#define CONFIG_MAINTENANCE_KEYS(X)                                                                 \
    X(maintenance, user, text, maintenance.user, 0, NAME_MOST, "")                                 \
    X(maintenance, password_file, text, maintenance.password_file, 0, PATH_MOST, "")               \
    X(maintenance, database, text, maintenance.database, 1, NAME_MOST, "postgres")

#define CONFIG_LEDGER_KEYS(X)                                                                      \
    X(ledger, path, text, ledger_path, 1, PATH_MOST, "/var/lib/ddlguard/ledger.db")                \
    X(ledger, on_failure, on_failure, ledger_required, 0, 0, "refuse")

#define CONFIG_LOG_KEYS(X) X(log, level, level, log_level, 0, 0, "info")

/* S(section, its keys) */
#define CONFIG_SECTIONS(S)                                                                         \
    S(timeouts, CONFIG_TIMEOUTS_KEYS)                                                              \
    S(limits, CONFIG_LIMITS_KEYS)                                                                  \
    S(backfill, CONFIG_BACKFILL_KEYS)                                                              \
    S(maintenance, CONFIG_MAINTENANCE_KEYS)                                                        \
    S(ledger, CONFIG_LEDGER_KEYS)                                                                  \
    S(log, CONFIG_LOG_KEYS)

/* Words, each list in the order of the enum that it stands for and with NULL at its end. */
extern const char *const config_modes[];    /* enum mode */
extern const char *const config_profiles[]; /* enum profile */
extern const char *const config_actions[];  /* enum action; the first, "default", only in `rules` */
extern const char *const config_sslmodes[]; /* enum sslmode */
extern const char *const config_on_failures[]; /* bool: must the ledger be written? */
extern const char *const config_levels[];

#endif
