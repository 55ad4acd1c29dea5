/* SCIM 2.0 provisioning (RFC 7643, RFC 7644) inside an application, over its own database.
 *
 * An application gives a database (scimlet-sqlite.h, scimlet-postgres.h, or four functions of its
 * own) and, if it wants, a function that hears of each change in the change's transaction. It hands
 * over HTTP requests with scimlet-http.h, or scimlet-microhttpd.h.
 *
 * Texts are UTF-8 and end with a zero. JSON values are those of jansson; whoever gets one owns the
 * reference and ends it with json_decref. Where memory runs out the process ends, as wasmtime ends
 * it too. */

#ifndef SCIMLET_H
#define SCIMLET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCIMLET_VERSION "0.1.0"

/* The most bytes of a sentence, with its zero. Longer ones are cut. */
#define SCIMLET_SENTENCE 512

/* ---- Errors ---- */

typedef enum scimlet_code {
    SCIMLET_OK = 0,
    /* Nothing has this id, or there is no tenant of this name. */
    SCIMLET_NOT_FOUND,
    /* It was changed meanwhile: read it and try again. */
    SCIMLET_STALE,
    /* An argument is wrong; the text says which and why. */
    SCIMLET_INVALID,
    /* The arguments are right, but the tenant's state does not allow the call. */
    SCIMLET_REFUSED,
    /* The database failed. Where it failed during a commit, whether that happened is unknown. */
    SCIMLET_UNAVAILABLE,
    /* The tables are of a newer version of scimlet, or are not scimlet's. */
    SCIMLET_UNSUITABLE,
    /* A call ended without an answer: it took too much memory or time, or scimlet has a bug. What
     * it had committed stands; the next call gets a fresh instance. */
    SCIMLET_FAULT,
    /* scimlet could not be started on this machine. */
    SCIMLET_NOT_STARTED
} scimlet_code;

/* What went wrong: SCIMLET_OK after what succeeded. The text is for the operator's log, not for
 * clients. Where a function takes one, it has to be there. */
typedef struct scimlet_error {
    scimlet_code code;
    char text[SCIMLET_SENTENCE];
} scimlet_error;

/* ---- A database ---- */

typedef enum scimlet_dialect {
    SCIMLET_SQLITE,  /* SQLite 3.38 or newer. */
    SCIMLET_POSTGRES /* PostgreSQL 12 or newer. */
} scimlet_dialect;

typedef enum scimlet_kind {
    SCIMLET_NULL,
    SCIMLET_INTEGER,
    SCIMLET_REAL,
    SCIMLET_TEXT,
    SCIMLET_BLOB,
    SCIMLET_BOOLEAN
} scimlet_kind;

/* A value of a parameter or of a column. */
typedef struct scimlet_value {
    scimlet_kind kind;
    union {
        int64_t integer;
        double real;
        bool boolean;
        /* Of SCIMLET_TEXT and SCIMLET_BLOB; without a zero at the end. */
        struct {
            const char *data;
            size_t length;
        } bytes;
    } of;
} scimlet_value;

/* One statement of SQL. Its parameters are `?` in SQLite and `$1`, `$2` … in PostgreSQL, each used
 * once and in their order. */
typedef struct scimlet_statement {
    const char *text;
    const scimlet_value *parameters;
    size_t count;
} scimlet_statement;

/* Where a driver puts the rows of a statement: for each row scimlet_rows_begin with the number of
 * its columns, then scimlet_rows_add for each column. The bytes of a value are copied. */
typedef struct scimlet_rows scimlet_rows;
void scimlet_rows_begin(scimlet_rows *rows, size_t columns);
void scimlet_rows_add(scimlet_rows *rows, scimlet_value value);

/* What became of a statement, or of an application's part of a change. */
typedef enum scimlet_outcome {
    SCIMLET_DONE = 0,
    /* Nothing happened, and running it again does not help. */
    SCIMLET_FAILED,
    /* Two transactions were in each other's way: the whole transaction may be run again. */
    SCIMLET_AGAIN,
    /* The connection broke: what was sent may have happened. Only of drivers. */
    SCIMLET_LOST,
    /* Only of applications: the client gets 400 with the sentence, and nothing happens. */
    SCIMLET_INVALID_CHANGE,
    /* Only of applications: the client gets 403 with the sentence, and nothing happens. */
    SCIMLET_FORBIDDEN_CHANGE
} scimlet_outcome;

/* A way to connections. scimlet begins and ends transactions by statements, so that a driver only
 * carries texts to the database. Several threads call these functions at once, each with a
 * connection of its own. */
typedef struct scimlet_database {
    scimlet_dialect dialect;
    /* The first argument of each function. */
    void *context;
    /* Returns a connection that nobody else uses and that is in no transaction; NULL and a sentence
     * if there is none. */
    void *(*acquire)(void *context, char sentence[SCIMLET_SENTENCE]);
    /* Takes back a connection; one that is not usable has to be closed. */
    void (*release)(void *context, void *connection, bool usable);
    /* Whether a transaction is open on the connection. */
    bool (*in_transaction)(void *context, void *connection);
    /* Executes a statement, also BEGIN, COMMIT and their like; a sentence says what went wrong,
     * without the values of parameters. */
    scimlet_outcome (*execute)(void *context, void *connection, const scimlet_statement *statement,
        scimlet_rows *rows, char sentence[SCIMLET_SENTENCE]);
    /* Called by scimlet_close. May be NULL. */
    void (*close)(void *context);
} scimlet_database;

/* ---- The application ---- */

/* A change that is about to happen to a resource. Documents have the product's view, without
 * members and groups. All of it is scimlet's, and ends with the call. */
