/* The hash chain over the events: what was written cannot be altered, taken out or put in between
 * without every later hash being wrong. (Against somebody who can rewrite the whole file it needs
 * an anchor elsewhere; here is only the chain.) */
#ifndef PROXY_LEDGER_CHAIN_H
#define PROXY_LEDGER_CHAIN_H

#include "protocol/span.h"

#define CHAIN_BYTES 32

struct chain_hash {
    uint8_t bytes[CHAIN_BYTES];
};

/* What stands before the first event: SHA-256("ddlguard ledger" || 0x00 || instance id), so that
 * the events of one journal cannot be passed off as another's. False: no memory in OpenSSL. */
MUST_USE bool chain_genesis(const char *instance_id, struct chain_hash *out);
/* SHA-256(previous || 0x00 || body), where body is the exact text of the event in the journal.
 * False: no memory in OpenSSL. `out` may be `previous`. */
MUST_USE bool chain_link(const struct chain_hash *previous, struct span body,
                         struct chain_hash *out);
static inline bool chain_equal(const struct chain_hash *a, const struct chain_hash *b)
{
    return memcmp(a->bytes, b->bytes, CHAIN_BYTES) == 0;
}

#endif
