/* Reads a dialogue file into steps. What it cannot read is a fault of the dialogue, told with its
 * line; it never guesses. */
#include "tests/unit/session/dialogue.h"

#include "policy/rule.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void dialogue_refuse(struct dialogue *dialogue, const char *format, ...)
{
    if (dialogue->fault[0] != '\0') {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(dialogue->fault, sizeof dialogue->fault, format, arguments);
    va_end(arguments);
}

struct dialogue_step *dialogue_add(struct dialogue *dialogue, enum dialogue_act act)
{
    size_t count = dialogue->count;
    if ((count & (count - 1)) == 0) { /* room for a power of two */
        size_t room = count == 0 ? 1 : 2 * count;
        dialogue->steps = realloc(dialogue->steps, room * sizeof *dialogue->steps);
        assert(dialogue->steps != NULL);
    }
    struct dialogue_step *step = &dialogue->steps[dialogue->count++];
    *step = (struct dialogue_step){.act = act, .line = dialogue->line};
    return step;
}

struct span dialogue_skip_blanks(struct span line)
{
    while (line.length > 0 && line.at[0] == ' ') {
        line = span_from(line, 1);
    }
    return line;
}

static void append_char(char *to, size_t room, size_t *length, char c)
{
    if (*length + 1 < room) {
        to[(*length)++] = c;
        to[*length] = '\0';
    }
}

bool dialogue_next_word(struct span *line, struct dialogue_word *word)
{
    *word = (struct dialogue_word){.has_value = false};
    *line = dialogue_skip_blanks(*line);
    if (line->length == 0) {
        return false;
    }
    size_t length = 0;
    size_t at = 0;
    for (; at < line->length && line->at[at] != ' ' && line->at[at] != '='; at++) {
        if (line->at[at] == '"') {
            break;
        }
        append_char(word->name, sizeof word->name, &length, (char)line->at[at]);
    }
    bool equals = at < line->length && line->at[at] == '=';
    at += equals ? 1 : 0;
    bool quoted = at < line->length && line->at[at] == '"';
    word->has_value = equals || quoted;
    at += quoted ? 1 : 0;
    length = 0;
    for (; at < line->length && line->at[at] != (quoted ? '"' : ' '); at++) {
        at += quoted && line->at[at] == '\\' && at + 1 < line->length ? 1 : 0;
        append_char(word->value, sizeof word->value, &length, (char)line->at[at]);
    }
    *line = span_from(*line, at + (quoted ? 1 : 0));
    return true;
}

static uint64_t parse_time(struct dialogue *dialogue, const char *text)
{
    char *unit = NULL;
    uint64_t value = strtoull(text[0] == '+' ? text + 1 : text, &unit, 10);
    if (strcmp(unit, "ms") == 0) {
        return value * 1000;
    }
    if (strcmp(unit, "s") == 0) {
        return value * 1000000;
    }
    dialogue_refuse(dialogue, "expected a time such as +500ms or +2s, not %s", text);
    return 0;
}

static void set_rule(struct dialogue *dialogue, const char *id, const char *name)
{
    int rule = rules_find(id);
    for (int action = ACTION_DEFAULT; action <= ACTION_BLOCK && rule >= 0; action++) {
        if (strcmp(settings_action_name((enum action)action), name) == 0) {
            dialogue->settings.actions[rule] = (enum action)action;
            return;
        }
    }
    dialogue_refuse(dialogue, "no such rule or action: %s=%s", id, name);
}

static void set(struct dialogue *dialogue, const struct dialogue_word *word)
{
    struct settings *settings = &dialogue->settings;
    uint32_t number = (uint32_t)strtoul(word->value, NULL, 10);
    if (strcmp(word->name, "mode") == 0) {
        settings->mode = strcmp(word->value, "observe") == 0 ? MODE_OBSERVE : MODE_ENFORCE;
    } else if (strcmp(word->name, "profile") == 0) {
        settings->profile = strcmp(word->value, "strict") == 0    ? PROFILE_STRICT
                            : strcmp(word->value, "observe") == 0 ? PROFILE_OBSERVE
                                                                  : PROFILE_GUARD;
    } else if (strcmp(word->name, "attempts") == 0) {
        settings->timeouts.attempts = number;
    } else if (strcmp(word->name, "inspect_limit") == 0) {
        dialogue->options.inspect_limit = number;
    } else if (strcmp(word->name, "parse_limit") == 0) {
        dialogue->options.parse_limit = number;
    } else if (strcmp(word->name, "refuse_without_ledger") == 0) {
        dialogue->options.refuse_without_ledger = strcmp(word->value, "true") == 0;
    } else if (strcmp(word->name, "cuts") == 0) {
        dialogue->uncut = strcmp(word->value, "no") == 0;
    } else if (strcmp(word->name, "aside") == 0) {
        dialogue->options.aside = strcmp(word->value, "yes") == 0;
    } else if (strcmp(word->name, "comment_user") == 0) {
        snprintf(dialogue->comment_user_text, sizeof dialogue->comment_user_text, "%.63s",
                 word->value);
        dialogue->comment_user = dialogue->comment_user_text;
        settings->comment_users = &dialogue->comment_user;
        settings->comment_users_count = 1;
    } else if (strncmp(word->name, "rule.", 5) == 0) {
        set_rule(dialogue, word->name + 5, word->value);
    } else {
        dialogue_refuse(dialogue, "no such setting: %s", word->name);
    }
}

static void parse_event(struct dialogue *dialogue, struct span rest)
{
    static const struct {
        const char *name;
        enum session_event event;
    } events[] = {
        {"CONNECTED", SESSION_CONNECTED},
        {"UNREACHABLE", SESSION_UNREACHABLE},
        {"CLIENT_LOST", SESSION_CLIENT_LOST},
        {"LEDGER_DURABLE", SESSION_LEDGER_DURABLE},
        {"LEDGER_FAILED", SESSION_LEDGER_FAILED},
        {"CANCEL", SESSION_CANCEL},
        {"BLOCKERS", SESSION_BLOCKERS},
        {"TURN", SESSION_TURN},
        {"ASIDE_DONE", SESSION_ASIDE_DONE},
        {"ASIDE_FAILED", SESSION_ASIDE_FAILED},
        {"QUEUED", SESSION_QUEUED},
        {"YIELD", SESSION_YIELD},
        {"YIELDED", SESSION_YIELDED},
        {"SHUTDOWN", SESSION_SHUTDOWN},
        {"KILL", SESSION_KILL},
    };
    struct dialogue_word name;
    struct dialogue_word text;
    if (!dialogue_next_word(&rest, &name)) {
        name.name[0] = '\0';
    }
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strcmp(events[i].name, name.name) == 0) {
            struct dialogue_step *step = dialogue_add(dialogue, ACT_EVENT);
            step->event = events[i].event;
            if (dialogue_next_word(&rest, &text)) {
                buffer_append_text(&step->bytes, text.value);
            }
            return;
        }
    }
    dialogue_refuse(dialogue, "no such event: %s", name.name);
}

