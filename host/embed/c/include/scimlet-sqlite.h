/* scimlet over SQLite 3.38 or newer (libsqlite3). */

#ifndef SCIMLET_SQLITE_H
#define SCIMLET_SQLITE_H

#include "scimlet.h"

#include <sqlite3.h>

#ifdef __cplusplus
extern "C" {
#endif

/* SQLite by connections that a function opens, each used by one thread at a time. The function
 * returns NULL if it cannot open one; what it opened is closed by scimlet. It should set a busy
 * timeout (sqlite3_busy_timeout), so that writers wait for each other.
 *
 * With scimlet_on, and as the connection of a scimlet_application, it is a sqlite3 *. */
scimlet_database scimlet_sqlite(sqlite3 *(*connect)(void *context), void *context);

/* What the last call on the connection says: for an application's function to return when a
 * statement of its own failed. SCIMLET_AGAIN if it was in another transaction's way, and
 * SCIMLET_FAILED otherwise; the sentence is SQLite's. */
scimlet_outcome scimlet_sqlite_outcome(sqlite3 *connection, char sentence[SCIMLET_SENTENCE]);

#ifdef __cplusplus
}
#endif

#endif
