/* The SQLSTATEs that the program itself may send or acts upon, one row each, with the reason. What
 * a server sends is passed on as it came. */
#ifndef PROTOCOL_SQLSTATE_H
#define PROTOCOL_SQLSTATE_H

/* clang-format off */
#define SQLSTATE_SUCCESS               "00000" /* our notices */
#define SQLSTATE_WARNING               "01000" /* our warnings */
#define SQLSTATE_CANNOT_CONNECT        "08001" /* server unreachable: sqlclient_unable_to_establish */
#define SQLSTATE_CONNECTION_FAILURE    "08006" /* the server went away */
#define SQLSTATE_PROTOCOL_VIOLATION    "08P01" /* junk, lengths that lie, unknown message types */
#define SQLSTATE_NOT_SUPPORTED         "0A000" /* another major protocol version */
#define SQLSTATE_NOT_NULL_VIOLATION    "23502"
#define SQLSTATE_UNIQUE_VIOLATION      "23505"
#define SQLSTATE_INVALID_DATABASE      "3D000" /* no upstream for the database asked for */
#define SQLSTATE_IDLE_IN_TRANSACTION   "25P03" /* a transaction with changes was left open */
#define SQLSTATE_DEADLOCK              "40P01" /* retried */
#define SQLSTATE_DUPLICATE_TABLE       "42P07" /* the name is taken: nothing of ours to undo */
#define SQLSTATE_REFUSED               "42501" /* a rule forbids the statement */
#define SQLSTATE_TOO_MANY_CONNECTIONS  "53300"
#define SQLSTATE_TOO_LONG              "54000" /* a statement that cannot be inspected any more */
#define SQLSTATE_LOCK_TIMEOUT          "55P03" /* retried */
#define SQLSTATE_CANCELED              "57014"
#define SQLSTATE_ADMIN_SHUTDOWN        "57P01"
#define SQLSTATE_IO_ERROR              "58030" /* the ledger cannot be written */
/* clang-format on */

#endif