static void parse_ledger(struct dialogue *dialogue, const char *how, struct span rest)
{
    static const char *const names[] = {"works", "fails", "waits"};
    if (strcmp(how, "<") == 0) {
        dialogue_expect_text(dialogue, PLACE_LEDGER, dialogue_skip_blanks(rest));
        return;
    }
    for (int i = LEDGER_WORKS; i <= LEDGER_WAITS; i++) {
        if (strcmp(names[i], how) == 0) {
            dialogue_add(dialogue, ACT_LEDGER)->ledger = (enum shell_ledger)i;
            return;
        }
    }
    dialogue_refuse(dialogue, "expected ledger <, works, fails or waits");
}

static void parse_side(struct dialogue *dialogue, enum session_side side, const char *how,
                       struct span rest)
{
    if (strcmp(how, ">") == 0) {
        dialogue_feed(dialogue, side, rest);
    } else if (strcmp(how, "<") == 0) {
        dialogue_expect(dialogue, side == SIDE_CLIENT ? PLACE_CLIENT : PLACE_SERVER, rest);
    } else if (strcmp(how, "ends") == 0) {
        dialogue_add(dialogue, ACT_END)->side = side;
    } else {
        dialogue_refuse(dialogue, "expected <, > or ends behind the side");
    }
}

