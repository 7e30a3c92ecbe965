/* Reads the probe's answer: text columns, in the order in which probe.c asks for them. What is not
 * exactly as expected makes the whole row unknown: a guess here would be taken for knowledge. */
#include "policy/probe_columns.h"
#include "policy/probe_text.h"

#include <stdlib.h>

static void probe_read_settings(struct columns *columns, struct facts *facts)
{
    char ignored[32];
    facts->server_version = columns_number(columns);
    facts->lock_timeout_ms = columns_time(columns, facts->lock_timeout, sizeof facts->lock_timeout);
    facts->statement_timeout_ms =
        columns_time(columns, facts->statement_timeout, sizeof facts->statement_timeout);
    columns_text(columns, facts->transaction_timeout, sizeof facts->transaction_timeout);
    columns_text(columns, facts->idle_session_timeout, sizeof facts->idle_session_timeout);
    facts->deadlock_timeout_ms = columns_time(columns, ignored, sizeof ignored);
    facts->client_min_messages = columns_level(columns);
    facts->server_pid = columns_number(columns);
}

static void probe_read_target(struct columns *columns, struct facts *facts)
{
    facts->exists = columns_bool(columns);
    facts->kind = columns_char(columns);
    facts->temporary = columns_bool(columns);
    facts->system = columns_bool(columns);
    facts->new_here = columns_bool(columns);
    facts->bytes = columns_estimate(columns);
    facts->rows = columns_estimate(columns);
    columns_name(columns, facts->table.schema);
    columns_name(columns, facts->table.name);
    facts->table_partitioned = columns_char(columns) == 'p';
    facts->table_has_invalid_index = columns_bool(columns);
    facts->table_has_exclusion = columns_bool(columns);
    facts->index.exists = columns_bool(columns);
    facts->index.valid = columns_bool(columns);
    facts->index.backs_constraint = columns_bool(columns);
    facts->index.exclusion = columns_bool(columns);
    facts->index.partition = columns_bool(columns);
    columns_name(columns, facts->index_name);
    /* Found by name but not seen by this snapshot: a REPEATABLE READ transaction older than the
     * table. Nothing is known of it. */
    facts->target_known = !facts->exists || facts->kind != '\0';
    facts->target_oid = columns_oid(columns);
    facts->table_has_children = columns_bool(columns);
    columns_name(columns, facts->partitioned.schema);
    columns_name(columns, facts->partitioned.name);
    facts->default_partition = columns_bool(columns);
    facts->sibling_default = columns_bool(columns);
    facts->populated = columns_bool(columns);
    facts->has_full_unique_index = columns_bool(columns);
    struct span drops = columns_next(columns);
    facts->unproved_known = drops.length < sizeof facts->drop_unproved;
    if (facts->unproved_known && drops.length > 0) {
        memcpy(facts->drop_unproved, drops.at, drops.length);
    }
    facts->may_copy = columns_bool(columns);
    facts->two_phase = columns_bool(columns);
    facts->may_change = columns_bool(columns);
    facts->bound_provable = columns_bool(columns);
    facts->locked_here = columns_bool(columns);
    facts->index.same_columns = columns_bool(columns);
}

/* Of probe_append_scope. */
static void probe_read_scope(struct columns *columns, struct facts *facts)
{
    facts->target_known = true;
    facts->exists = columns_bool(columns);
    facts->table_has_exclusion = columns_bool(columns);
    facts->table_has_invalid_index = columns_bool(columns);
    columns_name(columns, facts->table.schema);
    facts->kind = columns_char(columns);
    facts->system = strncmp(facts->table.schema, "pg_", 3) == 0;
    facts->bytes = facts->rows = -1;
}

/* The nineteen columns that every detail has (probe_detail.c). */
struct detail {
    char kind;
    uint32_t place, own, parent;
    char names[3][NAME_BYTES];
    struct span text;
    char kinds[2];
    int64_t bytes;
    bool is[8];
};

static struct detail columns_detail(struct columns *columns)
{
    struct detail detail = {.kind = columns_char(columns)};
    detail.place = columns_oid(columns);
    detail.own = columns_oid(columns);
    detail.parent = columns_oid(columns);
    for (size_t i = 0; i < 3; i++) {
        columns_name(columns, detail.names[i]);
    }
    detail.text = columns_next(columns);
    detail.kinds[0] = columns_char(columns);
    detail.kinds[1] = columns_char(columns);
    detail.bytes = columns_estimate(columns);
    for (size_t i = 0; i < 8; i++) {
        detail.is[i] = columns_bool(columns);
    }
    return detail;
}

