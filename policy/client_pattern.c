/* Patterns of addresses. inet_pton reads the numbers: it takes no short forms and asks nobody. */
#include "policy/client_pattern.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "policy/glob.h"

/* "fd00:…:ffff/128" and the like; what is longer is no address. */
#define ADDRESS_MOST 64

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* The address in its shortest form: 4 bytes for IPv4, also when it comes in an IPv6 one. 0: no
 * address. */
static unsigned client_pattern_read(const char *text, uint8_t out[16])
{
    uint8_t bytes[16] = {0};
    if (inet_pton(AF_INET, text, bytes) == 1) {
        memcpy(out, bytes, 4);
        return 4;
    }
    if (inet_pton(AF_INET6, text, bytes) != 1) {
        return 0;
    }
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        memcpy(out, bytes + sizeof mapped, 4);
        return 4;
    }
    memcpy(out, bytes, 16);
    return 16;
}

/* A number without sign or leading zero, of at most three digits. */
static bool client_pattern_read_bits(const char *text, unsigned *bits)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 3 || text[length] != '\0' || (text[0] == '0' && length > 1)) {
        return false;
    }
    *bits = 0;
    for (size_t i = 0; i < length; i++) {
        *bits = *bits * 10 + (unsigned)(text[i] - '0');
    }
    return true;
}

/* "ADDRESS/BITS". Bits behind those that count may be set, as in pg_hba.conf. */
static bool client_pattern_read_network(const char *text, const char *slash,
                                        struct client_pattern *out)
{
    char address[ADDRESS_MOST];
    size_t length = (size_t)(slash - text);
    unsigned bits = 0;
    if (length >= sizeof address || !client_pattern_read_bits(slash + 1, &bits)) {
        return false;
    }
    memcpy(address, text, length);
    address[length] = '\0';
    out->length = client_pattern_read(address, out->network);
    bool is_mapped = out->length == 4 && strchr(address, ':') != NULL;
    if (is_mapped && bits < 96) {
        return false; /* wider than IPv4 in IPv6 */
    }
    out->bits = is_mapped ? bits - 96 : bits;
    return out->length > 0 && out->bits <= 8 * out->length;
}

/* Without a wildcard only "unix" is left; with one, all that is not "unix" is digits and marks. */
static bool client_pattern_is_glob(const char *text)
{
    return glob_matches(text, "unix") ||
           (strpbrk(text, "*?") != NULL && text[strspn(text, "0123456789abcdef.:*?")] == '\0');
}

bool client_pattern_parse(const char *text, struct client_pattern *out)
{
    *out = (struct client_pattern){.text = text};
    const char *slash = strchr(text, '/');
    if (slash != NULL) {
        return client_pattern_read_network(text, slash, out);
    }
    out->length = client_pattern_read(text, out->network);
    out->bits = 8 * out->length;
    return out->length > 0 || client_pattern_is_glob(text);
}

/* Without port, brackets and the interface of a link-local address. */
static void client_pattern_strip(const char *client, char out[ADDRESS_MOST])
{
    if (client[0] == '/') {
        client = "unix";
    }
    bool bracket = client[0] == '[';
    const char *from = client + bracket;
    size_t length = strcspn(from, bracket ? "%]" : ":");
    snprintf(out, ADDRESS_MOST, "%.*s", (int)length, from);
}

bool client_pattern_matches(const struct client_pattern *pattern, const char *client)
{
    char text[ADDRESS_MOST];
    uint8_t bytes[16];
    client_pattern_strip(client, text);
    if (pattern->length == 0) {
        return glob_matches(pattern->text, text);
    }
    if (client_pattern_read(text, bytes) != pattern->length) {
        return false;
    }
    unsigned whole = pattern->bits / 8;
    unsigned rest = pattern->bits % 8;
    return memcmp(bytes, pattern->network, whole) == 0 &&
           (rest == 0 || (bytes[whole] ^ pattern->network[whole]) >> (8 - rest) == 0);
}
