/* Days and times: which there are, which moment each is, and how it is printed. Every text ends at
 * an unreadable page. */
#include "config/until.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct guard guard;

static void a_day_ends_and_a_time_comes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t seconds;
        const char *printed; /* NULL: as it was written */
    } cases[] = {
        {"1970-01-01", 86400, NULL},
        {"1970-01-01T00:00:01Z", 1, NULL},
        {"2026-12-31", 1798761600, NULL},
        {"2026-12-31T23:59:59Z", 1798761599, NULL},
        {"2027-01-01T00:00:00Z", 1798761600, "2026-12-31"},
        {"2026-12-31T18:00:00+02:00", 1798732800, "2026-12-31T16:00:00Z"},
        {"2026-12-31t18:00:00-00:30", 1798741800, "2026-12-31T18:30:00Z"},
        {"2026-12-31 18:00:00z", 1798740000, "2026-12-31T18:00:00Z"},
        {"2028-02-29", 1835481600, NULL},
        {"9999-12-31", 253402300800, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t us = 0;
        char printed[UNTIL_TEXT_BYTES];
        assert_true(until_parse(guard_place(&guard, span_text(cases[i].text)), &us));
        assert_int_equal(us, cases[i].seconds * 1000000);
        until_print(printed, us);
        assert_string_equal(printed, cases[i].printed == NULL ? cases[i].text : cases[i].printed);
    }
}

static void what_is_in_no_calendar_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-12",
        "2026-12-3",
        "2026-12-311",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-02-30",
        "2027-02-29",
        "26-12-31",
        "31.12.2026",
        "2026/12/31",
        "2026-12-31T",
        "2026-12-31T18:00Z",
        "2026-12-31T18:00:00", /* where? */
        "2026-12-31T24:00:00Z",
        "2026-12-31T18:60:00Z",
        "2026-12-31T18:00:60Z",
        "2026-12-31T18:00:00.5Z",
        "2026-12-31T18:00:00+2",
        "2026-12-31T18:00:00+24:00",
        "2026-12-31T18:00:00+02:60",
        "2026-12-31T18:00:00Z ",
        " 2026-12-31",
        "-026-12-31",
        "1969-12-31",
        "1970-01-01T00:00:00Z",
        "1970-01-01T01:00:00+02:00",
        "9999-12-31T23:59:59-00:01",
        "tomorrow",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t us;
        if (until_parse(guard_place(&guard, span_text(bad[i])), &us)) {
            fail_msg("%s is taken", bad[i]);
        }
    }
}

int main(void)
{
    guard = guard_new(64);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_ends_and_a_time_comes),
        cmocka_unit_test(what_is_in_no_calendar_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free(&guard);
    return failed;
}
