/* What tests share: checks, databases of both kinds, a tenant, and requests as Okta sends them. */

#ifndef SUPPORT_H
#define SUPPORT_H

#include "scimlet-http.h"
#include "scimlet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the test where something does not hold. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* Runs a test, and says so. */
#define RUN(call)                                                                                  \
    do {                                                                                           \
        printf("  %s\n", #call);                                                                   \
        fflush(stdout);                                                                            \
        call;                                                                                      \
    } while (0)

#define USER_SCHEMA "urn:ietf:params:scim:schemas:core:2.0:User"
#define GROUP_SCHEMA "urn:ietf:params:scim:schemas:core:2.0:Group"
#define PATCH_SCHEMA "urn:ietf:params:scim:api:messages:2.0:PatchOp"

/* The database at `sqlite:PATH` or a URL of PostgreSQL, which has to stay. */
scimlet_database database_at(const char *url);

/* The URL of an empty database: a new file, or the one of SCIMLET_POSTGRES emptied. */
const char *empty_sqlite(void);
const char *empty_postgres(void);

/* Runs a statement outside scimlet, which has to succeed, and returns the first column of the first
 * row as an integer, or 0. */
int64_t executed(const char *url, const char *sql);
/* The same on a connection. */
int64_t executed_on(const scimlet_database *database, void *connection, const char *sql);

/* Opens scimlet and makes the tables and the tenant `acme`, with this hook. */
scimlet *prepared(scimlet_database database, const scimlet_options *options);

/* An answer; the body is to be freed. */
typedef struct answer {
    int status;
    json_t *body;
} answer;

/* Asks as a client whom the application vouches for. `document` is JSON, or NULL. */
answer ask(scimlet *scim, const char *method, const char *path, const char *document);
/* The status of an answer alone. */
int status_of(scimlet *scim, const char *method, const char *path, const char *document);
/* How many resources there are at this endpoint. */
int64_t total(scimlet *scim, const char *path);

/* Keeps a table `own(id, name)` in step: the hook of most tests. Its context is the database. */
scimlet_outcome keep(
    void *database, void *connection, const scimlet_change *change, scimlet_reply *reply);
/* Makes that table. */
void make_own(const char *url);

#endif
