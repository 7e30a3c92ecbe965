/* What the files of the parser adapter share. Nothing outside policy/sql includes it.
 *
 *      text ── grammar ──> tree ── from_tree ──> struct statement
 *        │       │ no                                 ▲    ▲
 *        │       └──────────── from_words ────────────┘    │
 *        └── lexer ─────────── splice, redact ─────────────┘ */
#ifndef POLICY_SQL_INTERNAL_H
#define POLICY_SQL_INTERNAL_H

#include "policy/sql/lexer.h"
#include "policy/sql/sql.h"
#include "policy/sql/tree.h"

/* grammar.c: the two calls into libpg_query.
 *
 * Reads `text` by PostgreSQL's grammar. On true, *statement is the wrapper of its one statement,
 * {"IndexStmt": {…}}, and lives as long as the tree. False for an error of syntax, for more or less
 * than one statement, for text with a NUL byte and for want of memory. Free the tree in both cases.
 */
MUST_USE bool grammar_read(struct span text, struct tree *tree, const struct node **statement);
/* The same for a text of any number of statements: the array of {"stmt": wrapper}. */
MUST_USE bool grammar_read_all(struct span text, struct tree *tree, const struct node **statements);
/* What the grammar complains of; true when it does. */
MUST_USE bool grammar_find_error(struct span text, struct sql_error *error);
/* Would the grammar take this word, not quoted, for a name in every place? */
bool grammar_is_plain_name(const char *word);

/* object_type.c: the rows of PostgreSQL's enum ObjectType. */
struct object_type {
    const char *name;                  /* OBJECT_MATVIEW */
    const char *kind;                  /* materialized view: the ledger's word */
    const char *create, *alter, *drop; /* command tags */
};
/* NULL when there is no such type. */
const struct object_type *object_type_named(const char *name);
/* By the words behind CREATE, ALTER or DROP, upper case: the longest type that `words` begins with;
 * *length gets its length. */
const struct object_type *object_type_of_words(const char *words, size_t *length);
/* Is an object of this kind in pg_class, so that a lock on it is a lock on a relation? */
bool object_kind_is_relation(const char *kind);
/* The kind of statement that a command tag stands for. */
enum statement_kind statement_kind_of_tag(const char *tag);

/* names.c: names out of the tree, in whichever form the grammar has them: a text, a list of String
 * nodes, RangeVar, TypeName, ObjectWithArgs, RoleSpec, AccessPriv. False when there is none. */
MUST_USE bool name_of_node(const struct node *node, struct object_name *name);
/* As a name and the relation that it is in, from a list [schema,] relation, name. */
void name_of_part(const struct node *list, struct object_name *part, struct object_name *relation);
void name_copy(char *out, const char *text);
bool name_is_temporary(const struct object_name *name);
/* DefElem's value by PostgreSQL's defGetBoolean: no value is true. */
bool option_is_on(const struct node *def_elem);

/* Counts the object, and keeps it when there is room. `action` and `kind` are constant texts. */
void object_add(struct statement *statement, const char *action, const char *kind,
                const struct object_name *name);

/* from_tree.c, from_words.c: fill kind, flags, tag, names; places and secrets are others' work. */
void statement_from_tree(const struct node *wrapper, struct statement *statement);
void statement_from_words(struct span text, const struct scan_statement *cut,
                          struct statement *statement);

/* splice.c: fills concurrently_at and name_at. */
void splice_find(struct span text, struct statement *statement);

/* action_place.c: start and length of every action of an ALTER TABLE; 0 for all of them when one is
 * not known, or when there are more than are stored. */
void action_find_places(struct span text, struct statement *statement);
/* What stands before the actions: the table's name, and the first byte behind it, its `*` and its
 * parenthesis. */
struct alter_head {
    size_t name_at, name_length;
    size_t end;
};
struct alter_head alter_head_of(struct span text);

/* prove.c: is `spliced` the statement `original` plus exactly CONCURRENTLY, and, when `index_name`
 * is not NULL, plus that name? */
MUST_USE bool prove_concurrent(struct span original, struct span spliced, const char *index_name);

/* Are two subtrees the same in all but their places in the text? Their keys count, too. */
bool prove_same_tree(const struct node *a, const struct node *b);
/* Are two objects the same in every field but these, which a NULL ends? */
bool prove_same_but(const struct node *a, const struct node *b, const char *const *except);

/* Is `spliced` the message `original` plus exactly these statements? */
MUST_USE bool prove_inserted(struct span original, struct span spliced,
                             const struct insertion *insertions, size_t count);

/* choose_name.c: the names that PostgreSQL chooses for indexes and constraints without one. */
#define CHOSEN_COLUMNS_MAX 32 /* INDEX_MAX_KEYS: with more the server refuses the statement */
struct chosen_columns {
    char names[CHOSEN_COLUMNS_MAX][NAME_BYTES];
    size_t count;
};
/* ChooseIndexColumnNames: a name that is taken gets a number. Nothing happens when it is full. */
void choose_name_add(struct chosen_columns *columns, const char *origin);
/* The names to try, in order: table_columns_label, then with 1, 2 … behind the label. `columns` may
 * be empty. */
void choose_names(const char *table, const struct chosen_columns *columns, const char *label,
                  char (*names)[NAME_BYTES], size_t most);
/* index_name.c: adds the columns of an index, IndexElem nodes, by the names of their expressions.
 */
void choose_name_add_elements(struct chosen_columns *columns, const struct node *elements);

/* partition_bound.c: takes the bound of a partition: DEFAULT, or FOR VALUES with IN (…), FROM (…)
 * TO (…) or WITH (…). */
struct span partition_take_bound(struct lexer *lexer);

/* redact.c: may the text hold a secret? */
bool redact_is_needed(struct span text, const struct statement *statement);

#endif
