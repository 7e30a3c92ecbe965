/* Client encodings: their names, their characters, and what these hide from the scanner. */
#include "policy/sql/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy/scan_rows.h"

static void a_wide_character_can_hide_ascii(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* 815c, 817c: the second bytes would be \ and | */
        {"SELECT E'\x81\x5c';LOCK t",
         {{SCAN_OTHER, "SELECT E'\x81\x5c'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT E'\\\x81\x5c';LOCK t",
         {{SCAN_OTHER, "SELECT E'\\\x81\x5c'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT a\x81\x7c$$;LOCK t",
         {{SCAN_OTHER, "SELECT a\x81\x7c$$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT \x81\x7c$$;LOCK t",
         {{SCAN_OTHER, "SELECT \x81\x7c$$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT $\x81\x7c$;$|$;$\x81\x7c$;LOCK t",
         {{SCAN_OTHER, "SELECT $\x81\x7c$;$|$;$\x81\x7c$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT '\x81\x5c', \"\x81\x5c\" /* \x81\x5c */;LOCK t",
         {{SCAN_OTHER, "SELECT '\x81\x5c', \"\x81\x5c\" /* \x81\x5c */", NULL},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT \x81into FROM t", {{SCAN_OTHER, "SELECT \x81into FROM t", NULL}}},
    };
    static const enum scan_encoding wide[] = {SCAN_ENCODING_WIDE, SCAN_ENCODING_GB18030,
                                              SCAN_ENCODING_SJIS, SCAN_ENCODING_SJIS_2004};
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        CHECK_ROWS(((struct scan_options){true, wide[i]}), rows);
    }
}

static void half_width_kana_stand_alone(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SELECT E'\xb1\\';LOCK t", {{SCAN_OTHER, "SELECT E'\xb1\\';LOCK t", NULL}}},
        {"SELECT E'\xb1\\\\';LOCK t",
         {{SCAN_OTHER, "SELECT E'\xb1\\\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
    };
    CHECK_ROWS(((struct scan_options){true, SCAN_ENCODING_SJIS}), rows);
    CHECK_ROWS(((struct scan_options){true, SCAN_ENCODING_SJIS_2004}), rows);
}

static void what_only_the_server_can_read_is_unknown(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SELECT 1;SELECT E'\x81\x5f';LOCK t",
         {{SCAN_OTHER, "SELECT 1", NULL}, {SCAN_UNKNOWN, "SELECT E'\x81\x5f';LOCK t", NULL}}},
        {"SELECT a\x81\xb0$$;LOCK t", {{SCAN_UNKNOWN, "SELECT a\x81\xb0$$;LOCK t", NULL}}},
        {"SELECT '\x81\x5f';LOCK t",
         {{SCAN_OTHER, "SELECT '\x81\x5f'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
    };
    CHECK_ROWS(((struct scan_options){true, SCAN_ENCODING_SJIS_2004}), rows);
}

static void ascii_bytes_hide_in_wide_characters_alone(void **state)
{
    (void)state;
    static const struct {
        enum scan_encoding encoding;
        const char *text;
        bool hides;
    } rows[] = {
        {SCAN_ENCODING_SJIS, "\x95\x5c", true},
        {SCAN_ENCODING_SJIS, "\xb1\x5c", false},
        {SCAN_ENCODING_SJIS, "\x88\xc0 a\\b", false},
        {SCAN_ENCODING_SJIS, "a\\b", false},
        {SCAN_ENCODING_WIDE, "\xa5\x5c", true},
        {SCAN_ENCODING_WIDE, "\xa4\xa4\x5c", false},
        {SCAN_ENCODING_GB18030, "\x81\x30\x81\x30", true},
        {SCAN_ENCODING_UTF8, "\xc3\xa9\x5c", false},
        {SCAN_ENCODING_SINGLE, "\xe9\x5c", false},
        {SCAN_ENCODING_SJIS, "\x95", false},
        {SCAN_ENCODING_SJIS, "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(scan_encoding_hides(rows[i].encoding, span_text(rows[i].text)),
                         rows[i].hides);
    }
}

static void encodings_are_known_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum scan_encoding encoding;
    } rows[] = {
        {"UTF8", SCAN_ENCODING_UTF8},        {"LATIN1", SCAN_ENCODING_SINGLE},
        {"SQL_ASCII", SCAN_ENCODING_SINGLE}, {"EUC_JP", SCAN_ENCODING_EUC},
        {"EUC_TW", SCAN_ENCODING_EUC_TW},    {"JOHAB", SCAN_ENCODING_EUC},
        {"SJIS", SCAN_ENCODING_SJIS},        {"Shift_JIS", SCAN_ENCODING_SJIS},
        {"big5", SCAN_ENCODING_WIDE},        {"SHIFT_JIS_2004", SCAN_ENCODING_SJIS_2004},
        {"GBK", SCAN_ENCODING_WIDE},         {"UHC", SCAN_ENCODING_WIDE},
        {"GB18030", SCAN_ENCODING_GB18030},  {"windows-949", SCAN_ENCODING_WIDE},
        {"", SCAN_ENCODING_SINGLE},          {"utf8 but very much longer", SCAN_ENCODING_SINGLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(scan_encoding_named(span_text(rows[i].name)), rows[i].encoding);
    }
}

static void characters_are_counted(void **state)
{
    (void)state;
    static const struct {
        enum scan_encoding encoding;
        const char *text;
        size_t characters;
    } rows[] = {
        {SCAN_ENCODING_UTF8, "", 0},
        {SCAN_ENCODING_UTF8, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x98z", 5},
        {SCAN_ENCODING_UTF8, "\xe2\x82", 1},
        {SCAN_ENCODING_SINGLE, "a\xe9z", 3},
        {SCAN_ENCODING_EUC, "a\x8e\xb1\x8f\xb0\xa1\xa4\xa2z", 5},
        {SCAN_ENCODING_EUC_TW, "\x8e\xa2\xa1\xa1\xa4\xa2z", 3},
        {SCAN_ENCODING_WIDE, "a\x81\x5cz\x81", 4},
        {SCAN_ENCODING_GB18030, "a\x81\x30\x81\x30\x81\x41z", 4},
        {SCAN_ENCODING_SJIS, "a\xb1\x81\x5cz", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(scan_encoding_characters(rows[i].encoding, span_text(rows[i].text)),
                         rows[i].characters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_character_can_hide_ascii),
        cmocka_unit_test(half_width_kana_stand_alone),
        cmocka_unit_test(what_only_the_server_can_read_is_unknown),
        cmocka_unit_test(ascii_bytes_hide_in_wide_characters_alone),
        cmocka_unit_test(encodings_are_known_by_name),
        cmocka_unit_test(characters_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
