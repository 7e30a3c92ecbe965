/* What a session wants done: memory that is kept from call to call. */
#include "proxy/session/session_state.h"

#include <stdarg.h>
#include <stdio.h>

void effects_reset(struct effects *effects)
{
    buffer_reset(&effects->ledger);
    buffer_reset(&effects->to_server);
    buffer_reset(&effects->to_client);
    buffer_reset(&effects->log);
    effects->ledger_wait = false;
    effects->forward = 0;
    effects->consumed = 0;
    effects->requests = 0;
    effects->deadline_us = 0;
    effects->offer_client = false;
    effects->offer_server = false;
}

void effects_free(struct effects *effects)
{
    buffer_free(&effects->ledger);
    buffer_free(&effects->to_server);
    buffer_free(&effects->to_client);
    buffer_free(&effects->log);
}

void session_log(struct effects *effects, const char *level, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    for (char *c = line; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') { /* a peer's text must not forge a line of the log */
            *c = ' ';
        }
    }
    buffer_append_format(&effects->log, "%s %s\n", level, line);
}
