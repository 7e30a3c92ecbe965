/* The question that is put to the server before a decision: read-only SQL, every function and
 * operator qualified with pg_catalog so that no object of the client's can answer in its place. Its
 * answer is one row of text columns per query. */
#ifndef POLICY_PROBE_H
#define POLICY_PROBE_H

#include "policy/rule.h"

#define PROBE_QUERIES_MAX 4
#define PROBE_COLUMNS_MAX 64

enum probe_form {
    PROBE_SETTINGS, /* one query: the settings */
    PROBE_TARGET,   /* one query: the settings, the statement's target and its details */
    PROBE_SCOPE,    /* one query: the settings, and what REINDEX would find in a schema or here */
    PROBE_SHOW,     /* one SHOW for each setting that a guard needs */
};

struct probe {
    enum probe_form form;
    struct buffer text; /* owns all texts */
    struct span queries[PROBE_QUERIES_MAX];
    size_t count;
    /* What facts borrow: owned. */
    struct partition_facts *partitions;
    struct foreign_key_facts *foreign_keys;
    bool more_partitions, more_foreign_keys; /* than fit, or than are asked for: none */
};

/* The queries for this statement. `statement_text` is its own bytes (for an unnamed index). Where a
 * statement must come before the snapshot (now->early) the probe is SHOW, which takes none. The
 * result must be freed. False: no memory. */
MUST_USE bool probe_build(const struct statement *statement, struct span statement_text,
                          const struct situation *now, struct probe *out);
void probe_free(struct probe *probe);

/* A statement of two rows for the settings that the probe is planned with: with its first row they
 * are good for it, with its second the client's own again. So the probe goes in between, in the
 * same transaction. Empty: no matter. */
struct span probe_planner(const struct probe *probe);

/* Takes one row of query `index` into *facts (zeroed before the first); PROBE_TARGET has a row for
 * each detail. NULL columns are empty spans. A query that gave no row is given count == 0. False:
 * the row is not what was asked for, or there is no memory; then facts are not known. Facts borrow
 * from the probe. */
MUST_USE bool probe_read(struct probe *probe, size_t index, const struct span *columns,
                         size_t count, struct facts *facts);

#endif
