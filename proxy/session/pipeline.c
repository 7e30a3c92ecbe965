/* The account of messages on the wire. See pipeline.h for the picture. */
#include "proxy/session/pipeline.h"

#include <assert.h>

void pipeline_start(struct pipeline *pipeline)
{
    *pipeline = (struct pipeline){.status = STATUS_IDLE};
}

static void owe(struct pipeline *pipeline, bool sync)
{
    if (pipeline->used > 0) {
        size_t last = (size_t)(pipeline->first + pipeline->used - 1) % PIPELINE_RUNS;
        if (pipeline->runs[last].sync == sync) {
            pipeline->runs[last].count++;
            return;
        }
    }
    assert(pipeline->used < PIPELINE_RUNS); /* callers ask pipeline_has_room */
    size_t next = (size_t)(pipeline->first + pipeline->used) % PIPELINE_RUNS;
    pipeline->runs[next].count = 1;
    pipeline->runs[next].sync = sync;
    pipeline->used++;
}

static void drop_first_run(struct pipeline *pipeline)
{
    pipeline->first = (uint8_t)((pipeline->first + 1) % PIPELINE_RUNS);
    pipeline->used--;
}

static void start_batch(struct pipeline *pipeline)
{
    pipeline->sent = 0;
    pipeline->due = 0;
    pipeline->names = 0;
    pipeline->binds = 0;
    pipeline->executed = false;
    pipeline->skip = SKIP_NONE;
    pipeline->batch++;
}

static void send_in_batch(struct pipeline *pipeline)
{
    pipeline->sent++;
    /* In COPY the server takes anything but CopyData for an error and answers that alone. */
    if (pipeline->skip == SKIP_NONE && !pipeline->copy_in) {
        pipeline->due++;
    }
}

void pipeline_client(struct pipeline *pipeline, uint8_t tag, bool unnamed)
{
    switch (tag) {
    case CLIENT_QUERY:
    case CLIENT_FUNCTION_CALL:
        /* A server that skips up to Sync skips these too, and answers nothing. */
        if (pipeline->skip == SKIP_NONE) {
            owe(pipeline, false);
            start_batch(pipeline);
            pipeline->unnamed = UNNAMED_NONE;
        }
        break;
    case CLIENT_SYNC:
        /* In COPY the server reads Sync and Flush and does nothing (manual, "COPY Operations"). */
        if (!pipeline->copy_in) {
            owe(pipeline, true);
            start_batch(pipeline);
        }
        break;
    case CLIENT_EXECUTE:
        pipeline->executed = true;
        if (unnamed && pipeline->skip == SKIP_NONE) {
            pipeline->unnamed = UNNAMED_EXECUTED;
        }
        send_in_batch(pipeline);
        break;
    case CLIENT_BIND:
        pipeline->binds++;
        pipeline->unnamed = unnamed ? UNNAMED_OPEN : pipeline->unnamed;
        send_in_batch(pipeline);
        break;
    case CLIENT_PARSE:
    case CLIENT_CLOSE:
        pipeline->names++;
        send_in_batch(pipeline);
        break;
    case CLIENT_DESCRIBE:
        send_in_batch(pipeline);
        break;
    case CLIENT_COPY_DONE:
    case CLIENT_COPY_FAIL:
        pipeline->copy_in = false;
        break;
    default: /* Flush, CopyData, Terminate: nothing comes back for them */
        break;
    }
}

/* Not all that was executed has come to its end, and perhaps this has not. */
static void doubt_unnamed(struct pipeline *pipeline)
{
    if (pipeline->unnamed == UNNAMED_EXECUTED) {
        pipeline->unnamed = UNNAMED_OPEN;
    }
}

void pipeline_server(struct pipeline *pipeline, uint8_t tag, enum reply_role role)
{
    switch (role) {
    case REPLY_END:
        /* With exchanges owed, this belongs to the first of them and not to the batch. */
        if (pipeline->used == 0 && pipeline->due > 0) {
            pipeline->due--;
        }
        if (tag == SERVER_PORTAL_SUSPENDED) {
            doubt_unnamed(pipeline);
        }
        break;
    case REPLY_ERROR:
        pipeline->failed = true;
        doubt_unnamed(pipeline);
        if (pipeline->copy_in) {
            pipeline->due = 0; /* what was sent behind the COPY went down with it */
        }
        pipeline->copy_in = false;
        if (pipeline->used == 0 && pipeline->sent > 0) {
            pipeline->skip = SKIP_SERVER;
            pipeline->due = 0;
        }
        break;
    case REPLY_COPY_IN:
        /* The Syncs sent behind the Query or Execute that starts a COPY are read in copy mode and
         * vanish. A Query's own ReadyForQuery stays owed. */
        pipeline->copy_in = true;
        if (pipeline->used > 0 && pipeline->runs[pipeline->first].sync) {
            pipeline->used = 0;
            pipeline->sent = 1;
            pipeline->due = 1;
            pipeline->executed = true;
        } else if (pipeline->used > 0) {
            pipeline->used = 1;
        }
        break;
    case REPLY_PART:
    case REPLY_COPY:
    case REPLY_ASYNC:
    case REPLY_LOGIN:
    case REPLY_READY:
        break;
    }
}

void pipeline_ready(struct pipeline *pipeline, enum transaction_status status)
{
    pipeline->status = (uint8_t)status;
    pipeline->failed = false;
    pipeline->copy_in = false;
    if (pipeline->used == 0) {
        return; /* a server that says more than it was asked for; nothing to account */
    }
    if (--pipeline->runs[pipeline->first].count == 0) {
        drop_first_run(pipeline);
    }
}
