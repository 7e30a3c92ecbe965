/* The readers. Each says in its complaint what it would have liked, with the bounds of this very
 * key. */
#include "config/reader.h"

#include <inttypes.h>
#include <stdio.h>

#include "config/keys.h"
#include "config/value.h"

unsigned reader_line(const struct reader *reader, const char *path)
{
    if (reader->complaints->count >= COMPLAINTS_MOST) {
        return 0; /* it will not be written */
    }
    const struct outline_node *node = outline_find(reader->outline, path);
    return node == NULL ? 0 : node->line;
}

static const char *text_of(struct given given)
{
    return given.text == NULL ? given.initial : given.text;
}

static bool is_within(struct given given, int64_t value)
{
    return value >= given.least && value <= given.most;
}

void read_duration(struct reader *reader, struct given given, uint32_t *ms)
{
    uint32_t value;
    if (value_parse_duration(span_text(text_of(given)), &value) && is_within(given, value)) {
        *ms = value;
        return;
    }
    char least[VALUE_TEXT_BYTES], most[VALUE_TEXT_BYTES];
    value_print_duration(least, (uint32_t)given.least);
    value_print_duration(most, (uint32_t)given.most);
    complaint_add(reader->complaints, reader_line(reader, given.path), given.path,
                  "expected a duration from %s to %s, such as 500ms, 2s, 5min or 1h; came \"%s\"",
                  least, most, text_of(given));
}

void read_table_bytes(struct reader *reader, struct given given, int64_t *bytes)
{
    int64_t value;
    if (value_parse_bytes(span_text(text_of(given)), &value) && is_within(given, value)) {
        *bytes = value;
        return;
    }
    char least[VALUE_TEXT_BYTES], most[VALUE_TEXT_BYTES];
    value_print_bytes(least, given.least);
    value_print_bytes(most, given.most);
    complaint_add(reader->complaints, reader_line(reader, given.path), given.path,
                  "expected a size from %s to %s, such as 64kB, 1MB or 2GB; came \"%s\"", least,
                  most, text_of(given));
}

void read_bytes(struct reader *reader, struct given given, uint32_t *bytes)
{
    int64_t value = *bytes;
    read_table_bytes(reader, given, &value);
    *bytes = (uint32_t)value; /* keys.h bounds it */
}

void read_count(struct reader *reader, struct given given, uint32_t *count)
{
    uint32_t value;
    if (value_parse_count(span_text(text_of(given)), &value) && is_within(given, value)) {
        *count = value;
        return;
    }
    complaint_add(reader->complaints, reader_line(reader, given.path), given.path,
                  "expected a whole number from %" PRId64 " to %" PRId64 "; came \"%s\"",
                  given.least, given.most, text_of(given));
}

int read_word(struct reader *reader, struct given given, const char *const *words)
{
    int place = value_find_word(words, text_of(given));
    if (place >= 0) {
        return place;
    }
    char list[64] = "";
    size_t used = 0;
    for (size_t i = 0; words[i] != NULL && used < sizeof list; i++) {
        const char *joint = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", joint, words[i]);
    }
    char hint[VALUE_HINT_BYTES];
    complaint_add(reader->complaints, reader_line(reader, given.path), given.path,
                  "expected %s; came \"%s\"%s", list, text_of(given),
                  value_write_hint(hint, words, text_of(given)));
    return -1;
}

void read_mode(struct reader *reader, struct given given, enum mode *mode)
{
    int place = read_word(reader, given, config_modes);
    if (place >= 0) {
        *mode = (enum mode)place;
    }
}

void read_profile(struct reader *reader, struct given given, enum profile *profile)
{
    int place = read_word(reader, given, config_profiles);
    if (place >= 0) {
        *profile = (enum profile)place;
    }
}

void read_on_failure(struct reader *reader, struct given given, bool *required)
{
    *required = read_word(reader, given, config_on_failures) == 1;
}

void read_level(struct reader *reader, struct given given, const char **level)
{
    int place = read_word(reader, given, config_levels);
    if (place >= 0) {
        *level = config_levels[place];
    }
}

void read_text(struct reader *reader, struct given given, const char **text)
{
    const char *value = text_of(given);
    if (!is_within(given, (int64_t)strlen(value))) {
        complaint_add(reader->complaints, reader_line(reader, given.path), given.path,
                      "expected a text of %" PRId64 " to %" PRId64 " bytes; came %zu bytes",
                      given.least, given.most, strlen(value));
        return;
    }
    *text = value[0] == '\0' ? NULL : value;
}
