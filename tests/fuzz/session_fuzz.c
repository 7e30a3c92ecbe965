/* The session, fed from both sides and with events in whatever order the input says, through the
 * dialogues' simulated shell. What must hold: no crash; the contract with the shell
 * (dialogue_shell.c); both outputs are messages as long as both inputs are; a change has an intent
 * before anything else and, when all is over, exactly one end; and who has asked well-formed
 * questions has been answered.
 *
 *      | flags (1) | step (1) argument (1) ... | step ... */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include "protocol/client_message.h"
#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/server_message.h"
#include "protocol/startup.h"
#include "tests/fuzz/session_client.h"
#include "tests/fuzz/session_model.h"
#include "tests/unit/session/dialogue_shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANGES_MOST 256
#define STEPS_MOST   400

enum flag {
    FLAG_RAW_STARTUP = 1,
    FLAG_REPLICATION_LOGIN = 2,
    FLAG_OBSERVES = 4,
    FLAG_STRICT = 8,
    FLAG_SHORT_LIMIT = 16, /* messages are long from 300 bytes on */
    FLAG_BLOCKS = 32,
    FLAG_UNRECORDED = 64, /* changes pass when the ledger fails */
    FLAG_ASIDE = 128,     /* indexes may be built beside a transaction */
};

/* Follows the messages of one stream. */
struct follower {
    struct buffer header;
    size_t left;
    bool server, bad;
    unsigned readies;
};

struct change {
    char id[37];
    bool ended;
};

struct world {
    struct shell shell;
    struct model model;
    struct follower to_client, from_client, from_server;
    struct change changes[CHANGES_MOST];
    size_t change_count;
    unsigned asked;     /* Query and Sync that the client has sent */
    unsigned asides;    /* questions about a build beside a transaction, not answered yet */
    bool raw;           /* a side has said what the model knows nothing of */
    bool ledger_failed; /* records are missing from then on */
    bool login_done;
};

static void follow(struct follower *follower, struct span bytes)
{
    while (bytes.length > 0 && !follower->bad) {
        if (follower->left > 0) {
            size_t pass = follower->left < bytes.length ? follower->left : bytes.length;
            follower->left -= pass;
            bytes = span_from(bytes, pass);
            continue;
        }
        buffer_append_u8(&follower->header, bytes.at[0]);
        bytes = span_from(bytes, 1);
        struct frame frame;
        enum frame_status framed = frame_peek(buffer_span(&follower->header), FRAME_LIMIT, &frame);
        if (framed != FRAME_MORE) {
            uint8_t tag = follower->header.at[0];
            const char *name =
                follower->server ? server_messages[tag].name : client_messages[tag].name;
            follower->bad = framed == FRAME_BAD || name == NULL;
            follower->left = follower->bad ? 0 : frame.length - FRAME_HEADER_BYTES;
            follower->readies += follower->server && tag == SERVER_READY_FOR_QUERY ? 1 : 0;
            buffer_reset(&follower->header);
        }
    }
}

static bool is_kind(const char *kind, const char *const *kinds)
{
    for (; *kinds != NULL; kinds++) {
        if (strcmp(kind, *kinds) == 0) {
            return true;
        }
    }
    return false;
}

static void check_record(struct world *world, struct span line)
{
    static const char *const begins[] = {"intended", "denied", NULL};
    static const char *const ends[] = {"denied",  "committed", "rolled_back", "failed",
                                       "unknown", "prepared",  "no_op",       "undone_by_savepoint",
                                       NULL};
    json_t *event = json_loadb((const char *)line.at, line.length, JSON_ALLOW_NUL, NULL);
    assert(event != NULL);
    const char *id = json_string_value(json_object_get(event, "change_id"));
    const char *kind = json_string_value(json_object_get(event, "kind"));
    assert(id != NULL && strlen(id) == 36 && kind != NULL);
    size_t i = 0;
    while (i < world->change_count && strcmp(world->changes[i].id, id) != 0) {
        i++;
    }
    if (is_kind(kind, begins)) {
        assert(i == world->change_count);
        if (i == CHANGES_MOST) {
            world->ledger_failed = true; /* we have lost count */
        } else {
            memcpy(world->changes[world->change_count++].id, id, 37);
        }
    }
    if (i < world->change_count && is_kind(kind, ends)) {
        assert(!world->changes[i].ended);
        world->changes[i].ended = true;
    }
    assert(i < world->change_count || world->ledger_failed);
    json_decref(event);
}

