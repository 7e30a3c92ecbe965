/* Between the files that write the statements an ALTER TABLE is made of when it is made in several
 * (alter_text.c, alter_column.c, alter_key.c) and the one that proves them (alter_proof.c).
 *
 *      text ── source ──> tree of the client's ──── and the wish ──┐
 *                │                                                  ├─ the same? ──> out
 *                └── pieces of its text ── draft ── grammar ────────┘ */
#ifndef POLICY_SQL_ALTER_PROOF_H
#define POLICY_SQL_ALTER_PROOF_H

#include "policy/sql/alter_text.h"
#include "policy/sql/from_tree.h"

/* The client's statement, parsed once more: for the places in its tree, and for the proof. */
struct alter_source {
    struct tree tree;
    const struct node *statement;  /* AlterTableStmt */
    const struct node *command;    /* the AlterTableCmd of `action` */
    const struct node *definition; /* its Constraint or ColumnDef; NULL: none */
    size_t action;
    struct span text;  /* the statement's own bytes */
    struct span head;  /* all before its first action */
    struct span piece; /* the action's own text */
};

/* False when it is no ALTER TABLE whose actions have known places, or has no such action. Free the
 * source in both cases. */
MUST_USE bool alter_source_read(struct alter_source *source, struct span text,
                                const struct statement *statement, size_t action);
void alter_source_free(struct alter_source *source);

/* What a draft is meant to be. */
struct alter_wish {
    unsigned flags;   /* actions or constraints, by the function */
    size_t nth;       /* of the column's constraints of that flag */
    const char *name; /* of the constraint or index; of the type a serial one stands for */
    const struct object_name *table; /* the one that it is on; NULL: the client's */
    bool only;                       /* ON ONLY it */
    bool renamed; /* the constraint has the name, whatever the client has called it */
};

/* Is the draft, whose one statement is `wrapper`, what was wished for? */
typedef bool alter_proof(const struct alter_source *source, const struct alter_wish *wish,
                         const struct node *wrapper);

bool alter_is_only(const struct alter_source *source, const struct alter_wish *wish,
                   const struct node *wrapper);
bool alter_is_named(const struct alter_source *source, const struct alter_wish *wish,
                    const struct node *wrapper);
bool alter_is_not_valid(const struct alter_source *source, const struct alter_wish *wish,
                        const struct node *wrapper);
bool alter_is_bare_column(const struct alter_source *source, const struct alter_wish *wish,
                          const struct node *wrapper);
bool alter_is_set_default(const struct alter_source *source, const struct alter_wish *wish,
                          const struct node *wrapper);
bool alter_is_column_constraint(const struct alter_source *source, const struct alter_wish *wish,
                                const struct node *wrapper);
bool alter_is_key_index(const struct alter_source *source, const struct alter_wish *wish,
                        const struct node *wrapper);
bool alter_is_key_using_index(const struct alter_source *source, const struct alter_wish *wish,
                              const struct node *wrapper);
bool alter_is_key_only(const struct alter_source *source, const struct alter_wish *wish,
                       const struct node *wrapper);
/* Any actions on the same table. */
bool alter_is_same_table(const struct alter_source *source, const struct alter_wish *wish,
                         const struct node *wrapper);

/* Pieces of proofs. The one command of a draft that alters the client's table as the client would,
 * ONLY and IF EXISTS included, or the wished-for one; NULL when it is something else. */
const struct node *alter_only_command(const struct alter_source *source,
                                      const struct alter_wish *wish, const struct node *wrapper);
/* Has it no field but these, which a NULL ends? */
bool node_has_only(const struct node *object, const char *const *fields);
/* pg_catalog.name, and nothing more. */
bool type_is_builtin(const struct node *type, const char *name);

/* Appends the draft when the proof holds, and frees it. */
MUST_USE bool alter_draft_finish(struct buffer *draft, const struct alter_source *source,
                                 const struct alter_wish *wish, alter_proof *holds,
                                 struct buffer *out);

/* A constraint of a column: its node in the list, and what the words behind it say of it. */
struct column_constraint {
    const struct node *wrapper; /* in the list; NULL: there is none */
    const struct node *node;
    bool deferrable, initially_deferred;
};

/* The `nth` of the constraints with one of these flags. */
struct column_constraint column_constraint_find(const struct node *column, unsigned flags,
                                                size_t nth);
/* The constraint of the key that an action adds; `node` is NULL when it adds none, or a column has
 * two. */
struct column_constraint alter_key_of(const struct alter_source *source);
/* Is it a word behind a constraint, like DEFERRABLE? */
bool constraint_is_attribute(const struct node *constraint);

/* The text of one element of a column's list, from its first token to its last. */
struct span column_element_text(const struct alter_source *source, const struct node *wrapper);
/* The column's name as the client wrote it. */
struct span column_name_text(const struct alter_source *source);

/* Takes CONSTRAINT and the name behind it, when they are there. */
void lexer_take_constraint_name(struct lexer *lexer);
/* From the first token to the end of the last one. */
struct span lexer_trim(struct span text);

#endif
