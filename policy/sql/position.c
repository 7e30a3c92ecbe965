/* Error positions: the server counts characters, not bytes, from 1, in the text that it got; the
 * client counts in the text that it sent.
 *
 *      client   CREATE INDEX i ON t (a)
 *      server   CREATE INDEX CONCURRENTLY i ON t (a)
 *                           ^^^^^^^^^^^^^ a position in here becomes that of the X of INDEX
 */
#include "policy/sql/internal.h"
#include "policy/sql/scan_encoding.h"

uint32_t sql_original_position(const struct splice *splice, struct span text,
                               enum scan_encoding encoding, uint32_t position)
{
    uint32_t original = position;
    for (size_t i = 0; i < splice->count; i++) {
        struct span front = span_cut(text, 0, splice->at[i].at);
        uint32_t before = (uint32_t)scan_encoding_characters(encoding, front);
        uint32_t inserted = (uint32_t)splice->at[i].characters;
        if (original > before + inserted) {
            original -= inserted;
        } else if (original > before) {
            original = before; /* inside: the character before it */
        }
    }
    return original;
}
