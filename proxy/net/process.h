/* The proxy as a process: everything is opened, the workers run, signals end it. */
#ifndef PROXY_NET_PROCESS_H
#define PROXY_NET_PROCESS_H

#include "config/config.h"

/* Runs until a signal ends it. Prints "listening on ADDRESS" to stdout for each address once
 * clients can connect, and logs to stderr. True: ended in order. False: it could not start (stderr
 * says why), or sessions had to be cut off.
 *
 *      SIGTERM, SIGINT    stop listening; idle sessions end, the others when their transaction
 * does, after config->shutdown_ms at the latest; the second one: at once SIGHUP             logged
 * only: the configuration is read at start-up */
MUST_USE bool process_run(const struct config *config);

#endif
