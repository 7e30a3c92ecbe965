/* libyaml's events become a list of nodes. Depth and keys are bounded, and a text that exceeds them
 * is refused, so that a path always fits. */
#include "config/outline.h"

#include <stdlib.h>
#include <yaml.h>

/* A list or mapping that has begun and not ended. */
struct level {
    size_t node;
    size_t entries; /* of a list: how many there were */
    size_t pending; /* of a mapping: the node whose key has come and whose value has not; 0: none */
};

struct walk {
    struct outline *outline;
    struct complaints *complaints;
    struct level levels[OUTLINE_DEPTH_MOST];
    size_t depth;
    unsigned documents;
    bool ended;
};

static bool refuse(const struct walk *walk, const yaml_event_t *event, const char *message)
{
    complaint_add(walk->complaints, (unsigned)event->start_mark.line + 1, "", "%s", message);
    return false;
}

static bool make_room(struct outline *outline)
{
    if (outline->count < outline->capacity) {
        return true;
    }
    size_t capacity = outline->capacity * 2 + 64;
    struct outline_node *grown = realloc(outline->nodes, capacity * sizeof *grown);
    if (grown == NULL) {
        outline->names.failed = true;
        return false;
    }
    outline->nodes = grown;
    outline->capacity = capacity;
    return true;
}

/* Gives the place of the new node; without memory outline->names is marked as failed. */
static size_t add_node(struct outline *outline, size_t parent, const yaml_event_t *event,
                       const char *name)
{
    size_t place = outline->count;
    size_t name_at = outline->names.length;
    buffer_append(&outline->names, name, strlen(name) + 1);
    if (!make_room(outline)) {
        return 0;
    }
    outline->nodes[place] = (struct outline_node){
        .name_at = name_at,
        .parent = parent,
        .line = (unsigned)event->start_mark.line + 1,
    };
    outline->count++;
    return place;
}

/* The node that the value that begins now belongs to: made by its key, or made here. */
static size_t take_node(struct walk *walk, const yaml_event_t *event)
{
    if (walk->depth == 0) {
        return add_node(walk->outline, 0, event, "");
    }
    struct level *level = &walk->levels[walk->depth - 1];
    if (level->pending > 0) {
        size_t node = level->pending;
        level->pending = 0;
        return node;
    }
    char name[32];
    snprintf(name, sizeof name, "[%zu]", level->entries++);
    return add_node(walk->outline, level->node, event, name);
}

static bool awaits_key(const struct walk *walk)
{
    if (walk->depth == 0) {
        return false;
    }
    const struct level *level = &walk->levels[walk->depth - 1];
    return walk->outline->nodes[level->node].kind == OUTLINE_MAPPING && level->pending == 0;
}

static bool begin(struct walk *walk, const yaml_event_t *event, enum outline_kind kind)
{
    if (awaits_key(walk)) {
        return refuse(walk, event, "expected a key; came a list or a mapping");
    }
    if (walk->depth == OUTLINE_DEPTH_MOST) {
        return refuse(walk, event, "expected at most eight levels; came more");
    }
    size_t node = take_node(walk, event);
    if (walk->outline->names.failed) {
        return refuse(walk, event, "out of memory");
    }
    walk->outline->nodes[node].kind = kind;
    walk->levels[walk->depth++] = (struct level){.node = node};
    return true;
}

/* A key or a value. */
static bool scalar(struct walk *walk, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    for (size_t i = 0; i < event->data.scalar.length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < ' ' || byte == 0x7f) {
            return refuse(walk, event, "expected one line of text; came a control character");
        }
    }
    if (awaits_key(walk)) {
        if (event->data.scalar.length > OUTLINE_KEY_MOST) {
            return refuse(walk, event, "expected a key; came a longer text than any key");
        }
        struct level *level = &walk->levels[walk->depth - 1];
        level->pending = add_node(walk->outline, level->node, event, text);
    } else {
        size_t node = take_node(walk, event);
        if (!walk->outline->names.failed) {
            walk->outline->nodes[node].nothing =
                event->data.scalar.length == 0 &&
                event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        }
    }
    return !walk->outline->names.failed || refuse(walk, event, "out of memory");
}

static bool handle(struct walk *walk, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return walk->documents++ == 0 || refuse(walk, event, "expected one document; came another");
    case YAML_ALIAS_EVENT:
        return refuse(walk, event, "expected a value; came an alias: write the value out");
    case YAML_SCALAR_EVENT:
        return scalar(walk, event);
    case YAML_SEQUENCE_START_EVENT:
        return begin(walk, event, OUTLINE_LIST);
    case YAML_MAPPING_START_EVENT:
        return begin(walk, event, OUTLINE_MAPPING);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        walk->depth--;
        return true;
    case YAML_STREAM_END_EVENT:
        walk->ended = true;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    }
    return true; /* an event that a later libyaml has and ours has not */
}

/* libyaml found no YAML. It knows the line, but for bytes that are no text: there it has an offset.
 */
static void complain_syntax(struct complaints *complaints, const yaml_parser_t *parser,
                            struct span yaml)
{
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < yaml.length; i++) {
            line += yaml.at[i] == '\n';
        }
    }
    const char *problem = parser->problem == NULL ? "out of memory" : parser->problem;
    if (parser->context == NULL) {
        complaint_add(complaints, (unsigned)line, "", "%s", problem);
    } else {
        complaint_add(complaints, (unsigned)line, "", "%s %s that began on line %zu", problem,
                      parser->context, parser->context_mark.line + 1);
    }
}

static bool walk_events(struct walk *walk, yaml_parser_t *parser, struct span yaml)
{
    while (!walk->ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            complain_syntax(walk->complaints, parser, yaml);
            return false;
        }
        bool good = handle(walk, &event);
        yaml_event_delete(&event);
        if (!good) {
            return false;
        }
    }
    return true;
}

bool outline_read(struct outline *outline, struct span yaml, struct complaints *complaints)
{
    *outline = (struct outline){0};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        complaint_add(complaints, 0, "", "out of memory");
        return false;
    }
    yaml_parser_set_input_string(&parser, yaml.at, yaml.length);
    struct walk walk = {.outline = outline, .complaints = complaints};
    bool good = walk_events(&walk, &parser, yaml);
    yaml_parser_delete(&parser);
    return good;
}

void outline_free(struct outline *outline)
{
    free(outline->nodes);
    buffer_free(&outline->names);
    *outline = (struct outline){0};
}

const char *outline_name(const struct outline *outline, const struct outline_node *node)
{
    return (const char *)outline->names.at + node->name_at;
}

void outline_path(const struct outline *outline, const struct outline_node *node,
                  char path[OUTLINE_PATH_BYTES])
{
    if (node == outline->nodes) {
        path[0] = '\0';
        return;
    }
    /* Upwards, and so from the end of the room to its beginning. */
    size_t at = OUTLINE_PATH_BYTES - 1;
    path[at] = '\0';
    for (; node != outline->nodes; node = &outline->nodes[node->parent]) {
        const char *name = outline_name(outline, node);
        at -= strlen(name);
        memcpy(path + at, name, strlen(name));
        if (node->parent != 0 && name[0] != '[') {
            path[--at] = '.';
        }
    }
    memmove(path, path + at, OUTLINE_PATH_BYTES - at);
}

const struct outline_node *outline_find(const struct outline *outline, const char *path)
{
    char candidate[OUTLINE_PATH_BYTES];
    for (size_t i = 0; i < outline->count; i++) {
        outline_path(outline, &outline->nodes[i], candidate);
        if (strcmp(candidate, path) == 0) {
            return &outline->nodes[i];
        }
    }
    return NULL;
}
