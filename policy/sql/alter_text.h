/* The statements that an ALTER TABLE is made of when it is made in several: pieces of the client's
 * own text, with as little of ours around them as can be. Every function appends one statement
 * without a semicolon and proves it on the parse tree: it holds what the client's action holds,
 * plus exactly the difference that its comment names. False (nothing appended): there is no such
 * form of this action, or the proof has failed; then it must not be split or rewritten.
 *
 * `text` is the statement's own bytes (start, length), `action` an index into statement->actions.
 * The table is written as the client wrote it, ONLY included; IF EXISTS too; comments of the client
 * stay where they stand before or inside of what is kept. */
#ifndef POLICY_SQL_ALTER_TEXT_H
#define POLICY_SQL_ALTER_TEXT_H

#include "policy/sql/sql.h"

/* The client's statement with only those of its actions whose bit is set, in their order. */
MUST_USE bool alter_text_only(struct span text, const struct statement *statement, unsigned actions,
                              struct buffer *out);

/* ADD CONSTRAINT … NOT VALID: of ADD_CHECK, ADD_FOREIGN_KEY and (PostgreSQL 18) ADD_NOT_NULL that
 * are valid ones. `name` is used where the client gave none. */
MUST_USE bool alter_text_not_valid(struct span text, const struct statement *statement,
                                   size_t action, const char *name, struct buffer *out);

/* The same, called `name`, whatever the client has called it. */
MUST_USE bool alter_text_not_valid_as(struct span text, const struct statement *statement,
                                      size_t action, const char *name, struct buffer *out);

/* ADD CONSTRAINT alone, with `name` where the client gave none. */
MUST_USE bool alter_text_named(struct span text, const struct statement *statement, size_t action,
                               const char *name, struct buffer *out);

/* ADD COLUMN without the constraints of the column whose flags are in `without` (COLUMN_CHECK,
 * COLUMN_REFERENCES, COLUMN_UNIQUE, COLUMN_PRIMARY_KEY, COLUMN_NOT_NULL, COLUMN_HAS_DEFAULT,
 * COLUMN_IDENTITY), and without the words that belong to them, DEFERRABLE and its like; with
 * COLUMN_SERIAL of the type that a serial type stands for. False when it says NULL of what would be
 * NOT NULL: an error. Always without IF NOT EXISTS: whose the column is must be certain.
 */
MUST_USE bool alter_text_bare_column(struct span text, const struct statement *statement,
                                     size_t action, unsigned without, struct buffer *out);

/* ALTER COLUMN … SET DEFAULT with the default of an ADD COLUMN; false when it has none. */
MUST_USE bool alter_text_set_default(struct span text, const struct statement *statement,
                                     size_t action, struct buffer *out);

/* Of an ADD COLUMN … AS IDENTITY in `table`: CREATE SEQUENCE name in its schema, with the type and
 * the options of the identity, OWNED BY the column; and ALTER COLUMN … ADD GENERATED … AS IDENTITY
 * with SEQUENCE NAME in front of these options. False for a column of another type than
 * PostgreSQL's smallint, integer or bigint, for one that has two identities, and for options that
 * only one of the two statements takes. */
MUST_USE bool alter_text_identity_sequence(struct span text, const struct statement *statement,
                                           size_t action, const char *name,
                                           const struct object_name *table, struct buffer *out);
MUST_USE bool alter_text_add_identity(struct span text, const struct statement *statement,
                                      size_t action, const char *name,
                                      const struct object_name *table, struct buffer *out);

/* What a serial type stands for, "int2", "int4" or "int8"; NULL: the action adds no such column. */
const char *alter_serial_base(const struct alter_action *action);

/* The `nth` (from 0) column constraint of that flag of an ADD COLUMN as a statement of its own: ADD
 * CONSTRAINT name CHECK … NOT VALID or FOREIGN KEY (column) REFERENCES … NOT VALID. `name` is used
 * where the client gave none. False also behind the last one. */
MUST_USE bool alter_text_column_constraint(struct span text, const struct statement *statement,
                                           size_t action, unsigned flag, size_t nth,
                                           const char *name, struct buffer *out);

/* CREATE UNIQUE INDEX CONCURRENTLY name ON table (…) with INCLUDE, NULLS NOT DISTINCT, WITH and
 * TABLESPACE of an ADD_UNIQUE or ADD_PRIMARY_KEY, or of the UNIQUE or PRIMARY KEY of an ADD COLUMN.
 * False for one USING INDEX, for one WITHOUT OVERLAPS, and for a column with two keys. It has
 * neither ONLY nor IF EXISTS. */
