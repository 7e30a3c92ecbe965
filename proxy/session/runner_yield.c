/* A concurrent build waits until every transaction with an older snapshot has ended, and a portal
 * keeps its snapshot until it is closed, also behind its last row. Drivers leave the unnamed portal
 * open: a migration tool whose lock is held in one connection's transaction waits for itself when
 * it builds over another. So before a build begins the other sessions are asked to close such ones
 * (runner_between.c): once it waits for a transaction it waits for its end. Measured with 15:
 * CREATE INDEX and REINDEX wait for snapshots; DROP INDEX, DETACH and REFRESH, CONCURRENTLY, do
 * not.
 *
 *      … GATE, CLEAN, GUARD -> YIELD: each has answered, or some time has passed -> the build */
#include "proxy/session/runner_state.h"

#include "proxy/session/session_state.h"

/* An answer takes a round trip to the server. One that does not answer at all must not hold up the
 * build, which can do without: it waits as it would have done anyway. */
#define YIELD_LIMIT_US 1000000u

bool yield_ask(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    bool asked = runner->others_yielded;
    runner->others_yielded = false;
    if (asked) {
        return false;
    }
    runner->state = RUNNER_YIELD;
    runner->deadline_us = session->now_us + YIELD_LIMIT_US;
    effects->requests |= REQUEST_YIELD;
    return true;
}

void yield_end(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    runner->others_yielded = true;
    runner->deadline_us = 0;
    runner_next_step(session, effects);
}

void runner_on_yielded(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (session->phase == PHASE_RUNNING && runner->state == RUNNER_YIELD) {
        yield_end(session, effects);
    } /* else it has not waited that long */
}
