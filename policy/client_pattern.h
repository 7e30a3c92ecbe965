/* Client addresses and the patterns that overrides name them with. A pattern is read once, when the
 * configuration is loaded; what it says of an address is then a comparison of bits, or a glob. No
 * name is ever looked up. */
#ifndef POLICY_CLIENT_PATTERN_H
#define POLICY_CLIENT_PATTERN_H

#include <stdint.h>

#include "protocol/span.h"

struct client_pattern {
    const char *text; /* borrowed */
    unsigned length;  /* bytes of the network: 4 for IPv4, 16 for IPv6; 0: the text is a glob */
    unsigned bits;    /* how many of the network's count */
    uint8_t network[16];
};

/* "10.1.2.3", "10.0.0.0/8", "::1", "fd00::/8", or a glob on the address as it is written: "10.1.*",
 * "unix". False: it is none of these, or a glob that no address fits. An IPv4 address in
 * an IPv6 one (::ffff:10.1.2.3) is the IPv4 address. */
MUST_USE bool client_pattern_parse(const char *text, struct client_pattern *out);

/* `client` as sessions have it: "10.1.2.3:51234", "[::1]:51234", "unix", or the path that a client
 * has bound its own unix socket to, which counts as "unix". */
bool client_pattern_matches(const struct client_pattern *pattern, const char *client);

#endif
