/* The cancel map: whose key is it, and does the link outlive what is sent to it. */
#include "proxy/net/cancel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The map never looks into a link, so any address will do for one. */
struct owner {
    struct cancel_entry entry;
    atomic_uint pins;
    char link;
};

static struct link *link_of(struct owner *owner)
{
    return (struct link *)&owner->link;
}

static void add(struct cancel_map *map, struct owner *owner, uint32_t pid, const char *key)
{
    *owner = (struct owner){
        .entry = {.key = span_text(key), .pid = pid, .pins = &owner->pins, .link = link_of(owner)}};
    cancel_map_add(map, &owner->entry);
}

static void a_key_finds_its_link_and_pins_it(void **state)
{
    (void)state;
    struct cancel_map *map = cancel_map_new();
    struct owner owner;
    add(map, &owner, 4711, "abcd");
    assert_ptr_equal(cancel_map_find(map, 4711, span_text("abcd")), link_of(&owner));
    assert_ptr_equal(cancel_map_find(map, 4711, span_text("abcd")), link_of(&owner));
    assert_int_equal(atomic_load(&owner.pins), 2);
    cancel_map_remove(map, &owner.entry);
    assert_null(cancel_map_find(map, 4711, span_text("abcd")));
    assert_int_equal(atomic_load(&owner.pins), 2);
    cancel_map_free(map);
}

static void a_wrong_key_finds_nothing(void **state)
{
    (void)state;
    static const struct {
        uint32_t pid;
        const char *key;
    } wrong[] = {{4711, "abce"}, {4711, "bbcd"}, {4711, "abc"},         {4711, "abcde"},
                 {4711, ""},     {4712, "abcd"}, {4711 + 4096, "abcd"}, {0, "abcd"}};
    struct cancel_map *map = cancel_map_new();
    struct owner owner;
    add(map, &owner, 4711, "abcd");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(cancel_map_find(map, wrong[i].pid, span_text(wrong[i].key)));
    }
    assert_int_equal(atomic_load(&owner.pins), 0);
    cancel_map_remove(map, &owner.entry);
    cancel_map_free(map);
}

/* Two servers can have processes with the same id; ids 4096 apart share a bucket. */
static void links_of_one_bucket_do_not_hide_one_another(void **state)
{
    (void)state;
    struct cancel_map *map = cancel_map_new();
    struct owner owners[4];
    add(map, &owners[0], 7, "aaaa");
    add(map, &owners[1], 7, "bbbb");
    add(map, &owners[2], 7 + 4096, "aaaa");
    add(map, &owners[3], 7, "a key of protocol 3.2, which is longer");
    static const unsigned orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}};
    for (size_t order = 0; order < 3; order++) {
        for (size_t removed = 0; removed < 4; removed++) {
            cancel_map_remove(map, &owners[orders[order][removed]].entry);
            for (size_t i = 0; i < 4; i++) {
                const struct owner *owner = &owners[orders[order][i]];
                const struct link *found = cancel_map_find(map, owner->entry.pid, owner->entry.key);
                assert_ptr_equal(found, i <= removed ? NULL : owner->entry.link);
            }
        }
        for (size_t i = 0; i < 4; i++) {
            cancel_map_add(map, &owners[i].entry);
        }
    }
    cancel_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_finds_its_link_and_pins_it),
        cmocka_unit_test(a_wrong_key_finds_nothing),
        cmocka_unit_test(links_of_one_bucket_do_not_hide_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
