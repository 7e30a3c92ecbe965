/* Formats the sentences of why.h. It never reports a failure of its own: no memory gives no text.
 */
#include "proxy/ledger/why.h"

#include <stdarg.h>
#include <stdio.h>

void why_set(char **why, const char *format, ...)
{
    if (why == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(why, format, arguments) < 0) {
        *why = NULL; /* vasprintf leaves it undefined */
    }
    va_end(arguments);
}