static void listen(void *who, enum shell_place place, struct span bytes)
{
    struct world *world = who;
    switch (place) {
    case PLACE_CLIENT:
        if (world->login_done) {
            assert(world->raw ||
                   memmem(bytes.at, bytes.length, MODEL_SECRET, sizeof MODEL_SECRET - 1) == NULL);
            follow(&world->to_client, bytes);
            assert(!world->to_client.bad || world->from_server.bad);
        }
        break;
    case PLACE_SERVER:
        if (world->login_done) {
            buffer_append_span(&world->model.in, bytes);
        }
        break;
    case PLACE_LEDGER:
        check_record(world, bytes);
        break;
    case PLACE_SHELL:
        world->asides += span_is(bytes, "ASIDE") || span_is(bytes, "ASIDE_GO");
        break;
    }
}

/* The other connection has answered, as it does once for each question. */
static void answer_aside(struct world *world, bool done)
{
    if (world->asides > 0) {
        world->asides--;
        shell_tell(&world->shell, done ? SESSION_ASIDE_DONE : SESSION_ASIDE_FAILED,
                   span_text(done ? "" : "why"));
    }
}

static void login(struct world *world, bool replication)
{
    static const char plain[] = "user\0a\0database\0b\0";
    static const char walsender[] = "user\0a\0replication\0database\0";
    struct buffer out = {0};
    startup_encode(&out, 3u << 16,
                   replication ? span_of(walsender, sizeof walsender - 1)
                               : span_of(plain, sizeof plain - 1));
    shell_receive(&world->shell, SIDE_CLIENT, buffer_span(&out));
    shell_tell(&world->shell, SESSION_CONNECTED, span_of(NULL, 0));
    buffer_reset(&out);
    encode_authentication(&out, 0, span_of(NULL, 0));
    encode_parameter_status(&out, "server_version", "15.20");
    encode_parameter_status(&out, "client_encoding", "UTF8");
    encode_backend_key(&out, 4711, span_text("1234"));
    encode_ready(&out, STATUS_IDLE);
    shell_receive(&world->shell, SIDE_SERVER, buffer_span(&out));
    buffer_free(&out);
    world->login_done = true;
}

static void from_client(struct world *world, struct span bytes)
{
    follow(&world->from_client, bytes);
    shell_receive(&world->shell, SIDE_CLIENT, bytes);
}

static void from_server(struct world *world, struct span bytes)
{
    follow(&world->from_server, bytes);
    shell_receive(&world->shell, SIDE_SERVER, bytes);
}

/* The server answers one message, in two pieces if the choice says so. False: there was none. */
static bool serve(struct world *world, uint8_t choice)
{
    bool served = model_serve(&world->model, choice);
    assert(!world->model.confused || world->raw || world->from_client.bad);
    struct buffer out = buffer_take(&world->model.out);
    size_t cut = served && (choice & 16) != 0 ? out.length / 2 : out.length;
    from_server(world, span_cut(buffer_span(&out), 0, cut));
    from_server(world, span_from(buffer_span(&out), cut));
    buffer_free(&out);
    return served;
}

/* A portal is closed for others only where its client cannot miss it. */
static void yield(struct world *world)
{
    const struct model *model = &world->model;
    shell_receive(&world->shell, SIDE_CLIENT, span_of(NULL, 0)); /* what is due comes first */
    size_t before = model->in.length;
    shell_tell(&world->shell, SESSION_YIELD, span_of(NULL, 0));
    assert(model->in.length == before || world->raw ||
           (before == 0 && model->status == 'T' && !model->skips && !model_has_open_portal(model)));
}

static void tell(struct world *world, uint8_t which)
{
    static const enum session_event events[] = {
        SESSION_CANCEL,      SESSION_BLOCKERS,  SESSION_SHUTDOWN, SESSION_CLIENT_LOST,
        SESSION_UNREACHABLE, SESSION_CONNECTED, SESSION_KILL};
    if (which >= 128) {
        yield(world);
    } else if (which >= 100) {
        answer_aside(world, which % 2 == 0);
    } else if (which % 9 < 7) {
        shell_tell(&world->shell, events[which % 9], span_text("text"));
    } else {
        shell_end(&world->shell, which % 9 == 7 ? SIDE_CLIENT : SIDE_SERVER);
    }
}

