/* Reads libpg_query's JSON into an array of nodes. Not a JSON parser for the world: the text comes
 * from a library that we link, so it is read leniently, but never outside its bounds and never with
 * recursion. Bytes that are no UTF-8 pass: a LATIN1 client's names are as good as any. */
#include "policy/sql/tree.h"

#include <stdlib.h>

#define NOWHERE SIZE_MAX

struct reading {
    struct tree *tree;
    char *at;
    size_t capacity;
    size_t open; /* the innermost object or array; its `size` holds the one around it meanwhile */
    const char *key; /* of the value to come */
};

static struct node *add_node(struct reading *reading, enum node_type type)
{
    struct tree *tree = reading->tree;
    if (tree->count == reading->capacity) {
        size_t capacity = reading->capacity * 2;
        struct node *nodes = realloc(tree->nodes, capacity * sizeof *nodes);
        if (nodes == NULL) {
            return NULL;
        }
        tree->nodes = nodes;
        reading->capacity = capacity;
    }
    struct node *node = &tree->nodes[tree->count++];
    *node = (struct node){.key = reading->key, .size = 1, .type = type};
    reading->key = NULL;
    return node;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* One escape, with the reading position behind its backslash. \u is written for ASCII only. */
static bool read_escape(struct reading *reading, char *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char letter = *reading->at;
    if (letter == 'u' && strncmp(reading->at + 1, "00", 2) == 0 && hex_digit(reading->at[3]) >= 0 &&
        hex_digit(reading->at[4]) >= 0) {
        *out = (char)(hex_digit(reading->at[3]) * 16 + hex_digit(reading->at[4]));
        reading->at += 5;
        return true;
    }
    const char *found = letter == '\0' ? NULL : strchr(from, letter);
    if (found == NULL) {
        return false;
    }
    *out = to[found - from];
    reading->at++;
    return true;
}

/* A string in place, from its opening quote on; NULL when it has no end. */
static const char *read_string(struct reading *reading)
{
    char *text = ++reading->at;
    char *end = text;
    while (*reading->at != '"') {
        if (*reading->at == '\0') {
            return NULL;
        }
        if (*reading->at == '\\') {
            reading->at++;
            if (!read_escape(reading, end)) {
                return NULL;
            }
        } else {
            *end = *reading->at++;
        }
        end++;
    }
    reading->at++;
    *end = '\0'; /* at the latest, over the closing quote */
    return text;
}

static bool in_object(const struct reading *reading)
{
    return reading->open != NOWHERE && reading->tree->nodes[reading->open].type == NODE_OBJECT;
}

static bool read_key_or_string(struct reading *reading)
{
    bool is_key = in_object(reading) && reading->key == NULL;
    const char *text = read_string(reading);
    if (text == NULL) {
        return false;
    }
    if (is_key) {
        reading->key = text;
        return *reading->at++ == ':';
    }
    struct node *node = add_node(reading, NODE_STRING);
    if (node == NULL) {
        return false;
    }
    node->text = text;
    return true;
}

static bool read_number(struct reading *reading)
{
    static const struct {
        const char *word;
        int64_t number;
    } words[] = {{"true", 1}, {"false", 0}, {"null", 0}};
    struct node *node = add_node(reading, NODE_NUMBER);
    if (node == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strncmp(reading->at, words[i].word, strlen(words[i].word)) == 0) {
            node->number = words[i].number;
            reading->at += strlen(words[i].word);
            return true;
        }
    }
    char *end = NULL;
    node->number = strtoll(reading->at, &end, 10);
    if (end == reading->at) {
        return false;
    }
    reading->at = end;
    return true;
}

static bool open_node(struct reading *reading)
{
    size_t index = reading->tree->count;
    struct node *node = add_node(reading, *reading->at == '{' ? NODE_OBJECT : NODE_ARRAY);
    if (node == NULL) {
        return false;
    }
    node->size = reading->open;
    reading->open = index;
    reading->at++;
    return true;
}

static bool close_node(struct reading *reading)
{
    if (reading->open == NOWHERE) {
        return false;
    }
    struct node *node = &reading->tree->nodes[reading->open];
    size_t around = node->size;
    node->size = reading->tree->count - reading->open;
    reading->open = around;
    reading->at++;
    return true;
}

static bool read_step(struct reading *reading)
{
    switch (*reading->at) {
    case '{':
    case '[':
        return open_node(reading);
    case '}':
    case ']':
        return close_node(reading);
    case '"':
        return read_key_or_string(reading);
    case ',':
    case ' ':
        reading->at++;
        return true;
    default:
        return read_number(reading);
    }
}

bool tree_read(struct tree *tree, char *json)
{
    /* A node takes at least two bytes of JSON, on average about 24. */
    struct reading reading = {
        .tree = tree, .at = json, .capacity = strlen(json) / 24 + 16, .open = NOWHERE};
    *tree = (struct tree){.json = json};
    tree->nodes = malloc(reading.capacity * sizeof *tree->nodes);
    if (tree->nodes == NULL) {
        return false;
    }
    do {
        if (!read_step(&reading)) {
            return false;
        }
    } while (reading.open != NOWHERE);
    return *reading.at == '\0' && tree->nodes[0].type == NODE_OBJECT;
}

void tree_free(struct tree *tree)
{
    free(tree->nodes);
    free(tree->json);
    *tree = (struct tree){0};
}

const struct node *node_first(const struct node *parent)
{
    return parent != NULL && parent->size > 1 ? parent + 1 : NULL;
}

const struct node *node_next(const struct node *parent, const struct node *child)
{
    const struct node *next = child + child->size;
    return next < parent + parent->size ? next : NULL;
}

size_t node_count(const struct node *parent)
{
    size_t count = 0;
    for (const struct node *at = node_first(parent); at != NULL; at = node_next(parent, at)) {
        count++;
    }
    return count;
}

const struct node *node_last(const struct node *parent)
{
    const struct node *last = NULL;
    for (const struct node *at = node_first(parent); at != NULL; at = node_next(parent, at)) {
        last = at;
    }
    return last;
}

const struct node *node_field(const struct node *object, const char *key)
{
    if (object == NULL || object->type != NODE_OBJECT) {
        return NULL;
    }
    for (const struct node *at = node_first(object); at != NULL; at = node_next(object, at)) {
        if (at->key != NULL && strcmp(at->key, key) == 0) {
            return at;
        }
    }
    return NULL;
}

const char *node_text(const struct node *object, const char *key)
{
    const struct node *field = node_field(object, key);
    return field == NULL || field->text == NULL ? "" : field->text;
}

bool node_is(const struct node *object, const char *key, const char *text)
{
    return strcmp(node_text(object, key), text) == 0;
}

int64_t node_number(const struct node *object, const char *key)
{
    const struct node *field = node_field(object, key);
    return field == NULL ? 0 : field->number;
}

/* Types begin with a capital letter, fields do not. */
static bool is_wrapper(const struct node *node)
{
    const struct node *inside = node_first(node);
    return inside != NULL && inside->key != NULL && inside->size == node->size - 1 &&
           inside->key[0] >= 'A' && inside->key[0] <= 'Z';
}

const struct node *node_bare(const struct node *node)
{
    return node != NULL && is_wrapper(node) ? node_first(node) : node;
}

const char *node_name(const struct node *node)
{
    return node != NULL && is_wrapper(node) ? node_first(node)->key : "";
}
