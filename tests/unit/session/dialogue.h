/* A dialogue: one story about a session as a text file, played against the session without a
 * socket or a clock. '>' is what we feed, '<' what we expect, in exactly this order:
 *
 *      # a comment; empty lines are skipped
 *      settings mode=enforce profile=guard attempts=10 rule.lock-timeout=block comment_user=bob …
 *      login user=alice database=app application_name=psql server_version=15.20
 *      client > Parse "" "SELECT 1" | Bind "" "" | Sync       messages as protocol/trace.h has them
 *      server < Query "SELECT 1"                              … stands for any text
 *      client < CommandComplete "CREATE INDEX" | ReadyForQuery I
 *      ledger < intended tag="CREATE INDEX" executed="…"      a record; any of its keys
 *      ledger fails | ledger waits | ledger works             what becomes of records (works)
 *      settings aside=yes                  indexes can be built over another connection
 *      queue waits | queue works           whether event TURN must be told (works)
 *      others wait | others yield          whether event YIELDED must be told (yield)
 *      request < WATCH UNWATCH             what the shell is asked to do
 *      event CONNECTED | CLIENT_LOST | CANCEL | BLOCKERS "x"  enum session_event
 *      client ends | server ends                              the end of that side's bytes
 *      clock +500ms                                           time passes; a due timer rings
 *
 * Before anything new is fed, everything that came out must have been expected. Messages have short
 * forms (dialogue_macro.c): Ours, Answer, Complete, Failed, Facts, Settings, Error, Fatal, Notice,
 * Times, Long. */
#ifndef TESTS_UNIT_SESSION_DIALOGUE_H
#define TESTS_UNIT_SESSION_DIALOGUE_H

#include "tests/unit/session/dialogue_shell.h"

enum dialogue_act {
    ACT_FEED,
    ACT_EXPECT,
    ACT_EVENT,
    ACT_END,
    ACT_CLOCK,
    ACT_LEDGER,
    ACT_QUEUE,
    ACT_OTHERS
};

struct dialogue_step {
    enum dialogue_act act;
    unsigned line;          /* of the file, from 1 */
    enum session_side side; /* FEED, END */
    enum shell_place place; /* EXPECT */
    enum session_event event;
    enum shell_ledger ledger;
    bool waits;          /* QUEUE, OTHERS */
    uint64_t us;         /* CLOCK */
    struct buffer bytes; /* FEED: the bytes. EXPECT: a line, with … for any text. EVENT: its text */
};

struct dialogue {
    struct dialogue_step *steps;
    size_t count;
    struct settings settings;
    struct session_options options;
    char comment_user_text[64];
    const char *comment_user; /* settings.comment_users is this one */
    bool uncut; /* `settings cuts=no`: what happens depends on how much has come, and says so */
    /* While it is read: */
    unsigned line;
    char status; /* of the last ReadyForQuery that was fed */
    char fault[512]; /* why it cannot be read, empty: it can */
};

/* dialogue_parse.c: a file into steps. False: `fault` says why. Free it in any case. */
MUST_USE bool dialogue_read(struct dialogue *dialogue, const char *path);
void dialogue_free(struct dialogue *dialogue);
/* One line of a file, or what a short form stands for. */
void dialogue_parse_line(struct dialogue *dialogue, struct span line);
void dialogue_refuse(struct dialogue *dialogue, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct dialogue_step *dialogue_add(struct dialogue *dialogue, enum dialogue_act act);

/* name, name=value, name="value" or "value"; cut short where room ends. */
struct dialogue_word {
    char name[64];
    char value[1024]; /* unescaped */
    bool has_value;
};
MUST_USE bool dialogue_next_word(struct span *line, struct dialogue_word *word);
struct span dialogue_skip_blanks(struct span line);

/* dialogue_messages.c: "message | message | …" into steps. */
void dialogue_feed(struct dialogue *dialogue, enum session_side from, struct span line);
void dialogue_expect(struct dialogue *dialogue, enum shell_place place, struct span line);
void dialogue_expect_text(struct dialogue *dialogue, enum shell_place place, struct span pattern);

/* dialogue_macro.c: a short form into messages, one a line; false: it is none. `expected`: fields
 * that the short form leaves open match anything; such a line is a pattern and begins with ~. */
MUST_USE bool dialogue_expand(struct dialogue *dialogue, struct span message, bool expected,
                              struct buffer *lines);
void dialogue_login(struct dialogue *dialogue, struct span words);

/* dialogue_match.c: `pattern` has … for any text. */
bool dialogue_text_matches(struct span pattern, struct span text);
bool dialogue_record_matches(struct span pattern, struct span record);

/* dialogue_play.c: how the input is cut, and where; there is a picture. */
enum dialogue_cuts { CUTS_PIECES, CUTS_EVERY };

/* Appends what went wrong to *report; nothing: all is well. */
void dialogue_play(const struct dialogue *dialogue, enum dialogue_cuts cuts, const char *path,
                   struct buffer *report);

#endif