MUST_USE bool alter_text_key_index(struct span text, const struct statement *statement,
                                   size_t action, const char *name, struct buffer *out);
/* ALTER TABLE … ADD CONSTRAINT name UNIQUE|PRIMARY KEY USING INDEX name, with DEFERRABLE as the
 * client wrote it. `name` must be the client's own, if there is one. */
MUST_USE bool alter_text_key_using_index(struct span text, const struct statement *statement,
                                         size_t action, const char *name, struct buffer *out);

/* NOT VALID, CREATE UNIQUE INDEX and USING INDEX on another table, without ONLY and IF EXISTS. A
 * key is called `name`, whatever the client has called its own. */
MUST_USE bool alter_text_not_valid_on(struct span text, const struct statement *statement,
                                      size_t action, const char *name,
                                      const struct object_name *table, struct buffer *out);
MUST_USE bool alter_text_key_index_on(struct span text, const struct statement *statement,
                                      size_t action, const char *name,
                                      const struct object_name *table, struct buffer *out);
MUST_USE bool alter_text_key_using_index_on(struct span text, const struct statement *statement,
                                            size_t action, const char *name,
                                            const struct object_name *table, struct buffer *out);
/* ALTER TABLE ONLY table ADD CONSTRAINT name …, of an ADD_UNIQUE or ADD_PRIMARY_KEY without USING
 * INDEX. `table` NULL: the client's own, and `name` is used where the client gave none. */
MUST_USE bool alter_text_key_only(struct span text, const struct statement *statement,
                                  size_t action, const char *name, const struct object_name *table,
                                  struct buffer *out);

/* ALTER TABLE table <tail>, for statements of ours: "VALIDATE CONSTRAINT x". Proved to be an ALTER
 * TABLE of that table. */
MUST_USE bool alter_text_append(struct span text, const struct statement *statement,
                                struct span tail, struct buffer *out);

/* That one action on another table, without ONLY and IF EXISTS. */
MUST_USE bool alter_text_on_table(struct span text, const struct statement *statement,
                                  size_t action, const struct object_name *table,
                                  struct buffer *out);

/* Does the action speak of that name, whatever it means there? So it does when it has a `*`, or
 * cannot be read. */
bool alter_mentions(struct span text, const struct statement *statement, size_t action,
                    const char *name);

/* The columns of a UNIQUE, PRIMARY KEY or FOREIGN KEY, of an ADD COLUMN too, in order, at most
 * `most`; gives how many there are. */
size_t alter_key_columns(struct span text, const struct statement *statement, size_t action,
                         char (*columns)[NAME_BYTES], size_t most);

/* The name that the client gave a constraint, of NAME_BYTES; empty when PostgreSQL chooses. `flag`
 * and `nth` as for alter_text_column_constraint; 0 and 0 when the action is no ADD COLUMN. False:
 * there is no such constraint. */
MUST_USE bool alter_constraint_name(struct span text, const struct statement *statement,
                                    size_t action, unsigned flag, size_t nth, char *name);

/* The names that PostgreSQL would try for a constraint without one, in order (ChooseConstraintName,
 * ChooseIndexName: table and columns joined, "_fkey", "_check", "_key"; "_pkey" with the table
 * alone; then with 1, 2 …). For an ADD COLUMN those of its first constraint of that flag without a
 * name, else `flag` is 0. Fills `most` of them; 0 when the action adds no constraint or has its own
 * name, and for the CHECK whose columns only the catalog tells. */
size_t alter_constraint_names(struct span text, const struct statement *statement, size_t action,
                              unsigned flag, char (*names)[NAME_BYTES], size_t most);
/* How many of those names go to the constraints that stand before this one in the statement: the
 * same are made up for them. */
MUST_USE size_t alter_names_taken(struct span text, const struct statement *statement,
                                  size_t action);

/* What those names have behind the table's, of an ADD_UNIQUE or ADD_PRIMARY_KEY whose constraint
 * may have a name: "_a_b_key". So are the keys of partitions called, INCLUDE counted. */
size_t alter_key_tails(struct span text, const struct statement *statement, size_t action,
                       char (*tails)[NAME_BYTES], size_t most);

/* The same for the sequence of an ADD COLUMN of a serial type or AS IDENTITY
 * (generateSerialExtraStmts: "_seq"). */
size_t alter_sequence_names(const struct statement *statement, size_t action,
                            char (*names)[NAME_BYTES], size_t most);

#endif
