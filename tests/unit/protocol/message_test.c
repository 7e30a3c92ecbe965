/* The tables against the manual's list of tags, and the rows that others depend on. */
#include "protocol/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Manual, "Message Formats", protocol 3.2: every tag of each direction, and no other. */
static const char client_tags[] = "BCfdcDEHFPpQSX";
static const char server_tags[] = "RK23CdcGHWDIEVvnNAtS1sZT";

static void every_tag_of_the_manual_has_a_row(void **state)
{
    (void)state;
    for (int tag = 0; tag < 256; tag++) {
        bool client = tag != 0 && strchr(client_tags, tag) != NULL;
        bool server = tag != 0 && strchr(server_tags, tag) != NULL;
        assert_int_equal(client_messages[tag].name != NULL, client);
        assert_int_equal(server_messages[tag].name != NULL, server);
    }
}

static void a_tag_means_different_things_in_the_two_directions(void **state)
{
    (void)state;
    assert_string_equal(client_messages['C'].name, "Close");
    assert_string_equal(server_messages['C'].name, "CommandComplete");
    assert_string_equal(client_messages['S'].name, "Sync");
    assert_string_equal(server_messages['S'].name, "ParameterStatus");
}

static void only_statements_are_wanted_whole(void **state)
{
    (void)state;
    for (int tag = 0; tag < 256; tag++) {
        bool statement = tag == CLIENT_QUERY || tag == CLIENT_PARSE;
        assert_int_equal(client_messages[tag].body == BODY_WHOLE, statement);
    }
    assert_int_equal(client_messages[CLIENT_BIND].body, BODY_NAMES);
    assert_int_equal(client_messages[CLIENT_COPY_DATA].body, BODY_PASS);
    assert_int_equal(server_messages[SERVER_DATA_ROW].body, BODY_PASS);
    assert_int_equal(server_messages[SERVER_READY_FOR_QUERY].body, BODY_WHOLE);
}

/* Manual, "Asynchronous Operations": these and no others may come at any time. */
static void three_messages_are_asynchronous(void **state)
{
    (void)state;
    for (int tag = 0; tag < 256; tag++) {
        bool asynchronous = tag == 'N' || tag == 'A' || tag == 'S';
        assert_int_equal(server_messages[tag].role == REPLY_ASYNC, asynchronous);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tag_of_the_manual_has_a_row),
        cmocka_unit_test(a_tag_means_different_things_in_the_two_directions),
        cmocka_unit_test(only_statements_are_wanted_whole),
        cmocka_unit_test(three_messages_are_asynchronous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
