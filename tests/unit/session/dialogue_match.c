/* Does what came out match what was expected? Pure comparison: texts with … in them, and ledger
 * records of which a dialogue names some keys. */
#include "tests/unit/session/dialogue.h"

#include <jansson.h>

static const char wildcard[] = "\xe2\x80\xa6"; /* … */
#define WILDCARD_BYTES (sizeof wildcard - 1)

static bool is_wildcard(struct span text)
{
    return text.length >= WILDCARD_BYTES && memcmp(text.at, wildcard, WILDCARD_BYTES) == 0;
}

bool dialogue_text_matches(struct span pattern, struct span text)
{
    struct span behind = {0}; /* the last …, and where its match ends for now */
    struct span resume = {0};
    bool seen = false;
    while (text.length > 0) {
        if (is_wildcard(pattern)) {
            pattern = span_from(pattern, WILDCARD_BYTES);
            behind = pattern;
            resume = text;
            seen = true;
        } else if (pattern.length > 0 && pattern.at[0] == text.at[0]) {
            pattern = span_from(pattern, 1);
            text = span_from(text, 1);
        } else if (seen) {
            resume = span_from(resume, 1);
            pattern = behind;
            text = resume;
        } else {
            return false;
        }
    }
    while (is_wildcard(pattern)) {
        pattern = span_from(pattern, WILDCARD_BYTES);
    }
    return pattern.length == 0;
}

/* A value as a dialogue writes it: the elements of a list with ", " between them, the values of an
 * object with blanks. */
static void append_value(struct buffer *out, const json_t *value)
{
    if (json_is_string(value)) {
        buffer_append(out, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value)) {
        buffer_append_format(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            buffer_append_text(out, i == 0 ? "" : ", ");
            append_value(out, json_array_get(value, i));
        }
    } else if (json_is_object(value)) {
        bool first = true;
        for (void *at = json_object_iter((json_t *)value); at != NULL;
             at = json_object_iter_next((json_t *)value, at)) {
            if (!json_is_null(json_object_iter_value(at))) {
                buffer_append_text(out, first ? "" : " ");
                append_value(out, json_object_iter_value(at));
                first = false;
            }
        }
    }
}

static bool key_matches(const json_t *event, const char *key, const char *pattern)
{
    struct buffer value = {0};
    append_value(&value, json_object_get(event, key));
    bool matches = dialogue_text_matches(span_text(pattern), buffer_span(&value));
    buffer_free(&value);
    return matches;
}

bool dialogue_record_matches(struct span pattern, struct span record)
{
    json_t *event = json_loadb((const char *)record.at, record.length, JSON_ALLOW_NUL, NULL);
    struct dialogue_word word;
    bool matches = event != NULL && dialogue_next_word(&pattern, &word) &&
                   key_matches(event, "kind", word.name);
    while (matches && dialogue_next_word(&pattern, &word)) {
        matches = key_matches(event, word.name, word.value);
    }
    json_decref(event);
    return matches;
}
