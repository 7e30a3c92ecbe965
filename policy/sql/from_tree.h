/* Between from_tree.c, which has the table, and the files with the statements that do not fit into
 * a row: from_tree_special.c, from_tree_typed.c, from_tree_alter.c and from_tree_create.c. */
#ifndef POLICY_SQL_FROM_TREE_H
#define POLICY_SQL_FROM_TREE_H

#include "policy/sql/internal.h"

/* Adds the object that `name_node` names, with the flags that its RangeVar tells. Nothing happens
 * when there is no name. */
void from_tree_add(struct statement *out, const char *action, const char *kind,
                   const struct node *name_node);
/* Adds one object for each node of a list. */
void from_tree_add_all(struct statement *out, const char *action, const char *kind,
                       const struct node *list);
/* The relation acted on when it is not the object itself: the table of an index, a trigger. The one
 * object, when it has no schema of its own, is in the relation's. */
void from_tree_set_target(struct statement *out, const struct node *relation);

/* Sets the tag and the kind that goes with it. */
void from_tree_set_tag(struct statement *out, const char *tag);

/* Fills what the table could not; false when the statement needs nothing of the kind, and has no
 * meaning for us unless it has a row. */
bool from_tree_special(const char *name, const struct node *node, struct statement *out);
bool from_tree_typed(const char *name, const struct node *node, struct statement *out);

/* from_tree_alter.c: the actions, and the flags and types that they give the statement. `out` has
 * its kind. Of AlterTableStmt; RenameStmt; AlterObjectSchemaStmt. */
void from_tree_actions(const struct node *node, struct statement *out);
void from_tree_rename(const struct node *node, struct statement *out);
void from_tree_set_schema(const struct node *node, struct statement *out);

/* from_tree_create.c: what CREATE TABLE, CREATE and ALTER of TYPE and DOMAIN have beside a name. */
bool from_tree_create(const char *name, const struct node *node, struct statement *out);

/* column.c: what a ColumnDef says, as flags of enum alter_flag. */
unsigned column_flags(const struct node *column);
/* COLUMN_… of one Constraint node of a column; 0 for NULL, DEFERRABLE and their like. */
unsigned column_constraint_flag(const struct node *constraint);
/* COLUMN_DEFAULT_CONSTANT, COLUMN_DEFAULT_VOLATILE or neither. */
unsigned column_default_flags(const struct node *expression);
/* The last name of its type; empty when it has none. */
const char *column_type_name(const struct node *column);
/* As enum column_type. */
unsigned column_types(const struct node *column);

#endif
