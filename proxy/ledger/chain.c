/* SHA-256 over the events, with OpenSSL. It never sees the journal: it is given bytes.
 *
 *      genesis --> hash 1 --> hash 2 --> hash 3 …
 *                  body 1     body 2     body 3 */
#include "proxy/ledger/chain.h"

#include <openssl/evp.h>

/* The 0x00 between the parts keeps ("ab", "c") and ("a", "bc") apart. */
static bool hash_two(struct span first, struct span second, struct chain_hash *out)
{
    static const uint8_t separator = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool hashed = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                  EVP_DigestUpdate(context, first.at, first.length) == 1 &&
                  EVP_DigestUpdate(context, &separator, 1) == 1 &&
                  EVP_DigestUpdate(context, second.at, second.length) == 1 &&
                  EVP_DigestFinal_ex(context, out->bytes, NULL) == 1;
    EVP_MD_CTX_free(context);
    return hashed;
}

bool chain_genesis(const char *instance_id, struct chain_hash *out)
{
    return hash_two(span_text("ddlguard ledger"), span_text(instance_id), out);
}

bool chain_link(const struct chain_hash *previous, struct span body, struct chain_hash *out)
{
    return hash_two(span_of(previous->bytes, CHAIN_BYTES), body, out);
}
