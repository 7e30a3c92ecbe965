/* Days and times, digit by digit; timegm does the calendar, and what it had to correct was none. */
#include "config/until.h"

#include <stdio.h>
#include <time.h>

#define DAY_SECONDS 86400
#define LAST_SECOND 253402300800 /* the end of 9999-12-31: years have four digits */
#define SECOND_US   UINT64_C(1000000)

/* That many digits off the front of *text. */
static bool take_digits(struct span *text, size_t count, int *number)
{
    *number = 0;
    for (size_t i = 0; i < count; i++) {
        if (i >= text->length || text->at[i] < '0' || text->at[i] > '9') {
            return false;
        }
        *number = *number * 10 + (text->at[i] - '0');
    }
    *text = span_from(*text, count);
    return true;
}

/* One of these bytes off the front of *text. */
static bool take_byte(struct span *text, const char *bytes)
{
    if (text->length == 0 || text->at[0] == '\0' || strchr(bytes, text->at[0]) == NULL) {
        return false;
    }
    *text = span_from(*text, 1);
    return true;
}

static bool take_day(struct span *text, struct tm *tm)
{
    if (!take_digits(text, 4, &tm->tm_year) || !take_byte(text, "-") ||
        !take_digits(text, 2, &tm->tm_mon) || !take_byte(text, "-") ||
        !take_digits(text, 2, &tm->tm_mday)) {
        return false;
    }
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return true;
}

static bool take_time(struct span *text, struct tm *tm)
{
    return take_digits(text, 2, &tm->tm_hour) && take_byte(text, ":") &&
           take_digits(text, 2, &tm->tm_min) && take_byte(text, ":") &&
           take_digits(text, 2, &tm->tm_sec);
}

/* "Z" or "+02:00": what local time is ahead of UTC, in seconds. */
static bool take_zone(struct span *text, int *ahead)
{
    int hours, minutes;
    *ahead = 0;
    if (take_byte(text, "Zz")) {
        return true;
    }
    bool behind = text->length > 0 && text->at[0] == '-';
    if (!take_byte(text, "+-") || !take_digits(text, 2, &hours) || !take_byte(text, ":") ||
        !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ahead = (hours * 60 + minutes) * (behind ? -60 : 60);
    return true;
}

/* False: there is no such day, hour, minute or second. */
static bool to_seconds(const struct tm *tm, time_t *seconds)
{
    struct tm corrected = *tm;
    *seconds = timegm(&corrected);
    return corrected.tm_mday == tm->tm_mday && corrected.tm_mon == tm->tm_mon &&
           corrected.tm_hour == tm->tm_hour && corrected.tm_min == tm->tm_min &&
           corrected.tm_sec == tm->tm_sec;
}

bool until_parse(struct span text, uint64_t *us)
{
    struct tm tm = {0};
    time_t seconds;
    int ahead = 0;
    if (!take_day(&text, &tm)) {
        return false;
    }
    bool day = text.length == 0;
    if (!day && (!take_byte(&text, "Tt ") || !take_time(&text, &tm) || !take_zone(&text, &ahead))) {
        return false;
    }
    if (text.length > 0 || !to_seconds(&tm, &seconds)) {
        return false;
    }
    seconds += day ? DAY_SECONDS : -ahead;
    bool within = seconds > 0 && seconds <= LAST_SECOND;
    *us = within ? (uint64_t)seconds * SECOND_US : 0;
    return within;
}

void until_print(char text[UNTIL_TEXT_BYTES], uint64_t us)
{
    time_t seconds = (time_t)(us / SECOND_US);
    bool day = seconds % DAY_SECONDS == 0;
    struct tm tm;
    seconds -= day ? DAY_SECONDS : 0;
    gmtime_r(&seconds, &tm);
    strftime(text, UNTIL_TEXT_BYTES, day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &tm);
}
