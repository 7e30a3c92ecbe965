/* The sentence that tells a person why something could not be done: what was expected, what came,
 * what to do about it. It never decides anything. */
#ifndef PROXY_LEDGER_WHY_H
#define PROXY_LEDGER_WHY_H

/* Sets *why to a malloc'd sentence, which the caller frees; NULL when there is no memory for it.
 * `why` itself may be NULL: nobody asks. What *why held before is not freed. */
void why_set(char **why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
