/* Bytes whose end is the end of readable memory: the next page may not be touched, so that a parser
 * that reads one byte too far dies on the spot, with or without a sanitizer.
 *
 *      | ... unused ... bytes | unreadable page |
 *                             ^ end of the span
 *
 * For tests only; a header, because a test program is one file. */
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol/span.h"

struct guard {
    uint8_t *pages;
    size_t readable; /* bytes before the unreadable page */
};

/* Room for at least `most` bytes. */
static inline struct guard guard_new(size_t most)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t readable = (most / page + 1) * page;
    uint8_t *pages =
        mmap(NULL, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(pages != MAP_FAILED);
    int status = mprotect(pages + readable, page, PROT_NONE);
    assert(status == 0);
    return (struct guard){pages, readable};
}

/* A copy of `bytes`; it lives until the next call. */
static inline struct span guard_place(struct guard *guard, struct span bytes)
{
    assert(bytes.length <= guard->readable);
    uint8_t *at = guard->pages + guard->readable - bytes.length;
    if (bytes.length > 0) {
        memcpy(at, bytes.at, bytes.length);
    }
    return span_of(at, bytes.length);
}

static inline void guard_free(struct guard *guard)
{
    munmap(guard->pages, guard->readable + (size_t)sysconf(_SC_PAGESIZE));
}

#endif
