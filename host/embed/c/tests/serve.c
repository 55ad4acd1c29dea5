/* A server over a database, for tests that are clients over HTTP: `serve DATABASE [--users]`, where
 * DATABASE is `sqlite:PATH` or a URL of PostgreSQL.
 *
 * Its first line says where it listens. For each line that it reads, such as
 * `{"tenant": "t1", "profile": "{…}"}`, it makes a tenant, and prints what a client needs:
 * `{"url": …, "secret": …}`. It ends with its input. */

#include "scimlet-microhttpd.h"
#include "scimlet-postgres.h"
#include "scimlet-sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE "/scim/v2"
#define SQLITE "sqlite:"

static sqlite3 *connect_sqlite(void *path) {
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static void unsaid(void *context, const char *message) {
    (void)context, (void)message;
}

static PGconn *connect_postgres(void *url) {
    PGconn *db = PQconnectdb(url);
    PQsetNoticeProcessor(db, unsaid, NULL);
    return db;
}

/* Keeps the application's table in step. */
static scimlet_outcome follow_sqlite(
    void *context, void *db, const scimlet_change *change, scimlet_reply *reply) {
    (void)context;
    if (strcmp(change->resource_type, "User") != 0) {
        return SCIMLET_DONE;
    }
    const char *sql = change->after == NULL ? "DELETE FROM users WHERE id = ?1"
                                            : "REPLACE INTO users VALUES (?1, ?2 ->> 'userName',"
                                              " coalesce(?2 ->> 'active', 1)) RETURNING id";
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        return scimlet_sqlite_outcome(db, reply->sentence);
    }
    if (change->product_id != NULL) {
        sqlite3_bind_int64(statement, 1, atoll(change->product_id));
    }
    if (change->after != NULL) {
        sqlite3_bind_text(statement, 2, change->after, -1, SQLITE_STATIC);
    }
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        snprintf(reply->product_id, sizeof reply->product_id, "%s",
            (const char *)sqlite3_column_text(statement, 0));
    }
    scimlet_outcome outcome =
        code == SQLITE_DONE ? SCIMLET_DONE : scimlet_sqlite_outcome(db, reply->sentence);
    sqlite3_finalize(statement);
    return outcome;
}

