/* What is wrong with a configuration, as lines for the administrator: FILE:LINE: KEY: MESSAGE. A
 * message says what was expected and what came. */
#ifndef CONFIG_COMPLAINT_H
#define CONFIG_COMPLAINT_H

#include "protocol/buffer.h"

/* Including the NUL. A longer message is cut: it quotes a value that nobody wants to see whole. */
#define COMPLAINT_BYTES 512
/* Enough to work on; what comes after them is counted and not written. */
#define COMPLAINTS_MOST 20

struct complaints {
    const char *file; /* borrowed */
    unsigned count;   /* lines in text */
    struct buffer
        text; /* each line ends with a newline; freed or taken by whoever made the struct */
};

/* `line` 0: the complaint has no line of its own. `key` empty: it is about the file as a whole. */
void complaint_add(struct complaints *complaints, unsigned line, const char *key,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
