/* The account of messages on the wire: each row is a story of messages in both directions, and what
 * must be true behind it. */
#include "proxy/session/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A story is a row of pairs: '>' and the tag of a client's message, '<' and that of a server's;
 * ReadyForQuery is "<Z" and its status. ">b" and ">e" are Bind and Execute of the unnamed portal.
 */
static struct pipeline play(const char *story)
{
    struct pipeline pipeline;
    pipeline_start(&pipeline);
    while (*story != '\0') {
        uint8_t tag = (uint8_t)story[1];
        if (story[0] == '>' && (tag == 'b' || tag == 'e')) {
            pipeline_client(&pipeline, tag == 'b' ? CLIENT_BIND : CLIENT_EXECUTE, true);
        } else if (story[0] == '>') {
            pipeline_client(&pipeline, tag, false);
        } else if (tag == SERVER_READY_FOR_QUERY) {
            pipeline_ready(&pipeline, (enum transaction_status)story[2]);
            story++;
        } else {
            pipeline_server(&pipeline, tag, server_messages[tag].role);
        }
        story += 2;
    }
    return pipeline;
}

struct row {
    const char *story;
    bool quiet, between;
    uint32_t sent, due;
    enum pipeline_skip skip;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pipeline pipeline = play(rows[i].story);
        print_message("%s\n", rows[i].story);
        assert_int_equal(pipeline_is_quiet(&pipeline), rows[i].quiet);
        assert_int_equal(pipeline_is_between(&pipeline), rows[i].between);
        assert_int_equal(pipeline.sent, rows[i].sent);
        assert_int_equal(pipeline.due, rows[i].due);
        assert_int_equal(pipeline.skip, rows[i].skip);
    }
}

#define ASSERT_ROWS(rows) assert_rows(rows, sizeof(rows) / sizeof(*(rows)))

static void simple_queries_are_owed_until_ready(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", true, true, 0, 0, SKIP_NONE},
        {">Q", false, false, 0, 0, SKIP_NONE},
        {">Q<T<D<C", false, false, 0, 0, SKIP_NONE},
        {">Q<T<D<C<ZI", true, true, 0, 0, SKIP_NONE},
        {">Q>Q>Q<C<ZI<C<ZI", false, false, 0, 0, SKIP_NONE},
        {">Q>Q>Q<C<ZI<C<ZI<C<ZI", true, true, 0, 0, SKIP_NONE},
        {">F<V<ZI", true, true, 0, 0, SKIP_NONE},
    };
    ASSERT_ROWS(rows);
}

static void a_batch_is_quiet_when_each_message_is_answered(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {">P>B>E", false, false, 3, 3, SKIP_NONE},
        {">P>B>E>H<1<2", false, false, 3, 1, SKIP_NONE},
        {">P>B>E>H<1<2<C", true, false, 3, 0, SKIP_NONE},
        {">P>D<1<t<T", true, false, 2, 0, SKIP_NONE},
        {">P>B>E>S<1<2<C", false, false, 0, 0, SKIP_NONE},
        {">P>B>E>S<1<2<C<ZI", true, true, 0, 0, SKIP_NONE},
        /* What comes while an exchange is owed is that exchange's, not the next batch's. */
        {">P>S>P<1", false, false, 1, 1, SKIP_NONE},
        {">P>S>P<1<ZI<1", true, false, 1, 0, SKIP_NONE},
        /* Asynchronous messages answer nothing. */
        {">P<A<N<S", false, false, 1, 1, SKIP_NONE},
        {">B>E<2<D<s", true, false, 2, 0, SKIP_NONE},
    };
    ASSERT_ROWS(rows);
}

static void an_error_in_a_batch_skips_to_sync(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {">P>B>E<E", true, false, 3, 0, SKIP_SERVER},
        {">P<E>B>E>Q", true, false, 3, 0, SKIP_SERVER},
        {">P<E>B>S", false, false, 0, 0, SKIP_NONE},
        {">P<E>B>S<ZI", true, true, 0, 0, SKIP_NONE},
        /* The Sync is out already: the error is that exchange's, the next batch goes on. */
        {">P>S>P<E<ZI", false, false, 1, 1, SKIP_NONE},
        {">Q<E<ZE", true, true, 0, 0, SKIP_NONE},
    };
    ASSERT_ROWS(rows);
}

