/* scimlet over PostgreSQL 12 or newer (libpq). */

#ifndef SCIMLET_POSTGRES_H
#define SCIMLET_POSTGRES_H

#include "scimlet.h"

#include <libpq-fe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PostgreSQL by connections that a function opens, each used by one thread at a time. What the
 * function returned is closed by scimlet, also if PQstatus says that it is bad; the client encoding
 * is set to UTF-8.
 *
 * With scimlet_on, and as the connection of a scimlet_application, it is a PGconn *. */
scimlet_database scimlet_postgres(PGconn *(*connect)(void *context), void *context);

/* What a result of PQexec and its like says: for an application's function to return when a
 * statement of its own failed. SCIMLET_DONE if it did not fail. The sentence is the first line of
 * PostgreSQL's. The result stays the caller's. */
scimlet_outcome scimlet_postgres_outcome(
    PGconn *connection, const PGresult *result, char sentence[SCIMLET_SENTENCE]);

#ifdef __cplusplus
}
#endif

#endif
