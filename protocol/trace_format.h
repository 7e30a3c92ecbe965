/* The layout of every message as a row of fields, read by both directions of the trace: trace.c
 * turns the bytes of each field into words of a line, trace_parse.c the words into bytes. Private
 * to these two. */
#ifndef PROTOCOL_TRACE_FORMAT_H
#define PROTOCOL_TRACE_FORMAT_H

#include "protocol/trace.h"

/* clang-format off */
enum trace_field {
    /*                   on the wire                          in a line */
    FIELD_END,        /* nothing: the row ends                                         */
    FIELD_CODE,       /* u32: the request code of the row     nothing                  */
    FIELD_VERSION,    /* u32: major << 16 | minor             3.0                      */
    FIELD_U8,         /*                                      0                        */
    FIELD_U16,        /*                                      0                        */
    FIELD_U32,        /*                                      0                        */
    FIELD_CHAR,       /* u8: a visible character              I                        */
    FIELD_TEXT,       /* text NUL                             "text"                   */
    FIELD_REST,       /* bytes to the end                     "bytes"; nothing if none */
    FIELD_VALUE,      /* u32 length, bytes; length -1: NULL   "bytes" or NULL          */
    FIELD_COLUMN,     /* see struct trace_column                                       */
    FIELD_REPORT,     /* u8 text NUL ... 0                    S "ERROR" C "42501"      */
    FIELD_PARAMETERS, /* text NUL text NUL ... NUL            user "alice"             */
    /* Lists: a count and as many items. Those without brackets are the last field. */
    FIELD_U16_LIST,   /* u16 count                            [0 1]                    */
    FIELD_U32_LIST,   /* u16 count                            [23 25]                  */
    FIELD_VALUE_LIST, /* u16 count                            ["bytes" NULL]           */
    FIELD_ROW,        /* u16 count, values                    "bytes" NULL             */
    FIELD_COLUMNS,    /* u16 count                            "name" "name"            */
    FIELD_TEXTS,      /* u32 count                            "text" "text"            */
};
/* clang-format on */

#define TRACE_FIELDS_MOST 6

struct trace_format {
    const char *name;
    uint8_t tag;   /* 0 at start-up */
    uint32_t code; /* FIELD_CODE, 0 when the row has none */
    const enum trace_field *fields;
};

struct trace_list {
    enum trace_field item;
    bool wide;     /* the count has four bytes, not two */
    bool brackets; /* in a line */
};

/* Indexed by the list's field. */
extern const struct trace_list trace_lists[];

/* One column of a RowDescription. In a line it is `"name"` when the rest is as in
 * trace_column_plain, else `["name" table column type size modifier format]`. */
struct trace_column {
    uint32_t table;
    uint16_t column;
    uint32_t type;
    uint16_t size;
    uint32_t modifier;
    uint16_t format;
};

/* What encode_row_description writes: of no table, type text, in text format. */
extern const struct trace_column trace_column_plain;

/* The row for a tag or, at start-up, for a code (a code that is no request is a version). False
 * when there is no such message. */
MUST_USE bool trace_format_find(enum trace_side side, uint8_t tag, uint32_t code,
                                struct trace_format *out);
MUST_USE bool trace_format_named(enum trace_side side, struct span name, struct trace_format *out);

/* Names of messages and parameters that are made of these need no quotes. */
MUST_USE bool trace_is_word(uint8_t byte);

#endif
