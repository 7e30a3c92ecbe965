/* Start-up packets: any body is one of the kinds, and what was understood of it encodes to the same
 * packet. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/frame.h"
#include "protocol/startup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The list of parameters is its pairs, one behind the other, and each is found by its name. */
static void check_parameters(struct span parameters)
{
    size_t at = 0, before = 0;
    struct span name, value;
    while (startup_parameter(parameters, &at, &name, &value)) {
        assert(at == before + name.length + value.length + 2);
        assert(name.at == parameters.at + before);
        assert(value.at == name.at + name.length + 1);
        assert(startup_parameter_named(parameters, (const char *)name.at).at >= value.at);
        before = at;
    }
    assert(at == parameters.length);
}

static void encode(struct buffer *out, const struct startup *startup)
{
    switch (startup->kind) {
    case STARTUP_MESSAGE:
        check_parameters(startup->parameters);
        startup_encode(out, startup->version, startup->parameters);
        break;
    case STARTUP_SSL:
        startup_encode_ssl(out);
        break;
    case STARTUP_GSSENC:
        startup_encode_gssenc(out);
        break;
    case STARTUP_CANCEL:
        startup_encode_cancel(out, startup->pid, startup->key);
        break;
    case STARTUP_VERSION:
        assert(startup->version >> 16 != 3);
        break;
    case STARTUP_BAD:
        assert(startup->reason != NULL);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span body = span_of(data, size);
    struct startup startup = startup_decode(body);
    struct buffer out = {0};
    encode(&out, &startup);
    assert(out.length == 0 || span_equal(span_from(buffer_span(&out), 4), body));
    buffer_free(&out);
    return 0;
}