static scimlet_outcome follow_postgres(
    void *context, void *db, const scimlet_change *change, scimlet_reply *reply) {
    (void)context;
    if (strcmp(change->resource_type, "User") != 0) {
        return SCIMLET_DONE;
    }
    const char *values[] = {change->product_id, change->after};
    const char *sql =
        change->after == NULL
            ? "DELETE FROM users WHERE id = $1::bigint"
            : "INSERT INTO users VALUES (coalesce($1::bigint, nextval('user_ids')),"
              " $2::json ->> 'userName', coalesce(($2::json ->> 'active')::boolean, true))"
              " ON CONFLICT (id) DO UPDATE SET name = excluded.name, active = excluded.active"
              " RETURNING id";
    int count = change->after == NULL ? 1 : 2;
    PGresult *result = PQexecParams(db, sql, count, NULL, values, NULL, NULL, 0);
    scimlet_outcome outcome = scimlet_postgres_outcome(db, result, reply->sentence);
    if (outcome == SCIMLET_DONE && PQntuples(result) > 0) {
        snprintf(reply->product_id, sizeof reply->product_id, "%s", PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return outcome;
}

static void execute_sqlite(char *path, const char *sql) {
    sqlite3 *db = connect_sqlite(path);
    sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
}

static void execute_postgres(char *url, const char *sql) {
    PGconn *db = connect_postgres(url);
    PQclear(PQexec(db, sql));
    PQfinish(db);
}

static scimlet *opened(char *database, bool follows, scimlet_error *error) {
    scimlet_options options = {.application = NULL};
    if (strncmp(database, SQLITE, strlen(SQLITE)) == 0) {
        char *path = database + strlen(SQLITE);
        execute_sqlite(path, "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS users("
                             "id INTEGER PRIMARY KEY, name TEXT UNIQUE, active INTEGER)");
        options.application = follows ? follow_sqlite : NULL;
        return scimlet_open(scimlet_sqlite(connect_sqlite, path), &options, error);
    }
    if (follows) {
        execute_postgres(database,
            "CREATE SEQUENCE IF NOT EXISTS user_ids; CREATE TABLE IF NOT EXISTS users("
            "id BIGINT PRIMARY KEY, name TEXT, active BOOLEAN)");
    }
    options.application = follows ? follow_postgres : NULL;
    return scimlet_open(scimlet_postgres(connect_postgres, database), &options, error);
}

/* The mount of each tenant: `/TENANT/scim/v2`. A request finds its own by the tenant's name. */
typedef struct mounted {
    scimlet_microhttpd server;
    char at[96], tenant[64];
    struct mounted *next;
} mounted;

static _Atomic(mounted *) mounts;

static enum MHD_Result none(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *length, void **state) {
    (void)context, (void)url, (void)method, (void)version, (void)data, (void)length, (void)state;
    struct MHD_Response *empty = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, empty);
    MHD_destroy_response(empty);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *length, void **state) {
    for (mounted *mount = mounts; mount != NULL; mount = mount->next) {
        if (scimlet_is_below(&mount->server.mount, url)) {
            return scimlet_microhttpd_answer(
                &mount->server, connection, url, method, version, data, length, state);
        }
    }
    return none(context, connection, url, method, version, data, length, state);
}

static bool made(scimlet *scim, const char *name, const char *profile, scimlet_error *error) {
    if (scimlet_create_tenant(scim, name, error)) {
        return scimlet_configure(scim, name, profile, error);
    }
    return error->code == SCIMLET_OK;
}

/* Makes a tenant, and says how a client reaches it. */
static bool tenant(scimlet *scim, const char *root, const char *line, scimlet_error *error) {
    json_t *asked = json_loads(line, 0, NULL);
    const char *name = json_string_value(json_object_get(asked, "tenant"));
    const char *profile = json_string_value(json_object_get(asked, "profile"));
    char *secret = NULL;
    if (name != NULL && profile != NULL && made(scim, name, profile, error)) {
        mounted *mount = calloc(1, sizeof *mount);
        snprintf(mount->tenant, sizeof mount->tenant, "%s", name);
        snprintf(mount->at, sizeof mount->at, "/%s" BASE, mount->tenant);
        mount->server.mount =
            (scimlet_mount){.scim = scim, .at = mount->at, .tenant = mount->tenant};
        mount->next = mounts;
        mounts = mount;
        secret = scimlet_issue_credential(scim, name, "test", error);
    }
    if (secret != NULL) {
        printf("{\"url\": \"%s/%s" BASE "\", \"secret\": \"%s\"}\n", root, name, secret);
    }
    json_decref(asked);
    free(secret);
    return secret != NULL;
}

static void serve(scimlet *scim, scimlet_error *error) {
    scimlet_microhttpd nothing = {.other = NULL};
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL,
            NULL, answer, NULL, MHD_OPTION_URI_LOG_CALLBACK, scimlet_microhttpd_uri, NULL,
            MHD_OPTION_NOTIFY_COMPLETED, scimlet_microhttpd_completed, &nothing, MHD_OPTION_END);
    if (daemon == NULL) {
        snprintf(error->text, sizeof error->text, "no port");
        error->code = SCIMLET_NOT_STARTED;
        return;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    char root[64], *line = NULL;
    size_t room = 0;
    snprintf(root, sizeof root, "http://127.0.0.1:%d", info->port);
    printf("listening on %s\n", root);
    fflush(stdout);
    while (getline(&line, &room, stdin) > 0) {
        if (!tenant(scim, root, line, error)) {
            break;
        }
        fflush(stdout);
    }
    free(line);
    MHD_stop_daemon(daemon);
    for (mounted *mount = mounts, *next; mount != NULL; mount = next) {
        next = mount->next;
        free(mount);
    }
}

int main(int count, char **arguments) {
    if (count < 2 || (count > 2 && strcmp(arguments[2], "--users") != 0)) {
        fprintf(stderr, "usage: serve sqlite:PATH|postgres://… [--users]\n");
        return 2;
    }
    scimlet_error error;
    scimlet *scim = opened(arguments[1], count > 2, &error);
    if (scim != NULL && scimlet_migrate(scim, &error)) {
        serve(scim, &error);
    }
    scimlet_close(scim);
    if (error.code != SCIMLET_OK) {
        fprintf(stderr, "%s\n", error.text);
    }
    return error.code == SCIMLET_OK ? 0 : 1;
}