/* Into an array of `size` bytes, with a NUL; empty when it is too long. */
static void detail_text(const struct detail *detail, char *out, size_t size)
{
    size_t length = detail->text.length < size ? detail->text.length : 0;
    if (length > 0) {
        memcpy(out, detail->text.at, length);
    }
    out[length] = '\0';
}

static void read_action(const struct detail *detail, struct facts *facts)
{
    struct action_facts *action = &facts->actions[detail->place];
    *action = (struct action_facts){
        .known = true,
        .constraint_kind = detail->kinds[0],
        .other_kind = detail->kinds[1],
        .other_bytes = detail->bytes,
        .column_exists = detail->is[0],
        .column_not_null = detail->is[1],
        .column_proved = detail->is[2],
        .constraint_exists = detail->is[3],
        .constraint_valid = detail->is[4],
        .keys_not_null = detail->is[5],
        .keys_nullable = detail->own,
        .unindexed = detail->parent == 1,
        .other_exists = detail->is[6],
        .type_constrained = detail->is[7],
        .default_partition = facts->default_partition,
    };
    memcpy(action->free_check, detail->names[0], NAME_BYTES);
    memcpy(action->free_foreign_key, detail->names[1], NAME_BYTES);
    memcpy(action->free_key, detail->names[2], NAME_BYTES);
    detail_text(detail, action->not_null_name, NAME_BYTES);
    detail_text(detail, action->free_sequence, NAME_BYTES);
    for (size_t i = 0; i < 3 && action->free_name[0] == '\0'; i++) {
        memcpy(action->free_name, detail->names[i], NAME_BYTES);
    }
}

/* Doubles as it grows: capacities are powers of two. NULL: no memory. */
static void *grow(void *list, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0;
    return full ? realloc(list, size * (count == 0 ? 1 : 2 * count)) : list;
}

static bool read_key_column(const struct detail *detail, struct facts *facts)
{
    if (facts->nullable_key_count == KEY_COLUMNS_MAX) {
        return false;
    }
    memcpy(facts->nullable_keys[facts->nullable_key_count++], detail->names[2], NAME_BYTES);
    return true;
}

static void read_dropped(const struct detail *detail, struct facts *facts)
{
    struct dropped_facts *dropped = &facts->dropped[detail->place];
    *dropped = (struct dropped_facts){.exists = detail->is[0],
                                      .kind = detail->kinds[0],
                                      .oid = detail->own,
                                      .droppable = detail->is[1]};
    memcpy(dropped->table.schema, detail->names[0], NAME_BYTES);
    memcpy(dropped->table.name, detail->names[1], NAME_BYTES);
    facts->dropped_count = detail->place + 1; /* they come in order */
}

static bool read_foreign_key(struct probe *probe, const struct detail *detail, struct facts *facts)
{
    if (facts->foreign_key_count == FOREIGN_KEYS_MAX) {
        probe->more_foreign_keys = true;
        return true;
    }
    struct foreign_key_facts *list =
        grow(probe->foreign_keys, facts->foreign_key_count, sizeof *list);
    if (list == NULL) {
        return false;
    }
    struct foreign_key_facts *key = &list[facts->foreign_key_count++];
    *key = (struct foreign_key_facts){
        .incoming = detail->is[0], .valid = detail->is[1], .may_be_given = detail->is[2]};
    memcpy(key->table.schema, detail->names[0], NAME_BYTES);
    memcpy(key->table.name, detail->names[1], NAME_BYTES);
    memcpy(key->name, detail->names[2], NAME_BYTES);
    detail_text(detail, key->definition, sizeof key->definition);
    facts->foreign_keys = probe->foreign_keys = list;
    return true;
}

static bool read_partition(struct probe *probe, const struct detail *detail, struct facts *facts)
{
    if (facts->partition_count == PARTITIONS_MAX) {
        probe->more_partitions = true;
        return true;
    }
    struct partition_facts *list = grow(probe->partitions, facts->partition_count, sizeof *list);
    if (list == NULL) {
        return false;
    }
    struct partition_facts *partition = &list[facts->partition_count++];
    *partition = (struct partition_facts){.oid = detail->own,
                                          .parent = detail->parent,
                                          .kind = detail->kinds[0],
                                          .is_default = detail->is[0],
                                          .constraint_taken = detail->is[1],
                                          .has_own_key = detail->is[2],
                                          .has_own_index = detail->is[3],
                                          .bytes = detail->bytes};
    memcpy(partition->name.schema, detail->names[0], NAME_BYTES);
    memcpy(partition->name.name, detail->names[1], NAME_BYTES);
    memcpy(partition->index_name, detail->names[2], NAME_BYTES);
    facts->partitions = probe->partitions = list;
    return true;
}

