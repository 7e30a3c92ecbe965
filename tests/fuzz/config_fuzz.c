/* The configuration from any bytes. What loads must print as something that loads as the same; what
 * does not load must be explained. The values' own parsers get the same bytes as one text each. */
#include <assert.h>
#include <stdlib.h>

#include "config/config.h"
#include "config/until.h"
#include "config/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_values(struct span text)
{
    char printed[VALUE_TEXT_BYTES];
    uint32_t ms, again_ms;
    if (value_parse_duration(text, &ms)) {
        value_print_duration(printed, ms);
        assert(value_parse_duration(span_text(printed), &again_ms) && again_ms == ms);
    }
    int64_t bytes, again_bytes;
    if (value_parse_bytes(text, &bytes)) {
        value_print_bytes(printed, bytes);
        assert(value_parse_bytes(span_text(printed), &again_bytes) && again_bytes == bytes);
    }
    uint64_t us, again_us;
    char moment[UNTIL_TEXT_BYTES];
    if (until_parse(text, &us)) {
        until_print(moment, us);
        assert(until_parse(span_text(moment), &again_us) && again_us == us);
    }
    struct value_address address;
    if (value_parse_address(text, &address)) {
        assert(value_is_host(address.host) && (address.port > 0 || !address.folder));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_values(span_of(data, size));
    char *why = NULL;
    struct config *config = config_parse("f", span_of(data, size), &why);
    assert((config == NULL) == (why != NULL));
    free(why);
    if (config == NULL) {
        return 0;
    }
    struct buffer first = {0}, second = {0};
    config_print(config, &first);
    config_free(config);
    config = config_parse("f", buffer_span(&first), &why);
    assert(config != NULL);
    config_print(config, &second);
    assert(span_equal(buffer_span(&first), buffer_span(&second)));
    config_free(config);
    buffer_free(&first);
    buffer_free(&second);
    return 0;
}
