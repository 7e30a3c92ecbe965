/* From text to value, one reader for each kind of key. What a reader cannot read it complains
 * about, and leaves its value as it was: the configuration is thrown away at the end, but all that
 * is wrong with it is said at once. */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/outline.h"
#include "policy/settings.h"

struct reader {
    const struct outline *outline;
    struct complaints *complaints;
};

/* What there is to know of one key: row of keys.h and text of the file. */
struct given {
    const char *path;    /* "timeouts.lock" */
    const char *text;    /* NULL: the file does not have the key */
    const char *initial; /* its default; NULL: a key in a list, without default */
    int64_t least, most;
};

/* Where a complaint about the key belongs; 0: the file does not have it. */
unsigned reader_line(const struct reader *reader, const char *path);

/* The kinds of keys.h. */
void read_duration(struct reader *reader, struct given given, uint32_t *ms);
void read_bytes(struct reader *reader, struct given given, uint32_t *bytes);
void read_table_bytes(struct reader *reader, struct given given, int64_t *bytes);
void read_count(struct reader *reader, struct given given, uint32_t *count);
void read_mode(struct reader *reader, struct given given, enum mode *mode);
void read_profile(struct reader *reader, struct given given, enum profile *profile);
void read_on_failure(struct reader *reader, struct given given, bool *required);
void read_level(struct reader *reader, struct given given, const char **level);
/* Borrows the text; an empty one gives NULL. */
void read_text(struct reader *reader, struct given given, const char **text);

/* Its place in the list, -1 and a complaint: none of the words. */
int read_word(struct reader *reader, struct given given, const char *const *words);

#endif
