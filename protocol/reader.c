/* The bounded cursor. The one place in which the bounds of a message body are checked; it never
 * looks at a byte outside the span it was given, and never moves again once it is bad. */
#include "protocol/reader.h"

struct span reader_bytes(struct reader *reader, size_t length)
{
    if (reader->bad || length > reader->rest.length) {
        reader->bad = true;
        return (struct span){0};
    }
    struct span bytes = span_of(reader->rest.at, length);
    reader->rest = span_from(reader->rest, length);
    return bytes;
}

uint8_t reader_u8(struct reader *reader)
{
    struct span bytes = reader_bytes(reader, 1);
    return reader->bad ? 0 : bytes.at[0];
}

uint16_t reader_u16(struct reader *reader)
{
    struct span bytes = reader_bytes(reader, 2);
    if (reader->bad) {
        return 0;
    }
    return (uint16_t)(bytes.at[0] << 8 | bytes.at[1]);
}

uint32_t reader_u32(struct reader *reader)
{
    struct span bytes = reader_bytes(reader, 4);
    if (reader->bad) {
        return 0;
    }
    return (uint32_t)bytes.at[0] << 24 | (uint32_t)bytes.at[1] << 16 | (uint32_t)bytes.at[2] << 8 |
           (uint32_t)bytes.at[3];
}

struct span reader_text(struct reader *reader)
{
    const uint8_t *nul = NULL;
    if (!reader->bad && reader->rest.length > 0) {
        nul = memchr(reader->rest.at, 0, reader->rest.length);
    }
    if (nul == NULL) {
        reader->bad = true;
        return (struct span){0};
    }
    struct span text = reader_bytes(reader, (size_t)(nul - reader->rest.at));
    reader->rest = span_from(reader->rest, 1);
    return text;
}

bool reader_finish(const struct reader *reader)
{
    return !reader->bad && reader->rest.length == 0;
}
