/* The override in the statement. A comment before or inside a statement allows rules for this one
 * statement, where everybody who reads it sees which and why:
 *
 *      slash-star ddlguard:allow RULE, RULE reason="…" star-slash   (or behind two dashes)
 *
 * It counts only for the roles that the configuration names. What cannot be honoured is no error:
 * the rules then do what they do without it, and the client is told why. */
#ifndef POLICY_COMMENT_H
#define POLICY_COMMENT_H

#include "policy/settings.h"

/* Why a comment was not honoured, as the end of a sentence. */
#define COMMENT_FAULTS(X)                                                                          \
    X(NONE, "")                                                                                    \
    X(ROLE, "comment_overrides in ddlguard's configuration does not name this role")               \
    X(FORM, "it is not of the form ddlguard:allow RULE, RULE reason=\"…\"")                        \
    X(RULE, "ddlguard has no rule of the name it gives")                                           \
    X(REASON, "it gives no reason=\"…\"")

enum comment_fault {
#define X(name, text) COMMENT_##name,
    COMMENT_FAULTS(X)
#undef X
};

const char *comment_fault_text(enum comment_fault fault);

/* Lays the comments of a guarded statement over the settings that hold for it. `text`: the whole
 * text that it was cut from; settings->origins borrow from it. Gives the last fault; a comment with
 * one allows nothing, the statement's others do. */
enum comment_fault comment_apply(struct span text, const struct statement *statement,
                                 struct settings *settings);

#endif