static bool read_fill(const struct detail *detail, struct fill_facts *fill)
{
    static const char codes[] = {[FILL_FREE] = '\0',
#define X(name, code, why) [FILL_##name] = code,
                                 FILL_OBSTACLES(X)
#undef X
    };
    for (size_t i = 0; i < sizeof codes; i++) {
        if (codes[i] == detail->kinds[0]) {
            *fill = (struct fill_facts){
                .known = true, .obstacle = (enum fill_obstacle)i, .may_own = detail->is[0]};
            return true;
        }
    }
    return false;
}

/* Columns come in the order of the key. */
static bool read_fill_key(const struct detail *detail, struct fill_facts *fill)
{
    if (detail->place != fill->key_count + 1 || detail->place > FILL_KEY_MAX) {
        return false;
    }
    memcpy(fill->key[fill->key_count++], detail->names[0], NAME_BYTES);
    return true;
}

static void read_rebuilt(const struct detail *detail, struct rebuilt_facts *rebuilt)
{
    if (!detail->is[0] || rebuilt->count == REBUILT_MAX) {
        rebuilt->others = true;
        return;
    }
    memcpy(rebuilt->checks[rebuilt->count++], detail->names[0], NAME_BYTES);
}

static bool probe_read_detail(struct probe *probe, struct columns *columns, struct facts *facts)
{
    struct detail detail = columns_detail(columns);
    bool good = detail.kind == '\0';
    if (detail.kind == DETAIL_ACTION && detail.place < STATEMENT_ACTIONS_MAX) {
        read_action(&detail, facts);
        good = true;
    } else if (detail.kind == DETAIL_KEY) {
        good = read_key_column(&detail, facts);
    } else if (detail.kind == DETAIL_DROPPED && detail.place < STATEMENT_OBJECTS_MAX) {
        read_dropped(&detail, facts);
        good = true;
    } else if (detail.kind == DETAIL_FOREIGN_KEY) {
        good = read_foreign_key(probe, &detail, facts);
    } else if (detail.kind == DETAIL_PARTITION) {
        good = read_partition(probe, &detail, facts);
    } else if (detail.kind == DETAIL_FILL) {
        good = read_fill(&detail, &facts->fill);
    } else if (detail.kind == DETAIL_FILL_KEY) {
        good = read_fill_key(&detail, &facts->fill);
    } else if (detail.kind == DETAIL_REBUILT) {
        read_rebuilt(&detail, &facts->rebuilt);
        good = true;
    }
    facts->foreign_keys_known = !probe->more_foreign_keys;
    facts->partitions_known = !probe->more_partitions;
    return good;
}

static void probe_read_show(size_t index, struct columns *columns, struct facts *facts)
{
    char ignored[32];
    if (index == 0) {
        facts->lock_timeout_ms =
            columns_time(columns, facts->lock_timeout, sizeof facts->lock_timeout);
    } else if (index == 1) {
        facts->deadlock_timeout_ms = columns_time(columns, ignored, sizeof ignored);
    } else {
        facts->client_min_messages = columns_level(columns);
    }
}

bool probe_read(struct probe *probe, size_t index, const struct span *columns, size_t count,
                struct facts *facts)
{
    struct columns row = {.at = columns, .count = count};
    bool detail = true;
    switch (probe->form) {
    case PROBE_SHOW:
        probe_read_show(index, &row, facts);
        break;
    case PROBE_SETTINGS:
        probe_read_settings(&row, facts);
        break;
    case PROBE_SCOPE:
        probe_read_settings(&row, facts);
        probe_read_scope(&row, facts);
        break;
    case PROBE_TARGET:
        probe_read_settings(&row, facts);
        probe_read_target(&row, facts);
        detail = probe_read_detail(probe, &row, facts);
        break;
    }
    if (!detail || row.bad || row.next != row.count) {
        *facts = (struct facts){0};
        return false;
    }
    facts->known = index + 1 == probe->count;
    return true;
}
