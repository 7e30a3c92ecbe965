/* What the kinds of statements are called and which of them matter to whom. */
#include "policy/statement.h"

const char *statement_kind_name(enum statement_kind kind)
{
    switch (kind) {
#define X(name, text)                                                                              \
    case STATEMENT_##name:                                                                         \
        return text;
        STATEMENT_KINDS(X)
#undef X
    }
    return "";
}

const char *statement_form_name(enum statement_form form)
{
    static const char *const names[] = {
#define X(name, text) text,
        STATEMENT_FORMS(X)
#undef X
    };
    return names[form];
}

const char *alter_kind_name(enum alter_kind kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        ALTER_KINDS(X)
#undef X
    };
    return names[kind];
}

bool statement_is_transaction(enum statement_kind kind)
{
    return kind >= STATEMENT_BEGIN && kind <= STATEMENT_ROLLBACK_PREPARED;
}

bool statement_is_guarded(enum statement_kind kind)
{
    return kind >= STATEMENT_UNPARSED && kind <= STATEMENT_CALL;
}

bool statement_is_recorded(enum statement_kind kind)
{
    return statement_is_guarded(kind) && kind != STATEMENT_LOCK && kind != STATEMENT_VACUUM;
}

bool statement_is_early(const struct statement *statement)
{
    return statement->kind == STATEMENT_LOCK || (statement->flags & FLAG_EARLY) != 0;
}