static void set_ledger(struct world *world, uint8_t how)
{
    if (how % 4 == 3) {
        if (world->shell.ledger_due) {
            shell_tell(&world->shell, SESSION_LEDGER_DURABLE, span_of(NULL, 0));
        }
        return;
    }
    world->shell.ledger = (enum shell_ledger)(how % 4);
    world->ledger_failed = world->ledger_failed || how % 4 == LEDGER_FAILS;
}

/* One step; returns how many bytes of the input it took. */
static size_t step(struct world *world, struct span in)
{
    uint8_t argument = in.length > 1 ? in.at[1] : 0;
    struct span raw = span_cut(in, 2, argument);
    struct buffer out = {0};
    switch (in.at[0] % 8) {
    case 0:
        world->raw = true;
        from_client(world, raw);
        return 2 + raw.length;
    case 1:
        world->raw = true;
        from_server(world, raw);
        return 2 + raw.length;
    case 2:
    case 3: /* the same twice: most of what a client does is this */
        session_client_say(argument, &out);
        world->asked += out.at[0] == CLIENT_QUERY || out.at[0] == CLIENT_SYNC ? 1 : 0;
        from_client(world, span_cut(buffer_span(&out), 0, in.at[0] % out.length));
        from_client(world, span_from(buffer_span(&out), in.at[0] % out.length));
        buffer_free(&out);
        break;
    case 4:
        for (unsigned i = 0; i <= in.at[0] / 8; i++) {
            (void)serve(world, argument);
        }
        break;
    case 5:
        tell(world, argument);
        break;
    case 6:
        shell_pass_time(&world->shell, (uint64_t)argument * argument * 1000);
        break;
    case 7:
        set_ledger(world, argument);
        break;
    }
    return 2;
}

/* Everybody does his part until nothing moves any more. */
static void settle(struct world *world)
{
    world->shell.ledger = world->shell.ledger == LEDGER_WAITS ? LEDGER_WORKS : world->shell.ledger;
    bool moves = true;
    for (unsigned round = 0; round < 200 && moves; round++) {
        shell_receive(&world->shell, SIDE_CLIENT, span_of(NULL, 0));
        while (serve(world, 0)) {
        }
        moves = world->shell.deadline_us != 0 || world->asides > 0;
        answer_aside(world, true);
        shell_pass_time(&world->shell, 60000000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    uint8_t flags = data[0];
    struct settings settings = settings_default();
    settings.mode = flags & FLAG_OBSERVES ? MODE_OBSERVE : MODE_ENFORCE;
    settings.profile = flags & FLAG_STRICT ? PROFILE_STRICT : PROFILE_GUARD;
    settings.actions[0] = flags & FLAG_BLOCKS ? ACTION_BLOCK : ACTION_DEFAULT;
    struct session_options options = {.settings = &settings,
                                      .inspect_limit = flags & FLAG_SHORT_LIMIT ? 300 : 4096,
                                      .parse_limit = 1024,
                                      .refuse_without_ledger = (flags & FLAG_UNRECORDED) == 0,
                                      .aside = (flags & FLAG_ASIDE) != 0,
                                      .instance = "fuzz"};
    struct world *world = calloc(1, sizeof *world);
    assert(world != NULL);
    world->model.status = 'I';
    world->to_client.server = world->from_server.server = true;
    shell_start(&world->shell, &options, listen, world);
    if ((flags & FLAG_RAW_STARTUP) == 0) {
        login(world, (flags & FLAG_REPLICATION_LOGIN) != 0);
    }
    struct span in = span_of(data + 1, size - 1);
    for (unsigned steps = 0; in.length > 0 && steps < STEPS_MOST; steps++) {
        in = span_from(in, step(world, in));
    }
    settle(world);
    bool whole = !world->raw && world->login_done && !world->shell.closed && !world->model.ended &&
                 !world->model.copy_in && !world->model.misused;
    if (whole) {
        assert(world->to_client.readies <= world->asked);
        assert(strcmp(session_phase_name(world->shell.session), "streaming") == 0); /* not stuck */
        assert(!world->shell.ends[SIDE_CLIENT] || world->shell.server_finished);
    }
    shell_tell(&world->shell, SESSION_KILL, span_of(NULL, 0));
    for (size_t i = 0; i < world->change_count && !world->ledger_failed; i++) {
        assert(world->changes[i].ended);
    }
    assert(world->shell.broken == NULL);
    shell_stop(&world->shell);
    buffer_free(&world->model.in);
    buffer_free(&world->model.out);
    buffer_free(&world->to_client.header);
    buffer_free(&world->from_client.header);
    buffer_free(&world->from_server.header);
    free(world);
    return 0;
}
