/* The proxy as a process: everything is opened, the workers run, signals end it. */
#ifndef PROXY_NET_PROCESS_H
#define PROXY_NET_PROCESS_H

#include "config/config.h"

/* Runs until a signal ends it. Prints "listening on ADDRESS" to stdout for each address once
 * clients can connect, and logs to stderr. False: it could not start, or sessions had to
 * be cut off; stderr says which.
 *
 * SIGTERM and SIGINT: no more clients; idle sessions end, the others when their transaction does,
 * or after config->shutdown_ms. The second one: all end at once. SIGHUP is logged and nothing else:
 * the configuration is read at start-up only. */
MUST_USE bool process_run(const struct config *config);

#endif
