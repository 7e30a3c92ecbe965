/* The server of session_fuzz.c. See session_model.h. */
#include "tests/fuzz/session_model.h"

#include "protocol/client_message.h"
#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/server_message.h"
#include "tests/unit/session/probe_answer.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

static void copy_text(char *to, size_t room, struct span text)
{
    snprintf(to, room, "%.*s", (int)text.length, (const char *)text.at);
}

static void put_name(struct model_name *names, unsigned *next, struct span name, const char *sql)
{
    size_t i = 0;
    while (i < MODEL_NAMES && !(names[i].sql[0] != '\0' && span_is(name, names[i].name))) {
        i++;
    }
    i = i < MODEL_NAMES ? i : (*next)++ % MODEL_NAMES;
    copy_text(names[i].name, sizeof names[i].name, name);
    snprintf(names[i].sql, sizeof names[i].sql, "%s", sql);
    names[i].spent = false;
}

static struct model_name *find_name(struct model_name *names, struct span name)
{
    for (size_t i = 0; i < MODEL_NAMES; i++) {
        if (names[i].sql[0] != '\0' && span_is(name, names[i].name)) {
            return &names[i];
        }
    }
    return NULL;
}

bool model_has_open_portal(const struct model *model)
{
    for (size_t i = 0; i < MODEL_NAMES; i++) {
        const struct model_name *portal = &model->portals[i];
        if (portal->sql[0] != '\0' && portal->name[0] == '\0' && !portal->spent) {
            return true;
        }
    }
    return false;
}

/* Those of a transaction end with it, and the unnamed one with the next Query. */
static void drop_portals(struct model *model, bool all)
{
    for (size_t i = 0; i < MODEL_NAMES; i++) {
        if (all || model->portals[i].name[0] == '\0') {
            model->portals[i].sql[0] = '\0';
        }
    }
}

static void fail(struct model *model, const char *sqlstate)
{
    encode_error(&model->out, &(struct report_text){"ERROR", sqlstate, span_text("no"), {0}, {0}});
    model->status = model->status == 'T' ? 'E' : model->status;
}

static bool starts(const char *sql, const char *word)
{
    return strncasecmp(sql, word, strlen(word)) == 0;
}

/* The command tag, and what it does to the transaction. */
static const char *run_transaction(struct model *model, const char *sql)
{
    bool failed = model->status == 'E';
    if (starts(sql, "BEGIN")) {
        model->status = 'T';
        return "BEGIN";
    }
    if (starts(sql, "COMMIT")) {
        model->status = 'I';
        return failed ? "ROLLBACK" : "COMMIT";
    }
    if (starts(sql, "ROLLBACK TO")) {
        model->status = 'T';
        return "ROLLBACK";
    }
    if (starts(sql, "ROLLBACK")) {
        model->status = 'I';
        return "ROLLBACK";
    }
    return starts(sql, "SAVEPOINT") ? "SAVEPOINT" : starts(sql, "RELEASE") ? "RELEASE" : NULL;
}

enum column {
#define X(name, value) COLUMN_##name,
    PROBE_ANSWER(X)
#undef X
        COLUMN_COUNT
};

/* A batch: some rows filled, and whether there are more behind them. */
static void answer_batch(struct model *model, uint8_t choice)
{
    const struct span columns[] = {span_text((choice & 4) != 0 ? "t" : "f"), span_text("1000"),
                                   span_text("1000"), span_text("2500")};
    encode_data_row(&model->out, columns, sizeof columns / sizeof *columns);
    encode_command_complete(&model->out, "SELECT 1");
}

static void answer_row(struct model *model, const char *const facts[], size_t count)
{
    struct span columns[COLUMN_COUNT];
    for (size_t i = 0; i < count; i++) {
        columns[i] = facts[i][0] == '\0' ? span_of(NULL, 0) : span_text(facts[i]);
    }
    encode_data_row(&model->out, columns, count);
}

static void answer_detail(struct model *model, const char *facts[], const char *detail,
                          const char *place, const char *name)
{
    facts[COLUMN_detail] = detail;
    facts[COLUMN_place] = place;
    facts[COLUMN_name1] = name;
    answer_row(model, facts, COLUMN_COUNT);
}

/* All that the actions are about is there, except a column that is to be filled, which has a key to
 * be filled by. There may be a second action, and a CHECK that mentions the column. */
static void answer_alter(struct model *model, const char *facts[], uint8_t choice)
{
    bool fills = (choice & 16) != 0;
    facts[COLUMN_name4] = "t_z_seq";
    facts[COLUMN_is1] = fills ? "f" : "t";
    answer_detail(model, facts, "a", "0", "");
    facts[COLUMN_name4] = "";
    if (fills) {
        facts[COLUMN_is1] = "t";
        answer_detail(model, facts, "f", "0", "");
        answer_detail(model, facts, "g", "1", "id");
    }
    if ((choice & 128) != 0) {
        answer_detail(model, facts, "a", "1", "");
        answer_detail(model, facts, "r", "0", "k");
    }
}

