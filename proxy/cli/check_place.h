/* Places of a text for people: lines and columns from 1 on, columns in characters of UTF-8; and the
 * line around a place, ready to be shown. */
#ifndef PROXY_CLI_CHECK_PLACE_H
#define PROXY_CLI_CHECK_PLACE_H

#include "protocol/buffer.h"

struct check_place {
    size_t at; /* bytes from the start of the text */
    size_t line, column;
};

#define CHECK_PLACE_START ((struct check_place){0, 1, 1})

/* The place of the byte `at`. `known`: any place of the text, where counting begins, so that going
 * forward through a text costs one pass over it, however long its lines are; going back costs the
 * way back and the line. */
struct check_place check_place_of(struct span text, struct check_place known, size_t at);

/* A line as it is shown: of a long one only what is around the place. */
struct check_excerpt {
    struct span text;       /* without its line break */
    struct span before;     /* the part of it before the place */
    bool cut_off, cut_away; /* more of the line is in front of it, or behind */
};

struct check_excerpt check_excerpt_at(struct span text, size_t at);

/* Appends foreign text so that it can be shown: UTF-8, on one line, with no control characters,
 * which a terminal would obey; runs of blanks and line breaks become one blank. Of more than `most`
 * bytes only the front, and "…". */
void check_append_line(struct buffer *out, struct span text, size_t most);
/* Appends foreign text as UTF-8; what is not becomes U+FFFD. */
void check_append_utf8(struct buffer *out, struct span text);
/* The same without control characters but tabs. */
void check_append_visible(struct buffer *out, struct span text);

#endif