typedef struct scimlet_change {
    /* Such as "User". */
    const char *resource_type;
    /* The id that clients know. */
    const char *id;
    /* The application's own id of it; NULL if it has given none. */
    const char *product_id;
    /* created, linked, updated, deactivated, reactivated, removed or erased. */
    const char *step;
    /* The documents before and after, as JSON text: NULL for a new one, or where nothing remains.
     */
    const char *before;
    const char *after;
    /* The paths of the attributes that differ: an array of strings. */
    const json_t *attributes;
    /* The members that a group gains and loses: arrays of {"resource-type", "id", "product-id"}. */
    const json_t *members_added;
    const json_t *members_removed;
    /* The instructions of the profile, as `effect` in wit/application.wit. */
    const json_t *effects;
} scimlet_change;

/* What an application says to a change, beside the outcome. */
typedef struct scimlet_reply {
    /* The application's own id of the resource, of 1 to 200 bytes; empty to leave it as it is. */
    char product_id[256];
    /* Why a change is refused, for the client; of a failure, for the operator. */
    char sentence[SCIMLET_SENTENCE];
} scimlet_reply;

/* Hears of each change of a commit, with the connection that it happens on. What it does there
 * happens if the commit does. It must not end the transaction, and may be called again for a change
 * that is tried again. Not called for what the application itself changes, but for an erasure. */
typedef scimlet_outcome (*scimlet_application)(
    void *context, void *connection, const scimlet_change *change, scimlet_reply *reply);

/* ---- scimlet ---- */

typedef enum scimlet_level {
    SCIMLET_DEBUG,
    SCIMLET_INFO,
    SCIMLET_WARNING,
    SCIMLET_ERROR
} scimlet_level;

/* All may be left out. */
typedef struct scimlet_options {
    scimlet_application application;
    void *application_context;
    /* Gets what an operator may want to know. Without it warnings and errors go to stderr. */
    void (*log)(void *context, scimlet_level level, const char *tenant, const char *topic,
        const char *text);
    void *log_context;
    /* So many idle instances are kept, of all tenants together; 32 if 0. Each has some MiB. */
    size_t idle_instances;
} scimlet_options;

/* SCIM over a database. Any number of threads may use one. A process may fork after it was opened;
 * where it compiled code or has run a call, only if no other thread uses it just then. */
typedef struct scimlet scimlet;

/* Opens one, which owns the database from now on, also if it fails. `options` may be NULL. Returns
 * NULL and an error if wasmtime does not start. */
scimlet *scimlet_open(
    scimlet_database database, const scimlet_options *options, scimlet_error *error);

/* The same over one connection of the application's: where that is in a transaction, what is done
 * here becomes part of it by a savepoint, and is the application's to commit. Without a transaction
 * each change is committed at once. The application's function is not called but for an erasure.
 * Close it before `scim`; the connection stays open. */
scimlet *scimlet_on(scimlet *scim, void *connection);

/* Ends one, when no call runs any more. NULL is none. */
void scimlet_close(scimlet *scim);

/* Calls a function of provider, admin, directory or tables, named as in wit/: `tables.migrate`,
 * `admin.issue-credential`. `format` and what follows are json_pack's, of an object with the
 * function's parameters by their names, in the JSON of wit/module.md; NULL if it has none. What is
 * an `option` may be left out. Numbers of 64 bits are numbers. A tenant's name is given for all but
 * `tables.migrate` and the functions of `tables` that name or list tenants, which take "".
 *
 * Returns what the function returned: of admin, directory and tables the `ok` of a result, null
 * where it has no value. Returns NULL and an error if it failed. */
json_t *scimlet_call(scimlet *scim, const char *tenant, const char *function, scimlet_error *error,
    const char *format, ...);

/* As scimlet_call, with the arguments as one object, which it takes over. */
json_t *scimlet_call_json(scimlet *scim, const char *tenant, const char *function,
    json_t *arguments, scimlet_error *error);

/* As scimlet_call, for functions whose value does not matter: whether it succeeded. */
bool scimlet_do(scimlet *scim, const char *tenant, const char *function, scimlet_error *error,
    const char *format, ...);

/* Makes the tables, or brings older ones up to date. Of many processes one does it. */
bool scimlet_migrate(scimlet *scim, scimlet_error *error);

/* Makes a tenant. Returns false with the code SCIMLET_OK if there is one of this name. */
bool scimlet_create_tenant(scimlet *scim, const char *tenant, scimlet_error *error);

/* Sets the tenant's profile, such as {"extends":"okta"}. The first call sets up the tenant. */
bool scimlet_configure(
    scimlet *scim, const char *tenant, const char *profile, scimlet_error *error);

/* Issues a bearer credential that may do everything but read events. Returns its secret, which
 * cannot be read again and which the caller frees; NULL and an error if it failed. */
char *scimlet_issue_credential(
    scimlet *scim, const char *tenant, const char *label, scimlet_error *error);

/* ---- For tests of databases ---- */

/* Opens the contract of stores over a database for tests: whether it and its driver carry
 * statements and transactions as scimlet needs them. `wasm` is scimlet-contract-sql.wasm, of a
 * release of this version. Call `contract.cases` for the names of all cases, and for each one
 * `contract.run` with {"cases": [NAME]} for an array of sentences, one for each rule that is
 * broken. The tenant "scimlet-contract" is good: the cases make tenants whose names begin so, and
 * remove them. Owns the database and ends as scimlet_open does. */
scimlet *scimlet_open_contract(
    scimlet_database database, const void *wasm, size_t length, scimlet_error *error);

#ifdef __cplusplus
}
#endif

#endif
