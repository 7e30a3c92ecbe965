/* The tables of the journal, their version, and the check that a file is one that we understand.
 * Writer and readers both begin here. */
#ifndef PROXY_LEDGER_SCHEMA_H
#define PROXY_LEDGER_SCHEMA_H

#include <sqlite3.h>

#include "protocol/span.h"

/* Raised whenever an older program could misread the file; schema.c then learns how to migrate. */
#define SCHEMA_VERSION 1

/* For how long a statement waits for another process's lock: within it any reader's recovery of the
 * WAL ends, and a person's forgotten BEGIN IMMEDIATE does not stop the proxy for good. */
#define SCHEMA_BUSY_MS 1000

/* Whether the file is a journal of this version. False: *why (malloc'd, the caller frees). */
MUST_USE bool schema_check(sqlite3 *db, const char *path, char **why);
/* As schema_check, but makes an empty file a journal first, with an instance id of its own. */
MUST_USE bool schema_prepare(sqlite3 *db, const char *path, char **why);
/* Sets *why to "cannot DOING the ledger PATH: SQLite's reason". */
void schema_why(sqlite3 *db, const char *doing, const char *path, char **why);

#endif