/* A partition that nothing depends on. */
static void answer_drop(struct model *model, const char *facts[])
{
    facts[COLUMN_table] = "p";
    facts[COLUMN_partitioned_schema] = "public";
    facts[COLUMN_partitioned] = "t";
    facts[COLUMN_own] = facts[COLUMN_target_oid];
    facts[COLUMN_kind1] = "r";
    facts[COLUMN_is1] = facts[COLUMN_is2] = "t";
    facts[COLUMN_name2] = "p";
    answer_detail(model, facts, "d", "0", "public");
}

static void answer_probe(struct model *model, const char *sql, const char *facts[], uint8_t choice)
{
    facts[COLUMN_bytes] = (choice & 8) != 0 ? "100" : "100000000";
    if (strstr(sql, "RECURSIVE dropped") != NULL) {
        answer_drop(model, facts);
    } else {
        answer_alter(model, facts, choice);
    }
}

/* The rows that our own questions are answered with. */
static void answer_ours(struct model *model, const char *sql, uint8_t choice)
{
    const char *facts[] = {
#define X(name, value) value,
        PROBE_ANSWER(X)
#undef X
    };
    const struct span made = span_text("/* ddlguard */ DROP INDEX CONCURRENTLY s.i");
    if (strstr(sql, "WITH RECURSIVE") != NULL) {
        answer_probe(model, sql, facts, choice);
    } else if (strstr(sql, "current_setting") != NULL) {
        answer_row(model, facts, PROBE_ANSWER_SETTINGS);
    } else if (strstr(sql, "set_config") != NULL || strstr(sql, "concat_ws") != NULL) {
        answer_row(model, facts, 1);
    } else if (strstr(sql, "format(") != NULL && (choice & 4) != 0) {
        encode_data_row(&model->out, &made, 1);
    }
    encode_command_complete(&model->out, "SELECT 1");
}

/* What the server says of a copy, and of nothing else. */
static void tell_rewrite(struct model *model, bool reads_only)
{
    static const char writes[] = "SDEBUG\0VDEBUG1\0C00000\0Mrewriting table t\0R" MODEL_SECRET "\0";
    static const char reads[] = "SDEBUG\0VDEBUG1\0C00000\0Mverifying table t\0R" MODEL_SECRET "\0";
    static_assert(sizeof writes == sizeof reads, "one length for both");
    size_t at = frame_begin(&model->out, SERVER_NOTICE);
    buffer_append(&model->out, reads_only ? reads : writes, sizeof writes); /* with the last NUL */
    frame_end(&model->out, at);
}

/* One statement. False: it failed. */
static bool run(struct model *model, const char *sql, bool simple, uint8_t choice)
{
    while (*sql == ' ') {
        sql++;
    }
    static const char ours[] = "/* ddlguard */ ";
    const char *words = starts(sql, ours) ? sql + sizeof ours - 1 : sql;
    bool ends = starts(words, "COMMIT") || starts(words, "ROLLBACK");
    if ((choice & 1) != 0 || (model->status == 'E' && !ends)) {
        fail(model, model->status == 'E' && !ends ? "25P02"
                    : (choice & 32) != 0          ? "57014"
                    : (choice & 2) != 0           ? "55P03"
                                                  : "23505");
        return false;
    }
    const char *tag = run_transaction(model, words);
    if (tag != NULL) {
        encode_command_complete(&model->out, tag);
    } else if (starts(words, "ALTER TABLE pg_temp.")) {
        tell_rewrite(model, (choice & 128) != 0);
        encode_command_complete(&model->out, "ALTER TABLE");
    } else if (starts(words, "WITH page AS")) {
        answer_batch(model, choice);
    } else if (words != sql) {
        answer_ours(model, sql, choice);
    } else if (starts(sql, "COPY")) {
        size_t at = frame_begin(&model->out, SERVER_COPY_IN);
        buffer_append(&model->out, "\0\0\0", 3);
        frame_end(&model->out, at);
        model->copy_in = true;
        model->copy_simple = simple;
    } else {
        encode_command_complete(&model->out, starts(sql, "CREATE INDEX") ? "CREATE INDEX" : "DONE");
    }
    return true;
}

/* One of two rows: the settings that a probe is planned with, and that they are put back. */
static bool fetch(struct model *model, uint8_t choice)
{
    struct span value = span_text("on");
    if ((choice & 1) != 0 || model->status == 'E') {
        fail(model, model->status == 'E' ? "25P02" : "57014");
        return false;
    }
    encode_data_row(&model->out, &value, 1);
    encode_bare(&model->out, SERVER_PORTAL_SUSPENDED);
    return true;
}

