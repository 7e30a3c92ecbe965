/* Questions to the facts that more than one of their readers has. Nothing is asked of anybody. */
#include "policy/facts.h"

const struct partition_facts *facts_default_partition(const struct facts *facts)
{
    for (size_t i = 0; facts->partitions_known && i < facts->partition_count; i++) {
        const struct partition_facts *partition = &facts->partitions[i];
        if (partition->is_default && partition->parent == facts->target_oid) {
            return partition;
        }
    }
    return NULL;
}

bool partition_is_small(const struct partition_facts *partition, int64_t bytes)
{
    return partition->kind == 'r' && partition->bytes >= 0 && partition->bytes <= bytes;
}
