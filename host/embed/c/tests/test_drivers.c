/* The drivers: values there and back, what errors say, and connections that are lent. */

#include "support.h"

#include "kept.h"
#include "rows.h"

#include <sys/wait.h>
#include <unistd.h>

static char sentence[SCIMLET_SENTENCE];

static scimlet_value text(const char *data, size_t length) {
    scimlet_value value = {.kind = SCIMLET_TEXT};
    value.of.bytes.data = data;
    value.of.bytes.length = length;
    return value;
}

static scimlet_value blob(const char *data, size_t length) {
    scimlet_value value = text(data, length);
    value.kind = SCIMLET_BLOB;
    return value;
}

static scimlet_value integer(int64_t number) {
    scimlet_value value = {.kind = SCIMLET_INTEGER, .of.integer = number};
    return value;
}

/* The case of a column, with its payload. */
static const value *column(const scimlet_rows *rows, size_t place, const char *name) {
    const value *found = &rows->rows[0].of.list.data[place];
    CHECK(name_is(&found->of.variant.discriminant, name));
    return found->of.variant.val;
}

static void values_come_back_as_they_went(const char *url) {
    scimlet_database database = database_at(url);
    bool sqlite = database.dialect == SCIMLET_SQLITE;
    void *connection = database.acquire(database.context, sentence);
    CHECK(connection != NULL);
    const char bytes[] = {'\0', '\xff', '\'', '\\'};
    scimlet_value real = {.kind = SCIMLET_REAL, .of.real = 0.1};
    scimlet_value values[] = {integer(INT64_MIN), integer(INT64_MAX), real, text("\xc3\xa4'\\", 4),
        text("", 0), blob(bytes, sizeof bytes), blob("", 0), {.kind = SCIMLET_NULL}};
    scimlet_rows rows = {0};
    scimlet_statement statement = {.text = sqlite ? "SELECT ?, ?, ?, ?, ?, ?, ?, ?, 1 = 1"
                                                  : "SELECT $1::bigint, $2::bigint, $3::float8,"
                                                    " $4::text, $5::text, $6::bytea, $7::bytea,"
                                                    " $8::text, 1 = 1",
        .parameters = values,
        .count = sizeof values / sizeof values[0]};
    CHECK(database.execute(database.context, connection, &statement, &rows, sentence) ==
          SCIMLET_DONE);
    CHECK(rows.count == 1 && rows.wrong == NULL);
    CHECK(column(&rows, 0, "integer")->of.s64 == INT64_MIN);
    CHECK(column(&rows, 1, "integer")->of.s64 == INT64_MAX);
    CHECK(column(&rows, 2, "real")->of.f64 == 0.1);
    CHECK(name_is(&column(&rows, 3, "text")->of.string, "\xc3\xa4'\\"));
    CHECK(column(&rows, 4, "text")->of.string.size == 0);
    const value *there = column(&rows, 5, "blob");
    CHECK(there->of.list.size == sizeof bytes && there->of.list.data[1].of.u8 == 0xff);
    CHECK(column(&rows, 6, "blob")->of.list.size == 0);
    CHECK(column(&rows, 7, "null") == NULL);
    if (sqlite) {
        CHECK(column(&rows, 8, "integer")->of.s64 == 1);
    } else {
        CHECK(column(&rows, 8, "boolean")->of.boolean);
    }
    rows_dropped(&rows);
    database.release(database.context, connection, true);
    database.close(database.context);
}

static scimlet_outcome outcome_of(
    const scimlet_database *database, void *connection, const char *sql) {
    scimlet_rows rows = {0};
    scimlet_statement statement = {.text = sql};
    scimlet_outcome outcome =
        database->execute(database->context, connection, &statement, &rows, sentence);
    CHECK(outcome == SCIMLET_DONE || sentence[0] != '\0');
    if (outcome == SCIMLET_DONE && rows.wrong != NULL) {
        outcome = SCIMLET_FAILED;
    }
    rows_dropped(&rows);
    return outcome;
}

/* One connection has what the other one wants. */
static void being_in_the_way_may_be_repeated(
    const char *url, const char *set, const char *take, const char *want) {
    scimlet_database database = database_at(url);
    void *first = database.acquire(database.context, sentence);
    void *second = database.acquire(database.context, sentence);
    executed_on(&database, second, set);
    CHECK(!database.in_transaction(database.context, first));
    executed_on(&database, first, "BEGIN");
    CHECK(database.in_transaction(database.context, first));
    executed_on(&database, first, take);
    CHECK(outcome_of(&database, second, want) == SCIMLET_AGAIN);
    executed_on(&database, first, "ROLLBACK");
    CHECK(outcome_of(&database, second, "SELECT nothing FROM nowhere") == SCIMLET_FAILED);
    database.release(database.context, first, true);
    database.release(database.context, second, true);
    database.close(database.context);
}

