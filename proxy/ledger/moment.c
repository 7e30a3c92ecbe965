/* Times to text and back. It never asks for the time and knows no local zone: two people who read
 * the same ledger see the same times. */
#include "proxy/ledger/moment.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)

void moment_text(int64_t at_us, char out[MOMENT_TEXT + 1])
{
    time_t seconds = (time_t)(at_us / SECOND_US);
    struct tm parts;
    char day[20] = "1970-01-01T00:00:00";
    if (gmtime_r(&seconds, &parts) != NULL && parts.tm_year < 10000 - 1900) {
        strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    snprintf(out, MOMENT_TEXT + 1, "%s.%06uZ", day, (unsigned)(at_us % SECOND_US) % 1000000);
}

struct unit {
    char letter;
    int64_t seconds;
};

static const struct unit units[] = {
    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', INT64_C(7) * 86400},
};

static bool parse_age(const char *text, int64_t now_us, int64_t *at_us)
{
    char *end;
    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    long long count = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (end[0] == units[i].letter && end[1] == 0) {
            if (count > now_us / SECOND_US / units[i].seconds) {
                return false;
            }
            *at_us = now_us - count * units[i].seconds * SECOND_US;
            return true;
        }
    }
    return false;
}

/* ".123456": digits beyond microseconds are dropped. */
static const char *parse_fraction(const char *at, int64_t *fraction_us)
{
    int64_t unit = SECOND_US / 10;
    if (at[0] != '.' || !isdigit((unsigned char)at[1])) {
        return at;
    }
    for (at++; isdigit((unsigned char)*at); at++) {
        *fraction_us += (*at - '0') * unit;
        unit /= 10;
    }
    return at;
}

/* "Z", "+01:00" or nothing, up to the end. NULL: something else. */
static const char *parse_zone(const char *at, int64_t *offset_seconds)
{
    int hours;
    int minutes;
    int length = 0;
    if (*at == 'Z' || *at == 'z') {
        at++;
    } else if ((*at == '+' || *at == '-') &&
               sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &length) == 2 && length == 5) {
        *offset_seconds = (*at == '-' ? -1 : 1) * (hours * INT64_C(3600) + minutes * INT64_C(60));
        at += 1 + length;
    }
    return *at == 0 ? at : NULL;
}

bool moment_parse(const char *text, int64_t now_us, int64_t *at_us)
{
    struct tm parts = {0};
    int64_t fraction_us = 0;
    int64_t offset_seconds = 0;
    if (parse_age(text, now_us, at_us)) {
        return true;
    }
    const char *at = strptime(text, "%Y-%m-%d", &parts);
    if (at != NULL && (*at == 'T' || *at == ' ')) {
        const char *time = at + 1;
        at = strptime(time, "%H:%M:%S", &parts);
        at = at != NULL ? parse_fraction(at, &fraction_us) : strptime(time, "%H:%M", &parts);
        at = at != NULL ? parse_zone(at, &offset_seconds) : NULL;
    }
    if (at == NULL || *at != 0) {
        return false;
    }
    *at_us = (timegm(&parts) - offset_seconds) * SECOND_US + fraction_us;
    return *at_us >= 0;
}
