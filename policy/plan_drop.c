/* A DROP in several steps. The plain statement is all or nothing, so nothing is dropped before the
 * server's answers say that all of it can be.
 *
 *      DROP INDEX a, b, nope     DROP INDEX CONCURRENTLY a     UNDO: again, when it was cut off
 *                                DROP INDEX CONCURRENTLY b     UNDO: likewise
 *                                DROP INDEX IF EXISTS nope     the server's own notice
 *
 *      DROP TABLE c              ALTER TABLE c DROP CONSTRAINT, of each    UNDO: add it again
 *                                foreign key to another table
 *                                DROP TABLE c
 *
 * An index that has been dropped stays dropped when a later drop is cut off: a build of the same
 * one would take longer, and could fail as well. A foreign key comes back, NOT VALID and then
 * validated; while it is gone nobody checks it. */
#include "policy/plan_moves.h"

static const char *drop_index(struct moves *moves, size_t object)
{
    const struct statement *statement = moves->statement;
    const struct facts *facts = moves->request->facts;
    const struct object_name *table = &facts->dropped[object].table;
    struct buffer *out = moves_long_part(moves, table, NULL);
    if (!sql_drop_some(moves->text, statement, 1u << object, true, out)) {
        return "the drops could not be proved to be the same one by one";
    }
    undo_append_index(facts, table, statement->objects[object].name.name, UNDO_INDEX_LEFTOVER,
                      moves_undo(moves, true));
    moves_keep(moves);
    return NULL;
}

/* Whether each can be added again. */
static bool drop_keys_are_known(const struct facts *facts)
{
    bool known = facts->foreign_keys_known && facts->target_oid != 0 && facts->dropped_count == 1;
    for (size_t i = 0; i < facts->foreign_key_count; i++) {
        const struct foreign_key_facts *key = &facts->foreign_keys[i];
        known = known && (key->incoming || key->definition[0] != '\0');
    }
    return known;
}

static void drop_key(struct moves *moves, const struct foreign_key_facts *key)
{
    struct buffer *out = moves_part(moves);
    buffer_append_text(out, "ALTER TABLE ");
    sql_append_name(out, &moves->request->facts->table);
    buffer_append_text(out, " DROP CONSTRAINT ");
    sql_append_identifier(out, key->name);
    undo_append_foreign_key(moves->request->facts, key, moves_undo(moves, false));
}

const char *plan_drop_table(const struct plan_request *request, struct draft *draft)
{
    struct moves moves;
    const char *why = NULL;
    const struct facts *facts = request->facts;
    if (facts->kind != 'r' || !drop_keys_are_known(facts)) {
        return "the server could not be asked how to add its foreign keys again";
    }
    moves_start(&moves, request, draft);
    draft->how = "DROP CONSTRAINT of each foreign key, then DROP TABLE";
    for (size_t i = 0; i < facts->foreign_key_count; i++) {
        if (foreign_key_leads_out(facts, i)) {
            drop_key(&moves, &facts->foreign_keys[i]);
        }
    }
    if (!sql_drop_some(moves.text, moves.statement, 1u, false, moves_part(&moves))) {
        why = "the drop could not be proved to be the same";
    }
    if (why == NULL) {
        moves_finish(&moves);
    }
    moves_end(&moves, why);
    return why;
}

const char *plan_drop_indexes(const struct plan_request *request, struct draft *draft)
{
    struct moves moves;
    const char *why = NULL;
    unsigned missing = 0;
    if (!request->facts->exists ||
        request->facts->dropped_count != request->statements[0].object_count) {
        return "the server could not be asked about every one of them";
    }
    moves_start(&moves, request, draft);
    draft->how = "DROP INDEX CONCURRENTLY, one index at a time";
    for (size_t i = 0; i < request->facts->dropped_count && why == NULL; i++) {
        bool there = request->facts->dropped[i].exists;
        missing |= there ? 0u : 1u << i;
        why = there ? drop_index(&moves, i) : NULL;
    }
    if (why == NULL && missing != 0 &&
        !sql_drop_some(moves.text, moves.statement, missing, false, moves_part(&moves))) {
        why = "the drop of what is not there could not be proved to be the same";
    }
    if (why == NULL) {
        moves_finish(&moves);
    }
    moves_end(&moves, why);
    return why;
}
