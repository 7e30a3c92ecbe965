/* Where the journal lives: the file, its folder and the lock that keeps a second proxy out. */
#ifndef PROXY_LEDGER_PLACE_H
#define PROXY_LEDGER_PLACE_H

#include <sys/types.h>

#include "protocol/span.h"

struct place {
    char *path;
    int lock; /* descriptor of PATH.lock, held for life */
    dev_t device;
    ino_t inode;
};

/* Checks folder and file, takes the lock, creates an empty file (0600) if there is none. False:
 * *why (malloc'd, the caller frees) says what to do; nothing is held. */
MUST_USE bool place_take(struct place *place, const char *path, char **why);
/* Whether the path still names the file that was taken: somebody may have removed or replaced it,
 * and what is written then is lost with the last descriptor. */
MUST_USE bool place_stands(const struct place *place, char **why);
/* Lets go of the lock. The lock file stays: removing it would let two processes hold "the" lock. */
void place_leave(struct place *place);

#endif
