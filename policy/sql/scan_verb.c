/* The names of classes and verbs, and the verb of a statement from its leading words. */
#include "policy/sql/scan.h"

/* The longest prefix of a statement's words wins, so it stands first. BEGIN and the like never have
 * a word of another verb behind them. */
static const struct {
    const char *words;
    enum scan_verb verb;
} verbs[] = {
    {"BEGIN", SCAN_VERB_BEGIN},
    {"START", SCAN_VERB_BEGIN},
    {"COMMIT PREPARED", SCAN_VERB_COMMIT_PREPARED},
    {"COMMIT", SCAN_VERB_COMMIT},
    {"END", SCAN_VERB_COMMIT},
    {"ROLLBACK PREPARED", SCAN_VERB_ROLLBACK_PREPARED},
    {"ROLLBACK TO", SCAN_VERB_ROLLBACK_TO},
    {"ROLLBACK WORK TO", SCAN_VERB_ROLLBACK_TO},
    {"ROLLBACK TRANSACTION TO", SCAN_VERB_ROLLBACK_TO},
    {"ROLLBACK", SCAN_VERB_ROLLBACK},
    {"ABORT", SCAN_VERB_ROLLBACK},
    {"SAVEPOINT", SCAN_VERB_SAVEPOINT},
    {"RELEASE", SCAN_VERB_RELEASE},
    {"PREPARE TRANSACTION", SCAN_VERB_PREPARE_TRANSACTION},
    {"SET TRANSACTION", SCAN_VERB_SET_TRANSACTION},
    {"SET LOCAL TRANSACTION", SCAN_VERB_SET_TRANSACTION},
    {"SET SESSION TRANSACTION", SCAN_VERB_SET_TRANSACTION},
    {"SET SESSION CHARACTERISTICS", SCAN_VERB_SET_TRANSACTION},
    {"SET CONSTRAINTS", SCAN_VERB_SET_CONSTRAINTS},
    {"SET", SCAN_VERB_SET},
    {"RESET", SCAN_VERB_RESET},
    {"DISCARD", SCAN_VERB_DISCARD},
};

static bool starts_with_words(const char *text, const char *words)
{
    size_t length = strlen(words);
    return strncmp(text, words, length) == 0 && (text[length] == ' ' || text[length] == '\0');
}

enum scan_verb scan_statement_verb(const struct scan_statement *statement)
{
    if (statement->class != SCAN_TRANSACTION && statement->class != SCAN_SETTING) {
        return SCAN_VERB_NONE;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (starts_with_words(statement->words, verbs[i].words)) {
            return verbs[i].verb;
        }
    }
    return SCAN_VERB_NONE;
}

const char *scan_class_name(enum scan_class class)
{
    static const char *const names[] = {
#define SCAN_CLASS_TEXT(name, text) [SCAN_##name] = (text),
        SCAN_CLASSES(SCAN_CLASS_TEXT)
#undef SCAN_CLASS_TEXT
    };
    return names[class];
}

const char *scan_verb_name(enum scan_verb verb)
{
    static const char *const names[] = {
#define SCAN_VERB_TEXT(name, text) [SCAN_VERB_##name] = (text),
        SCAN_VERBS(SCAN_VERB_TEXT)
#undef SCAN_VERB_TEXT
    };
    return names[verb];
}
