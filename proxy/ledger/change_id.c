/* Change ids from text and to text. It never makes one: that is the session's business.
 *
 *      0199c3f0-5c1e-7abc-8def-0123456789ab
 *      8       -4   -4   -4   -12               hexadecimal digits, dashes at 8, 13, 18, 23 */
#include "proxy/ledger/change_id.h"

static bool dash_belongs_at(size_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

/* The value of a hexadecimal digit, or -1. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static void put_nibble(struct change_id *id, size_t nibble, unsigned value)
{
    uint8_t *byte = &id->bytes[nibble / 2];
    unsigned shift = nibble % 2 == 0 ? 4 : 0;
    *byte = (uint8_t)((*byte & ~(0xFu << shift)) | value << shift);
}

bool change_id_range(const char *prefix, struct change_id *low, struct change_id *high)
{
    memset(low->bytes, 0x00, sizeof low->bytes);
    memset(high->bytes, 0xFF, sizeof high->bytes);
    size_t nibble = 0;
    size_t place = 0;
    for (; prefix[place] != 0; place++) {
        if (place == CHANGE_ID_TEXT) {
            return false;
        }
        if (dash_belongs_at(place)) {
            if (prefix[place] != '-') {
                return false;
            }
            continue;
        }
        int value = hex_value(prefix[place]);
        if (value < 0) {
            return false;
        }
        put_nibble(low, nibble, (unsigned)value);
        put_nibble(high, nibble, (unsigned)value);
        nibble++;
    }
    return place > 0;
}

bool change_id_parse(const char *text, struct change_id *out)
{
    struct change_id high;
    return strlen(text) == CHANGE_ID_TEXT && change_id_range(text, out, &high);
}

void change_id_text(const struct change_id *id, char out[CHANGE_ID_TEXT + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t nibble = 0;
    for (size_t place = 0; place < CHANGE_ID_TEXT; place++) {
        if (dash_belongs_at(place)) {
            out[place] = '-';
            continue;
        }
        unsigned byte = id->bytes[nibble / 2];
        out[place] = digits[nibble % 2 == 0 ? byte >> 4 : byte & 0xF];
        nibble++;
    }
    out[CHANGE_ID_TEXT] = 0;
}
