/* Changes that wait for the end of their transaction: which of them get which end. A story is a row
 * of words; what it writes is compared as "change=kind" in its order. */
#include "proxy/session/transaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* A change is known by the last character of its id. */
static struct change_id change_named(char name)
{
    struct change_id id = {{0}};
    id.bytes[15] = (uint8_t)(name & 0x0f); /* 'a' is ...01, 'b' is ...02 */
    return id;
}

static void name_of(char *out, size_t room, const char *word)
{
    memset(out, 0, room);
    snprintf(out, room, "%s", word + 1);
}

static const struct object_name table = {"public", "t"};
static const struct change_undo none = {{NULL, 0}, &table};
static const struct change_undo some = {{(const uint8_t *)"SELECT 1", sizeof "SELECT 1"}, &table};

/* +a a change; *a one that is made beside the transaction; (s SAVEPOINT s; )s RELEASE s; <s
 * ROLLBACK TO s; C COMMIT; R ROLLBACK; P PREPARE. */
static void tell(struct transaction *transaction, const char *word, struct buffer *ledger)
{
    char name[NAME_BYTES];
    name_of(name, sizeof name, word);
    switch (word[0]) {
    case '+':
        assert_true(transaction_add(transaction, change_named(word[1]), &none));
        break;
    case '*':
        assert_true(transaction_add(transaction, change_named(word[1]), &some));
        break;
    case '(':
        assert_true(transaction_savepoint(transaction, name));
        break;
    case ')':
        transaction_release(transaction, name);
        break;
    case '<':
        transaction_rollback_to(transaction, name, ledger, 1);
        break;
    case 'C':
        transaction_end(transaction, CHANGE_COMMITTED, NULL, ledger, 1);
        break;
    case 'R':
        transaction_end(transaction, CHANGE_ROLLED_BACK, NULL, ledger, 1);
        break;
    default:
        transaction_end(transaction, CHANGE_PREPARED, NULL, ledger, 1);
        break;
    }
}

static void append_written(struct buffer *out, const char *lines)
{
    for (const char *line = lines; *line != '\0'; line = strchr(line, '\n') + 1) {
        json_t *event = json_loadb(line, strcspn(line, "\n"), 0, NULL);
        const char *id = json_string_value(json_object_get(event, "change_id"));
        const char *kind = json_string_value(json_object_get(event, "kind"));
        buffer_append_format(out, "%s%c=%s", out->length == 0 ? "" : " ", 'a' + id[35] - '1', kind);
        json_decref(event);
    }
}

static void assert_story(const char *story, const char *expected)
{
    struct transaction transaction = {0};
    struct buffer ledger = {0};
    struct buffer written = {0};
    char words[128];
    snprintf(words, sizeof words, "%s", story);
    for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL;) {
        tell(&transaction, word, &ledger);
    }
    buffer_append_u8(&ledger, 0);
    append_written(&written, (const char *)ledger.at);
    buffer_append_u8(&written, 0);
    print_message("%s\n", story);
    assert_string_equal((const char *)written.at, expected);
    buffer_free(&ledger);
    buffer_free(&written);
    transaction_free(&transaction);
}

static void every_pending_change_gets_its_end(void **state)
{
    (void)state;
    assert_story("C", "");
    assert_story("+a C", "a=committed");
    assert_story("+a +b R", "a=rolled_back b=rolled_back");
    assert_story("+a P", "a=prepared");
    assert_story("+a C +b R C", "a=committed b=rolled_back");
}

static void a_savepoint_undoes_what_is_younger(void **state)
{
    (void)state;
    assert_story("+a (s +b <s C", "b=undone_by_savepoint a=committed");
    assert_story("+a (s +b <s +c <s C", "b=undone_by_savepoint c=undone_by_savepoint a=committed");
    assert_story("+a (s +b )s C", "a=committed b=committed");
    assert_story("+a (s +b (t +c <s C", "b=undone_by_savepoint c=undone_by_savepoint a=committed");
    assert_story("+a (s +b (t +c <t <s R",
                 "c=undone_by_savepoint b=undone_by_savepoint a=rolled_back");
}

static void what_is_beside_it_is_undone_unless_it_commits(void **state)
{
    (void)state;
    assert_story("+a *b C", "a=committed b=committed");
    assert_story("+a *b R", "a=rolled_back b=rolled_back b=needs_cleanup");
    assert_story("*a P", "a=prepared a=needs_cleanup");
    assert_story("+a (s *b <s *c C",
                 "b=undone_by_savepoint b=needs_cleanup a=committed c=committed");
    assert_story("*a C *b R", "a=committed b=rolled_back b=needs_cleanup");
}

static void one_name_twice_is_the_younger_one(void **state)
{
    (void)state;
    assert_story("+a (s +b (s +c <s C", "c=undone_by_savepoint a=committed b=committed");
    assert_story("+a (s +b (s +c )s <s C",
                 "b=undone_by_savepoint c=undone_by_savepoint a=committed");
}

static void a_savepoint_we_do_not_know_is_older_than_all(void **state)
{
    (void)state;
    assert_story("+a +b <old +c C", "a=undone_by_savepoint b=undone_by_savepoint c=committed");
    /* Releasing it releases all younger ones: s is now one that we do not know. */
    assert_story("+a (s +b )old <s C", "a=undone_by_savepoint b=undone_by_savepoint");
}

static void every_transaction_has_its_id(void **state)
{
    (void)state;
    struct transaction transaction = {0};
    struct buffer ledger = {0};
    uint64_t random = 1;
    struct change_id first = transaction_id(&transaction, &random, 1000);
    struct change_id again = transaction_id(&transaction, &random, 2000);
    assert_memory_equal(first.bytes, again.bytes, sizeof first.bytes);
    transaction_end(&transaction, CHANGE_COMMITTED, NULL, &ledger, 1);
    struct change_id second = transaction_id(&transaction, &random, 1000);
    assert_memory_not_equal(first.bytes, second.bytes, sizeof first.bytes);
    assert_int_equal(ledger.length, 0);
    buffer_free(&ledger);
    transaction_free(&transaction);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pending_change_gets_its_end),
        cmocka_unit_test(a_savepoint_undoes_what_is_younger),
        cmocka_unit_test(what_is_beside_it_is_undone_unless_it_commits),
        cmocka_unit_test(one_name_twice_is_the_younger_one),
        cmocka_unit_test(a_savepoint_we_do_not_know_is_older_than_all),
        cmocka_unit_test(every_transaction_has_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
