/* The statements that a change of a partitioned table is made of when it is made partition by
 * partition: the client's own text, with another table in its place. As alter_text.h: every
 * function appends one statement without a semicolon and proves it on the parse tree. False
 * (nothing appended): there is no such form of this statement, or the proof has failed.
 *
 * `text` is the statement's own bytes (start, length). */
#ifndef POLICY_SQL_PARTITION_TEXT_H
#define POLICY_SQL_PARTITION_TEXT_H

#include "policy/sql/sql.h"

/* A CREATE INDEX with this name, without IF NOT EXISTS, ON ONLY the client's table. */
MUST_USE bool partition_text_index_only(struct span text, const struct statement *statement,
                                        const char *name, struct buffer *out);
/* A CREATE INDEX with this name, without IF NOT EXISTS, on another table: CONCURRENTLY, or `only`:
 * ON ONLY it. */
MUST_USE bool partition_text_index_on(struct span text, const struct statement *statement,
                                      const char *name, const struct object_name *table, bool only,
                                      struct buffer *out);

/* A CREATE TABLE … PARTITION OF parent as a table of its own, CREATE TABLE … (LIKE parent …) with
 * all that a partition would have of it, and with the client's PARTITION BY, USING, WITH and
 * TABLESPACE; and the statement that attaches it. False for one with columns, IF NOT EXISTS or ON
 * COMMIT, and for a temporary one. */
MUST_USE bool partition_text_like(struct span text, const struct statement *statement,
                                  struct buffer *out);
MUST_USE bool partition_text_attach(struct span text, const struct statement *statement,
                                    struct buffer *out);

/* Of a CREATE TABLE … PARTITION OF, or of an ALTER TABLE that only attaches a partition: a
 * temporary table of the partition's name with the same bound, CREATE TEMPORARY TABLE
 * pg_temp.partition PARTITION OF pg_temp.<parent> …. `parent` is a plain name. */
MUST_USE bool partition_text_shadow(struct span text, const struct statement *statement,
                                    const char *parent, struct buffer *out);

#endif