static void a_connection_in_a_transaction_is_not_kept(const char *url) {
    scimlet_database database = database_at(url);
    void *connection = database.acquire(database.context, sentence);
    executed_on(&database, connection, "BEGIN");
    database.release(database.context, connection, true);
    connection = database.acquire(database.context, sentence);
    CHECK(connection != NULL && !database.in_transaction(database.context, connection));
    database.release(database.context, connection, true);
    database.close(database.context);
}

static void a_text_that_is_no_utf8_fails(const char *url) {
    scimlet_database database = database_at(url);
    void *connection = database.acquire(database.context, sentence);
    CHECK(outcome_of(&database, connection, "SELECT CAST(x'ff' AS TEXT)") == SCIMLET_FAILED);
    database.release(database.context, connection, true);
    database.close(database.context);
}

static void a_connection_that_the_server_ends_is_lost(const char *url) {
    scimlet_database database = database_at(url);
    void *connection = database.acquire(database.context, sentence);
    const char *ends = "SELECT pg_terminate_backend(pg_backend_pid())";
    CHECK(outcome_of(&database, connection, ends) == SCIMLET_LOST);
    CHECK(outcome_of(&database, connection, "SELECT 1") == SCIMLET_LOST);
    database.release(database.context, connection, true);
    connection = database.acquire(database.context, sentence);
    CHECK(outcome_of(&database, connection, "SELECT 1") == SCIMLET_DONE);
    database.release(database.context, connection, true);
    database.close(database.context);
}

static void postgresql_stores_no_zero(const char *url) {
    scimlet *scim = prepared(database_at(url), NULL);
    scimlet_error error;
    CHECK(!scimlet_do(scim, "acme", "directory.create-user", &error, "{s:s}", "user",
        "{\"userName\":\"a\\u0000b\"}"));
    CHECK(error.code == SCIMLET_UNAVAILABLE || error.code == SCIMLET_INVALID);
    CHECK(scimlet_do(
        scim, "acme", "directory.create-user", &error, "{s:s}", "user", "{\"userName\":\"a\"}"));
    scimlet_close(scim);
}

static void without_a_server_it_is_unavailable(void) {
    scimlet_database databases[] = {
        database_at("postgres://nobody@%2Fdev%2Fnull/db"), database_at("sqlite:/dev/null/no.db")};
    for (size_t i = 0; i < 2; i++) {
        scimlet_error error;
        scimlet *scim = scimlet_open(databases[i], NULL, &error);
        CHECK(scim != NULL);
        CHECK(!scimlet_migrate(scim, &error) && error.code == SCIMLET_UNAVAILABLE);
        CHECK(error.text[0] != '\0');
        scimlet_close(scim);
    }
}

static int opened, closed;

static void *opens(void *context) {
    (void)context;
    opened++;
    return malloc(1);
}

static void closes(void *connection) {
    closed++;
    free(connection);
}

static void a_fork_leaves_connections_to_the_parent(void) {
    kept_connections *kept = kept_new(opens, NULL, closes);
    void *first = kept_acquire(kept);
    kept_release(kept, first, true);
    CHECK(kept_acquire(kept) == first && opened == 1);
    kept_release(kept, first, true);
    pid_t child = fork();
    if (child == 0) {
        void *own = kept_acquire(kept);
        _exit(own != first && opened == 2 && closed == 0 ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* One that is of no use is closed, and so are those beyond the most. */
    CHECK(kept_acquire(kept) == first);
    kept_release(kept, first, false);
    CHECK(closed == 1);
    void *many[MOST_IDLE + 1];
    for (int i = 0; i <= MOST_IDLE; i++) {
        many[i] = kept_acquire(kept);
    }
    for (int i = 0; i <= MOST_IDLE; i++) {
        kept_release(kept, many[i], true);
    }
    CHECK(closed == 2);
    kept_delete(kept);
    CHECK(closed == opened);
}

int main(void) {
    RUN(values_come_back_as_they_went(empty_sqlite()));
    RUN(being_in_the_way_may_be_repeated(empty_sqlite(), "PRAGMA busy_timeout = 0",
        "CREATE TABLE taken(id INTEGER)", "BEGIN IMMEDIATE"));
    RUN(a_connection_in_a_transaction_is_not_kept(empty_sqlite()));
    RUN(a_text_that_is_no_utf8_fails(empty_sqlite()));
    RUN(without_a_server_it_is_unavailable());
    RUN(a_fork_leaves_connections_to_the_parent());
    const char *url = empty_postgres();
    if (url != NULL) {
        RUN(values_come_back_as_they_went(url));
        make_own(url);
        RUN(being_in_the_way_may_be_repeated(
            url, "SET lock_timeout = 1", "LOCK TABLE own", "SELECT id FROM own"));
        RUN(a_connection_in_a_transaction_is_not_kept(url));
        RUN(a_connection_that_the_server_ends_is_lost(url));
        RUN(postgresql_stores_no_zero(url));
    }
    return 0;
}