/* Of a SELECT, if it wants so many rows only and the input says that there are more. */
static void execute_portal(struct model *model, const struct execute *execute, uint8_t choice)
{
    struct model_name *portal = find_name(model->portals, execute->portal);
    char sql[sizeof portal->sql];
    snprintf(sql, sizeof sql, "%s", portal->sql);
    if (execute->max_rows > 0 && (choice & 65) == 64 && model->status != 'E' &&
        strncasecmp(sql, "SELECT", 6) == 0) {
        encode_bare(&model->out, SERVER_PORTAL_SUSPENDED);
        return;
    }
    if (strstr(sql, "set_config('jit'") != NULL) {
        model->skips = !fetch(model, choice);
        return;
    }
    portal->spent = true;
    model->skips = !run(model, sql, false, choice);
}

static void on_query(struct model *model, struct span body, uint8_t choice)
{
    struct query query;
    char sql[512];
    if (!decode_query(body, &query)) {
        fail(model, "08P01");
        encode_ready(&model->out, (enum transaction_status)model->status);
        return;
    }
    copy_text(sql, sizeof sql, query.sql);
    drop_portals(model, model->status == 'I');
    bool ours = starts(sql, "/* ddlguard */") && !starts(sql, "/* ddlguard */ SET LOCAL");
    for (char *at = sql; *at != '\0' && !model->copy_in;) {
        size_t length = ours ? strlen(at) : strcspn(at, ";");
        bool more = at[length] == ';';
        at[length] = '\0';
        if (strspn(at, " ") < length && !run(model, at, true, choice)) {
            break;
        }
        at += length + (more ? 1 : 0);
    }
    if (!model->copy_in) {
        encode_ready(&model->out, (enum transaction_status)model->status);
    }
}

static void on_extended(struct model *model, uint8_t tag, struct span body, uint8_t choice)
{
    struct parse parse;
    struct bind_names bind;
    struct execute execute;
    struct target target;
    char sql[64];
    bool good = true;
    if (tag == CLIENT_PARSE && (good = decode_parse(body, &parse))) {
        copy_text(sql, sizeof sql, parse.sql);
        put_name(model->statements, &model->next_statement, parse.name, sql);
        encode_bare(&model->out, SERVER_PARSE_COMPLETE);
    } else if (tag == CLIENT_BIND && (good = decode_bind_names(body, &bind) == NAMES_READY)) {
        const struct model_name *bound = find_name(model->statements, bind.statement);
        good = bound != NULL;
        if (good) {
            put_name(model->portals, &model->next_portal, bind.portal, bound->sql);
            encode_bare(&model->out, SERVER_BIND_COMPLETE);
        }
    } else if (tag == CLIENT_EXECUTE && (good = decode_execute(body, &execute))) {
        good = find_name(model->portals, execute.portal) != NULL;
        if (good) {
            execute_portal(model, &execute, choice);
        }
    } else if (tag == CLIENT_CLOSE && (good = decode_target(body, &target))) {
        struct model_name *portal = find_name(model->portals, target.name);
        if (target.type == 'P' && portal != NULL) {
            portal->sql[0] = '\0';
        }
        encode_bare(&model->out, SERVER_CLOSE_COMPLETE);
    } else if (tag == CLIENT_DESCRIBE) {
        encode_bare(&model->out, SERVER_NO_DATA);
    }
    if (!good) {
        fail(model, "26000");
        model->skips = true;
    }
}

/* Anything but these ends the COPY with an error (CopyGetData). */
static void on_copy(struct model *model, uint8_t tag)
{
    if (tag == CLIENT_COPY_DATA || tag == CLIENT_SYNC || tag == CLIENT_FLUSH) {
        return;
    }
    model->misused = model->misused || (tag != CLIENT_COPY_DONE && tag != CLIENT_COPY_FAIL);
    model->copy_in = false;
    if (tag == CLIENT_COPY_DONE) {
        encode_command_complete(&model->out, "COPY 1");
    } else {
        fail(model, "57014");
        model->skips = !model->copy_simple;
    }
    if (model->copy_simple) {
        encode_ready(&model->out, (enum transaction_status)model->status);
    }
}

bool model_serve(struct model *model, uint8_t choice)
{
    struct frame frame;
    struct span in = buffer_span(&model->in);
    enum frame_status framed = frame_peek(in, FRAME_LIMIT, &frame);
    model->confused = model->confused || framed == FRAME_BAD ||
                      (in.length > 0 && client_messages[in.at[0]].name == NULL);
    if (framed != FRAME_READY || model->confused || model->ended || !frame_is_whole(frame, in)) {
        return false;
    }
    struct span body = frame_body(frame, in);
    if (frame.tag == CLIENT_TERMINATE) {
        model->ended = true;
    } else if (model->copy_in) {
        on_copy(model, frame.tag);
    } else if (frame.tag == CLIENT_SYNC) {
        model->skips = false;
        if (model->status == 'I') {
            drop_portals(model, true);
        }
        encode_ready(&model->out, (enum transaction_status)model->status);
    } else if (frame.tag == CLIENT_QUERY && !model->skips) {
        on_query(model, body, choice);
    } else if (!model->skips) {
        on_extended(model, frame.tag, body, choice);
    }
    buffer_consume(&model->in, frame.length);
    return true;
}
