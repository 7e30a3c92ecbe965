/* Any row as the probe's answer: taken whole or not at all, and every text in the facts ends.
 *
 *      | form and query (1) | columns, each up to a byte of 0 ... | */
#include <assert.h>

#include "policy/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct facts nothing;
    struct span columns[PROBE_COLUMNS_MAX];
    size_t count = 0;
    if (size == 0) {
        return 0;
    }
    for (size_t at = 1; at < size && count < PROBE_COLUMNS_MAX; count++) {
        const uint8_t *end = memchr(data + at, 0, size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - data) - at;
        columns[count] = span_of(data + at, length);
        at += length + 1;
    }
    struct probe probe = {.form = (enum probe_form)(data[0] % 4)};
    probe.count = probe.form == PROBE_SHOW ? 3 : 1;
    struct facts facts = {0};
    if (!probe_read(&probe, (data[0] / 4) % probe.count, columns, count, &facts)) {
        assert(memcmp(&facts, &nothing, sizeof facts) == 0);
        probe_free(&probe);
        return 0;
    }
    assert(!facts.target_known || probe.form == PROBE_TARGET || probe.form == PROBE_SCOPE);
    assert(ends(facts.lock_timeout, sizeof facts.lock_timeout));
    assert(ends(facts.statement_timeout, sizeof facts.statement_timeout));
    assert(ends(facts.transaction_timeout, sizeof facts.transaction_timeout));
    assert(ends(facts.idle_session_timeout, sizeof facts.idle_session_timeout));
    assert(ends(facts.table.schema, NAME_BYTES) && ends(facts.table.name, NAME_BYTES));
    assert(ends(facts.index_name, NAME_BYTES));
    assert(facts.bytes >= -1 && facts.rows >= -1);
    assert(ends(facts.drop_unproved, sizeof facts.drop_unproved));
    assert(facts.partition_count <= 1 && facts.foreign_key_count <= 1);
    probe_free(&probe);
    return 0;
}