static void copy_in_swallows_the_sync_behind_its_execute(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {">Q<G", false, false, 0, 0, SKIP_NONE},
        {">Q<G>d>c<C<ZI", true, true, 0, 0, SKIP_NONE},
        {">Q<G>d>f<E<ZI", true, true, 0, 0, SKIP_NONE},
        {">Q>S>S<G>d>c<C<ZI", true, true, 0, 0, SKIP_NONE},
        {">P>B>E>S<1<2<G", false, false, 1, 1, SKIP_NONE},
        {">P>B>E>S<1<2<G>S>d>c", false, false, 1, 1, SKIP_NONE},
        {">P>B>E>S<1<2<G>d>c>S<C<ZI", true, true, 0, 0, SKIP_NONE},
        {">P>B>E>H<1<2<G>d>c>S<C<ZI", true, true, 0, 0, SKIP_NONE},
        {">P>B>E>S>S<1<2<G>d>c>S<C<ZI", true, true, 0, 0, SKIP_NONE},
    };
    ASSERT_ROWS(rows);
}

static void the_status_is_the_last_one_heard(void **state)
{
    (void)state;
    assert_int_equal(play("").status, STATUS_IDLE);
    assert_int_equal(play(">Q<C<ZT").status, STATUS_TRANSACTION);
    assert_int_equal(play(">Q<C<ZT>Q<E<ZE").status, STATUS_FAILED);
    assert_true(play(">P>B>E>S<1<2<E").failed);
    assert_false(play(">P>B>E>S<1<2<E<ZI").failed);
}

static void kinds_in_turns_fill_the_room(void **state)
{
    (void)state;
    struct pipeline pipeline;
    pipeline_start(&pipeline);
    for (int i = 0; i < PIPELINE_RUNS; i++) {
        assert_true(pipeline_has_room(&pipeline));
        pipeline_client(&pipeline, i % 2 == 0 ? CLIENT_QUERY : CLIENT_SYNC, false);
    }
    assert_false(pipeline_has_room(&pipeline));
    pipeline_ready(&pipeline, STATUS_IDLE);
    assert_true(pipeline_has_room(&pipeline));
    /* Of one kind there may be any number. */
    pipeline_start(&pipeline);
    for (int i = 0; i < 100000; i++) {
        assert_true(pipeline_has_room(&pipeline));
        pipeline_client(&pipeline, CLIENT_QUERY, false);
    }
}

static void a_batch_has_its_own_number(void **state)
{
    (void)state;
    struct pipeline before = play(">P>B");
    struct pipeline behind = play(">P>B>S");
    assert_int_equal(before.binds, 1);
    assert_int_equal(behind.binds, 0);
    assert_int_not_equal(before.batch, behind.batch);
}

static void a_spent_portal_is_one_that_nobody_can_miss(void **state)
{
    (void)state;
    static const struct {
        const char *story;
        bool spent;
    } rows[] = {
        {"", false},
        {">Q<C<ZT", false},
        {">b>e>S<2<C<ZT", true},
        {">b>e>S<2<C<ZI", false}, /* gone with its transaction */
        {">b>e>S<2<C<ZE", false},
        {">B>E>S<2<C<ZT", false}, /* it has a name */
        {">b>S<2<ZT", false},     /* not executed */
        {">b>E>S<2<C<ZT", false},
        {">B>e>S<2<C<ZT", true}, /* of an earlier batch */
        {">b>e>S<2<s<ZT", false},
        {">b>e>S<2<s<ZT>e>S<C<ZT", true},
        {">b>e>b>e>S<2<C<2<C<ZT", true},
        {">b>e>b>S<2<C<2<ZT", false},
        {">b>e>b>e>S<2<s<2<C<ZT", false}, /* of which it was is not known */
        {">b>e>S<2<C<ZT>B>E>S<2<s<ZT", false},
        {">b>e>S<2<C<ZT>Q<C<ZT", false}, /* a Query drops it */
        {">b>e>S<2<C", false},           /* not all is answered */
        {">b>e>S<2<C<ZT>B", false},
        {">b>e>S<2<C<ZT>B<2", false}, /* the batch is open */
        /* Skipped by the server, behind an error that ROLLBACK TO takes back. */
        {">b>S<2<ZT>B>S<E<ZE>B>E>S<2<C<ZT", false},
        {">b>S<2<ZT>B<E>b>e>S<ZE>B>E>S<2<C<ZT", false},
        {">b>S<2<ZT>B>b>e>S<E<ZE>B>E>S<2<C<ZT", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pipeline pipeline = play(rows[i].story);
        print_message("%s\n", rows[i].story);
        assert_int_equal(pipeline_has_spent_portal(&pipeline), rows[i].spent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_queries_are_owed_until_ready),
        cmocka_unit_test(a_batch_is_quiet_when_each_message_is_answered),
        cmocka_unit_test(an_error_in_a_batch_skips_to_sync),
        cmocka_unit_test(copy_in_swallows_the_sync_behind_its_execute),
        cmocka_unit_test(the_status_is_the_last_one_heard),
        cmocka_unit_test(kinds_in_turns_fill_the_room),
        cmocka_unit_test(a_batch_has_its_own_number),
        cmocka_unit_test(a_spent_portal_is_one_that_nobody_can_miss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
