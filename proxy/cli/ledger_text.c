/* Text for people out of what the ledger holds: safe to print, and short. It prints nothing itself.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/ledger_cli.h"

int ledger_complain(char *why)
{
    fprintf(stderr, "ddlguard ledger: %s\n", why != NULL ? why : "out of memory");
    free(why);
    return CLI_USAGE;
}

bool ledger_texts_add(void *who, const char *json, int64_t seq)
{
    struct ledger_texts *texts = who;
    char **grown = realloc(texts->at, (texts->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    texts->at = grown;
    texts->at[texts->count] = strdup(json);
    texts->last_seq = seq > texts->last_seq ? seq : texts->last_seq;
    return texts->at[texts->count] != NULL && ++texts->count > 0;
}

void ledger_texts_free(struct ledger_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->at[i]);
    }
    free(texts->at);
    *texts = (struct ledger_texts){0};
}

struct state_colour {
    const char *state, *colour;
};

/* Green: it is so. Red: it is not. Yellow: somebody should look. The rest is business as usual. */
static const struct state_colour state_colours[] = {
    {"committed", "\033[32m"}, {"failed", "\033[31m"},   {"denied", "\033[31m"},
    {"unknown", "\033[33m"},   {"stmt_ok", "\033[36m"},  {"in_flight", "\033[36m"},
    {"intended", "\033[36m"},  {"prepared", "\033[33m"},
};

const char *ledger_state_colour(bool colours, const char *state)
{
    for (size_t i = 0; colours && i < sizeof state_colours / sizeof state_colours[0]; i++) {
        if (strcmp(state_colours[i].state, state) == 0) {
            return state_colours[i].colour;
        }
    }
    return "";
}

/* C0 and DEL; and C1, which begin with 0xC2 in UTF-8 and which terminals obey as well. */
static bool is_control(const unsigned char *at)
{
    return at[0] < 0x20 || at[0] == 0x7F || (at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0);
}

void ledger_append_safe(struct buffer *out, const char *text, bool lines)
{
    bool was_space = false;
    for (const unsigned char *at = (const unsigned char *)text; *at != 0; at++) {
        bool space = *at == ' ' || (*at >= '\t' && *at <= '\r');
        bool kept = lines && (*at == '\n' || *at == '\t' || *at == ' ');
        if (space && !kept) {
            buffer_append(out, " ", was_space ? 0 : 1);
        } else if (!space && is_control(at)) {
            at += *at == 0xC2;
            buffer_append_u8(out, '?');
        } else {
            buffer_append_u8(out, *at);
        }
        was_space = space;
    }
}

const char *ledger_member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

void ledger_append_object(struct buffer *out, const json_t *change)
{
    const json_t *objects = json_object_get(change, "objects");
    const json_t *first = json_array_get(objects, 0);
    const char *schema = ledger_member(first, "schema");
    const char *name = ledger_member(first, "name");
    if (name == NULL) {
        return;
    }
    if (schema != NULL) {
        ledger_append_safe(out, schema, false);
        buffer_append_text(out, ".");
    }
    ledger_append_safe(out, name, false);
    if (json_array_size(objects) > 1) {
        buffer_append_format(out, " +%zu", json_array_size(objects) - 1);
    }
}
