/* Plays every dialogue of tests/dialogues, or those named on the command line, and says how each
 * went in TAP. dialogue.h describes the files.
 *
 *      dialogue_test [--every-cut] [FILE…] */
#include "tests/unit/session/dialogue.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

static void print_comment(struct span text)
{
    while (text.length > 0) {
        const uint8_t *end = memchr(text.at, '\n', text.length);
        size_t length = end == NULL ? text.length : (size_t)(end - text.at);
        printf("# %.*s\n", (int)length, (const char *)text.at);
        text = span_from(text, length + 1);
    }
}

/* False: it failed. */
static bool run(size_t number, enum dialogue_cuts cuts, const char *path)
{
    struct dialogue dialogue;
    struct buffer report = {0};
    if (dialogue_read(&dialogue, path)) {
        dialogue_play(&dialogue, cuts, path, &report);
    } else {
        buffer_append_format(&report, "%s:%u: %s\n", path, dialogue.line, dialogue.fault);
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    bool good = report.length == 0;
    printf("%s %zu - %.*s\n", good ? "ok" : "not ok", number, (int)strcspn(name, "."), name);
    print_comment(buffer_span(&report));
    fflush(stdout);
    buffer_free(&report);
    dialogue_free(&dialogue);
    return good;
}

int main(int count, char **arguments)
{
    glob_t found = {0};
    size_t failed = 0;
    bool every = count > 1 && strcmp(arguments[1], "--every-cut") == 0;
    char **paths = arguments + (every ? 2 : 1);
    size_t path_count = (size_t)(count - (every ? 2 : 1));
    if (path_count == 0) {
        if (glob("tests/dialogues/*.dialogue", 0, NULL, &found) != 0) {
            printf("Bail out! no dialogues in tests/dialogues: run from the project's folder\n");
            return 1;
        }
        paths = found.gl_pathv;
        path_count = found.gl_pathc;
    }
    printf("1..%zu\n", path_count);
    for (size_t i = 0; i < path_count; i++) {
        failed += run(i + 1, every ? CUTS_EVERY : CUTS_PIECES, paths[i]) ? 0 : 1;
    }
    globfree(&found);
    return failed == 0 ? 0 : 1;
}
