#define _POSIX_C_SOURCE 200809L

#include <scimlet-microhttpd.h>
#include <scimlet-sqlite.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char tables[] =
    "PRAGMA journal_mode = WAL;"
    "CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY, email, given, family, active);"
    "CREATE TABLE IF NOT EXISTS sessions(user_id INTEGER, cookie);";

static sqlite3 *connect_database(void *path) {
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, 5000);
    return db;
}

/* Runs a statement of the application's. The number that it returns, if any, is the product's id.
 */
static scimlet_outcome run(sqlite3 *db, const char *sql, const char *product_id,
    const char *document, scimlet_reply *reply) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        return scimlet_sqlite_outcome(db, reply->sentence);
    }
    if (product_id != NULL) {
        sqlite3_bind_int64(statement, 1, atoll(product_id));
    }
    if (document != NULL) {
        sqlite3_bind_text(statement, 2, document, -1, SQLITE_STATIC);
    }
    scimlet_outcome outcome = SCIMLET_DONE;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        snprintf(reply->product_id, sizeof reply->product_id, "%lld",
            (long long)sqlite3_column_int64(statement, 0));
    }
    if (code != SQLITE_DONE) {
        outcome = scimlet_sqlite_outcome(db, reply->sentence);
    }
    sqlite3_finalize(statement);
    return outcome;
}

/* Called in the transaction of the change, before its commit. */
static scimlet_outcome follow(
    void *context, void *db, const scimlet_change *change, scimlet_reply *reply) {
    (void)context;
    if (strcmp(change->resource_type, "User") != 0) {
        return SCIMLET_DONE;
    }
    const char *id = change->product_id, *step = change->step;
    if (strcmp(step, "deactivated") == 0 || strcmp(step, "removed") == 0 ||
        strcmp(step, "erased") == 0) {
        scimlet_outcome outcome =
            run(db, "DELETE FROM sessions WHERE user_id = ?1", id, NULL, reply);
        if (outcome != SCIMLET_DONE) {
            return outcome;
        }
    }
    if (change->after == NULL) {
        return run(db, "DELETE FROM users WHERE id = ?1", id, NULL, reply);
    }
    return run(db,
        "REPLACE INTO users VALUES (?1, ?2 ->> 'userName', ?2 ->> '$.name.givenName',"
        " ?2 ->> '$.name.familyName', coalesce(?2 ->> 'active', 1)) RETURNING id",
        id, change->after, reply);
}

/* Makes the tenant at the first start. */
static bool prepare(scimlet *scim, scimlet_error *error) {
    if (!scimlet_migrate(scim, error)) {
        return false;
    }
    if (!scimlet_create_tenant(scim, "acme", error)) {
        return error->code == SCIMLET_OK;
    }
    const char *profile = "{\"extends\": \"okta\", \"users\": {\"seats\": 2}}";
    char *secret = scimlet_configure(scim, "acme", profile, error)
                       ? scimlet_issue_credential(scim, "acme", "Okta", error)
                       : NULL;
    if (secret != NULL) {
        printf("secret: %s\n", secret);
    }
    free(secret);
    return error->code == SCIMLET_OK;
}

int main(int count, char **arguments) {
    sqlite3 *db = connect_database("app.db");
    if (db == NULL || sqlite3_exec(db, tables, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "app.db cannot be used\n");
        return 1;
    }
    sqlite3_close(db);

    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* Before there are other threads. */

    scimlet_error error;
    scimlet *scim = scimlet_open(scimlet_sqlite(connect_database, "app.db"),
        &(scimlet_options){.application = follow}, &error);
    if (scim == NULL || !prepare(scim, &error)) {
        fprintf(stderr, "%s\n", error.text);
        scimlet_close(scim);
        return 1;
    }
    scimlet_microhttpd server = {.mount = {.scim = scim, .at = "/scim/v2"}};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD,
        (uint16_t)(count > 1 ? atoi(arguments[1]) : 8000), NULL, NULL, scimlet_microhttpd_answer,
        &server, MHD_OPTION_URI_LOG_CALLBACK, scimlet_microhttpd_uri, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, scimlet_microhttpd_completed, &server, MHD_OPTION_END);
    if (daemon == NULL) {
        fprintf(stderr, "the port is in use\n");
        scimlet_close(scim);
        return 1;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    printf("listening on http://127.0.0.1:%d\n", info->port);
    fflush(stdout);
    int signal;
    sigwait(&ends, &signal);
    MHD_stop_daemon(daemon);
    scimlet_close(scim);
    return 0;
}