static void parse_settings(struct dialogue *dialogue, struct span rest)
{
    struct dialogue_word word;
    while (dialogue_next_word(&rest, &word)) {
        set(dialogue, &word);
    }
}

static void parse_requests(struct dialogue *dialogue, struct span rest)
{
    struct dialogue_word word;
    while (dialogue_next_word(&rest, &word)) {
        if (strcmp(word.name, "<") != 0) {
            dialogue_expect_text(dialogue, PLACE_SHELL, span_text(word.name));
        }
    }
}

void dialogue_parse_line(struct dialogue *dialogue, struct span line)
{
    struct dialogue_word first;
    struct dialogue_word second;
    struct span rest = line;
    if (!dialogue_next_word(&rest, &first) || first.name[0] == '#') {
        return;
    }
    struct span behind_first = rest;
    if (!dialogue_next_word(&rest, &second)) {
        second.name[0] = '\0';
    }
    if (strcmp(first.name, "client") == 0) {
        parse_side(dialogue, SIDE_CLIENT, second.name, rest);
    } else if (strcmp(first.name, "server") == 0) {
        parse_side(dialogue, SIDE_SERVER, second.name, rest);
    } else if (strcmp(first.name, "ledger") == 0) {
        parse_ledger(dialogue, second.name, rest);
    } else if (strcmp(first.name, "request") == 0) {
        parse_requests(dialogue, behind_first);
    } else if (strcmp(first.name, "queue") == 0) {
        dialogue_add(dialogue, ACT_QUEUE)->waits = strcmp(second.name, "waits") == 0;
    } else if (strcmp(first.name, "others") == 0) {
        dialogue_add(dialogue, ACT_OTHERS)->waits = strcmp(second.name, "wait") == 0;
    } else if (strcmp(first.name, "event") == 0) {
        parse_event(dialogue, behind_first);
    } else if (strcmp(first.name, "clock") == 0) {
        uint64_t us = parse_time(dialogue, second.name);
        dialogue_add(dialogue, ACT_CLOCK)->us = us;
    } else if (strcmp(first.name, "settings") == 0) {
        parse_settings(dialogue, behind_first);
    } else if (strcmp(first.name, "login") == 0) {
        dialogue_login(dialogue, behind_first);
    } else {
        dialogue_refuse(dialogue, "a line cannot begin with \"%s\"", first.name);
    }
}

bool dialogue_read(struct dialogue *dialogue, const char *path)
{
    *dialogue = (struct dialogue){.settings = settings_default(), .status = 'I'};
    dialogue->options = (struct session_options){.settings = &dialogue->settings,
                                                 .inspect_limit = 1 << 20,
                                                 .parse_limit = 65536,
                                                 .refuse_without_ledger = true,
                                                 .instance = "test"};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        dialogue_refuse(dialogue, "cannot be opened");
        return false;
    }
    char *line = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&line, &room, file)) >= 0;) {
        dialogue->line++;
        size_t text = length > 0 && line[length - 1] == '\n' ? (size_t)length - 1 : (size_t)length;
        dialogue_parse_line(dialogue, span_of(line, text));
        if (dialogue->fault[0] != '\0') {
            break;
        }
    }
    free(line);
    fclose(file);
    return dialogue->fault[0] == '\0';
}

void dialogue_free(struct dialogue *dialogue)
{
    for (size_t i = 0; i < dialogue->count; i++) {
        buffer_free(&dialogue->steps[i].bytes);
    }
    free(dialogue->steps);
    *dialogue = (struct dialogue){0};
}
