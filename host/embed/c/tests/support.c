#include "support.h"

#include "scimlet-postgres.h"
#include "scimlet-sqlite.h"

#include "rows.h"

#include <unistd.h>

#define SQLITE "sqlite:"

static sqlite3 *connect_sqlite(void *path) {
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, 5000);
    /* Nothing here survives a power cut. */
    sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
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

static bool is_sqlite(const char *url) {
    return strncmp(url, SQLITE, strlen(SQLITE)) == 0;
}

scimlet_database database_at(const char *url) {
    return is_sqlite(url) ? scimlet_sqlite(connect_sqlite, (void *)(url + strlen(SQLITE)))
                          : scimlet_postgres(connect_postgres, (void *)url);
}

static char folder[] = "/tmp/scimlet-test-XXXXXX";

static void remove_folder(void) {
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) {
        fprintf(stderr, "%s stays\n", folder);
    }
}

const char *empty_sqlite(void) {
    static char url[96];
    static int made;
    if (made++ == 0) {
        CHECK(mkdtemp(folder) != NULL);
        atexit(remove_folder);
    }
    snprintf(url, sizeof url, SQLITE "%s/%d.db", folder, made);
    executed(url, "PRAGMA journal_mode = WAL");
    return url;
}

const char *empty_postgres(void) {
    const char *url = getenv("SCIMLET_POSTGRES");
    if (url != NULL) {
        executed(url, "DROP SCHEMA public CASCADE");
        executed(url, "CREATE SCHEMA public");
    }
    return url;
}

int64_t executed_on(const scimlet_database *database, void *connection, const char *sql) {
    scimlet_rows rows = {0};
    char sentence[SCIMLET_SENTENCE] = "";
    scimlet_statement statement = {.text = sql};
    scimlet_outcome outcome =
        database->execute(database->context, connection, &statement, &rows, sentence);
    if (outcome != SCIMLET_DONE) {
        fprintf(stderr, "%s: %s\n", sql, sentence);
        exit(1);
    }
    int64_t found = 0;
    if (rows.count > 0 &&
        name_is(&rows.rows[0].of.list.data[0].of.variant.discriminant, "integer")) {
        found = rows.rows[0].of.list.data[0].of.variant.val->of.s64;
    }
    rows_dropped(&rows);
    return found;
}

int64_t executed(const char *url, const char *sql) {
    scimlet_database database = database_at(url);
    char sentence[SCIMLET_SENTENCE];
    void *connection = database.acquire(database.context, sentence);
    CHECK(connection != NULL);
    int64_t found = executed_on(&database, connection, sql);
    database.release(database.context, connection, true);
    database.close(database.context);
    return found;
}

void make_own(const char *url) {
    executed(url, is_sqlite(url) ? "CREATE TABLE own(id INTEGER PRIMARY KEY, name TEXT)"
                                 : "CREATE TABLE own(id BIGSERIAL PRIMARY KEY, name TEXT)");
}

scimlet *prepared(scimlet_database database, const scimlet_options *options) {
    scimlet_error error;
    scimlet *scim = scimlet_open(database, options, &error);
    bool good = scim != NULL && scimlet_migrate(scim, &error);
    if (good && scimlet_create_tenant(scim, "acme", &error)) {
        good = scimlet_configure(scim, "acme", "{\"extends\":\"okta\"}", &error);
    }
    if (!good || error.code != SCIMLET_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    return scim;
}

answer ask(scimlet *scim, const char *method, const char *path, const char *document) {
    scimlet_error error;
    json_t *response = scimlet_call(scim, "acme", "provider.handle", &error,
        "{s:{s:s, s:s, s:{s:{s:s}}}, s:{s:s, s:s, s:s, s:[[ss]], s:s}}", "origin", "tenant", "acme",
        "base-url", "https://scim.example.com", "caller", "client", "name", "okta", "request",
        "method", method, "path", path, "query", "", "headers", "content-type",
        "application/scim+json", "body", document != NULL ? document : "");
    if (response == NULL) {
        return (answer){.status = -(int)error.code};
    }
    answer found = {.status = (int)json_integer_value(json_object_get(response, "status")),
        .body = json_loads(json_string_value(json_object_get(response, "body")), 0, NULL)};
    json_decref(response);
    return found;
}

int status_of(scimlet *scim, const char *method, const char *path, const char *document) {
    answer found = ask(scim, method, path, document);
    json_decref(found.body);
    return found.status;
}

int64_t total(scimlet *scim, const char *path) {
    answer found = ask(scim, "GET", path, NULL);
    CHECK(found.status == 200);
    int64_t count = json_integer_value(json_object_get(found.body, "totalResults"));
    json_decref(found.body);
    return count;
}

scimlet_outcome keep(
    void *context, void *connection, const scimlet_change *change, scimlet_reply *reply) {
    const scimlet_database *database = context;
    json_t *document = json_loads(change->after != NULL ? change->after : change->before, 0, NULL);
    json_t *name = json_object_get(document, "userName");
    name = name != NULL ? name : json_object_get(document, "displayName");
    scimlet_value text = {.kind = SCIMLET_TEXT};
    text.of.bytes.data = json_string_value(name);
    text.of.bytes.length = json_string_length(name);
    scimlet_rows rows = {0};
    bool sqlite = database->dialect == SCIMLET_SQLITE;
    scimlet_statement statement = {.text = sqlite
                                               ? "INSERT INTO own(name) VALUES (?) RETURNING id"
                                               : "INSERT INTO own(name) VALUES ($1) RETURNING id",
        .parameters = &text,
        .count = 1};
    scimlet_outcome outcome =
        database->execute(database->context, connection, &statement, &rows, reply->sentence);
    if (outcome == SCIMLET_DONE) {
        int64_t id = rows.rows[0].of.list.data[0].of.variant.val->of.s64;
        snprintf(reply->product_id, sizeof reply->product_id, "%lld", (long long)id);
    }
    rows_dropped(&rows);
    json_decref(document);
    return outcome;
}
