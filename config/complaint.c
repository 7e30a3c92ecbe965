/* One way to write a complaint, so that all of them can be read by people and editors alike. */
#include "config/complaint.h"

#include <stdarg.h>
#include <stdio.h>

void complaint_add(struct complaints *complaints, unsigned line, const char *key,
                   const char *format, ...)
{
    if (++complaints->count > COMPLAINTS_MOST) {
        return;
    }
    char message[COMPLAINT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);

    buffer_append_text(&complaints->text, complaints->file);
    if (line > 0) {
        buffer_append_format(&complaints->text, ":%u", line);
    }
    buffer_append_text(&complaints->text, ": ");
    if (key[0] != '\0') {
        buffer_append_format(&complaints->text, "%s: ", key);
    }
    buffer_append_format(&complaints->text, "%s\n", message);
}
