/* Values of the configuration. Numbers are read digit by digit with their bound in sight, never by
 * strtol: it would accept blanks, signs and a text that goes on. */
#include "config/value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/un.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct unit durations[] = {{"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit sizes[] = {{"GB", 1 << 30}, {"MB", 1 << 20}, {"kB", 1 << 10}, {"B", 1}};

#define UNITS 4
_Static_assert(sizeof durations == UNITS * sizeof *durations, "every unit is tried");
_Static_assert(sizeof sizes == UNITS * sizeof *sizes, "every unit is tried");

/* The digits that `text` begins with, as a number of at most `most`; *rest is what follows them. */
static bool parse_digits(struct span text, int64_t most, int64_t *number, struct span *rest)
{
    size_t used = 0;
    *number = 0;
    while (used < text.length && text.at[used] >= '0' && text.at[used] <= '9') {
        int digit = text.at[used] - '0';
        if (*number > (most - digit) / 10) {
            return false;
        }
        *number = *number * 10 + digit;
        used++;
    }
    *rest = span_from(text, used);
    return used > 0;
}

static bool parse_quantity(struct span text, const struct unit *units, int64_t most, int64_t *value)
{
    int64_t number;
    struct span unit;
    if (!parse_digits(text, most, &number, &unit)) {
        return false;
    }
    if (number == 0 && unit.length == 0) {
        *value = 0;
        return true;
    }
    for (size_t i = 0; i < UNITS; i++) {
        if (span_is(unit, units[i].name) && number <= most / units[i].factor) {
            *value = number * units[i].factor;
            return true;
        }
    }
    return false;
}

bool value_parse_duration(struct span text, uint32_t *ms)
{
    int64_t value;
    if (!parse_quantity(text, durations, UINT32_MAX, &value)) {
        return false;
    }
    *ms = (uint32_t)value;
    return true;
}

bool value_parse_bytes(struct span text, int64_t *bytes)
{
    return parse_quantity(text, sizes, INT64_MAX, bytes);
}

bool value_parse_count(struct span text, uint32_t *count)
{
    int64_t value;
    struct span rest;
    if (!parse_digits(text, UINT32_MAX, &value, &rest) || rest.length > 0) {
        return false;
    }
    *count = (uint32_t)value;
    return true;
}

static bool parse_port(struct span text, uint16_t *port)
{
    uint32_t number;
    if (!value_parse_count(text, &number) || number > UINT16_MAX) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

static void print_quantity(char text[VALUE_TEXT_BYTES], const struct unit *units, int64_t value)
{
    const struct unit *unit = units;
    while (value % unit->factor != 0) {
        unit++; /* ends: the last factor is 1 */
    }
    snprintf(text, VALUE_TEXT_BYTES, "%" PRId64 "%s", value / unit->factor,
             value == 0 ? "" : unit->name);
}

void value_print_duration(char text[VALUE_TEXT_BYTES], uint32_t ms)
{
    print_quantity(text, durations, ms);
}

void value_print_bytes(char text[VALUE_TEXT_BYTES], int64_t bytes)
{
    print_quantity(text, sizes, bytes);
}

/* Where the last `byte` stands; the length of the text when there is none. */
static size_t find_last(struct span text, uint8_t byte)
{
    for (size_t i = text.length; i > 0; i--) {
        if (text.at[i - 1] == byte) {
            return i - 1;
        }
    }
    return text.length;
}

/* The kernel's address has room for FOLDER/.s.PGSQL.PORT and a NUL. */
static bool is_folder(struct span text)
{
    return text.length > 0 && text.at[0] == '/' &&
           text.length + sizeof "/.s.PGSQL.65535" <= sizeof((struct sockaddr_un *)0)->sun_path;
}

static bool is_ipv6(struct span host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    if (host.length >= sizeof text) {
        return false;
    }
    memcpy(text, host.at, host.length);
    text[host.length] = '\0';
    return inet_pton(AF_INET6, text, &ignored) == 1;
}

static bool is_name(struct span host)
{
    for (size_t i = 0; i < host.length; i++) {
        uint8_t byte = host.at[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && byte != '-' && byte != '.' && byte != '_') {
            return false;
        }
    }
    return host.length > 0;
}

bool value_is_host(struct span text)
{
    return is_folder(text) || is_name(text) || is_ipv6(text);
}

static bool parse_folder(struct span text, struct value_address *address)
{
    size_t colon = find_last(text, ':');
    *address = (struct value_address){true, span_cut(text, 0, colon), VALUE_DEFAULT_PORT};
    return is_folder(address->host) &&
           (colon == text.length ||
            (parse_port(span_from(text, colon + 1), &address->port) && address->port > 0));
}

bool value_parse_address(struct span text, struct value_address *address)
{
    if (text.length == 0) {
        return false;
    }
    if (text.at[0] == '/') {
        return parse_folder(text, address);
    }
    size_t colon = find_last(text, ':');
    struct span host = span_cut(text, 0, colon);
    *address = (struct value_address){false, host, 0};
    if (!parse_port(span_from(text, colon + 1), &address->port)) {
        return false;
    }
    if (host.length > 2 && host.at[0] == '[' && host.at[host.length - 1] == ']') {
        address->host = span_cut(host, 1, host.length - 2);
        return is_ipv6(address->host);
    }
    return is_name(host);
}

int value_find_word(const char *const *words, const char *text)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

/* Longer texts are compared by their beginning: for a hint that is enough. */
#define COMPARED_BYTES 63

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Insertions, deletions and replacements that make one text of the other (Wagner and Fischer), with
 * one row of their table: row[j] is the distance between the part of `a` seen so far and the first
 * j bytes of `b`. */
static size_t distance(const char *a, const char *b)
{
    size_t row[COMPARED_BYTES + 1];
    size_t b_length = strnlen(b, COMPARED_BYTES);
    for (size_t j = 0; j <= b_length; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < COMPARED_BYTES && a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_length; j++) {
            size_t above = row[j + 1];
            row[j + 1] = least_of(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[b_length];
}

/* More errors than this in one word are more likely another word. */
#define ERRORS_MOST 2

const char *value_write_hint(char hint[VALUE_HINT_BYTES], const char *const *words,
                             const char *text)
{
    size_t nearest = strlen(text) > ERRORS_MOST ? ERRORS_MOST + 1 : strlen(text);
    hint[0] = '\0';
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t candidate = distance(words[i], text);
        if (candidate < nearest) {
            nearest = candidate;
            snprintf(hint, VALUE_HINT_BYTES, "; did you mean %s?", words[i]);
        }
    }
    return hint;
}
