#include "scimlet-sqlite.h"

#include "kept.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct source {
    kept_connections *kept;
    sqlite3 *(*connect)(void *context);
    void *context;
} source;

scimlet_outcome scimlet_sqlite_outcome(sqlite3 *connection, char sentence[SCIMLET_SENTENCE]) {
    snprintf(sentence, SCIMLET_SENTENCE, "%s", sqlite3_errmsg(connection));
    int code = sqlite3_errcode(connection) & 0xFF;
    return code == SQLITE_BUSY || code == SQLITE_LOCKED ? SCIMLET_AGAIN : SCIMLET_FAILED;
}

static void *connected(void *context) {
    source *source = context;
    return source->connect(source->context);
}

static void closed(void *connection) {
    sqlite3_close_v2(connection);
}

static void *acquire(void *context, char sentence[SCIMLET_SENTENCE]) {
    source *source = context;
    sqlite3 *connection = kept_acquire(source->kept);
    if (connection == NULL) {
        snprintf(sentence, SCIMLET_SENTENCE, "there is no connection");
    } else if (!sqlite3_get_autocommit(connection)) {
        snprintf(sentence, SCIMLET_SENTENCE, "the connection is in a transaction");
        kept_release(source->kept, connection, false);
        connection = NULL;
    }
    return connection;
}

static void release(void *context, void *connection, bool usable) {
    source *source = context;
    kept_release(source->kept, connection, usable && sqlite3_get_autocommit(connection));
}

static bool in_transaction(void *context, void *connection) {
    (void)context;
    return !sqlite3_get_autocommit(connection);
}

static int bound(sqlite3_stmt *prepared, int place, const scimlet_value *value) {
    const char *data = value->of.bytes.data;
    size_t length = value->of.bytes.length;
    switch (value->kind) {
    case SCIMLET_INTEGER:
        return sqlite3_bind_int64(prepared, place, value->of.integer);
    case SCIMLET_REAL:
        return sqlite3_bind_double(prepared, place, value->of.real);
    case SCIMLET_BOOLEAN:
        return sqlite3_bind_int(prepared, place, value->of.boolean);
    case SCIMLET_TEXT:
        return sqlite3_bind_text64(prepared, place, data, length, SQLITE_STATIC, SQLITE_UTF8);
    case SCIMLET_BLOB:
        /* Without an address it would be NULL. */
        return sqlite3_bind_blob64(prepared, place, length > 0 ? data : "", length, SQLITE_STATIC);
    case SCIMLET_NULL:
        break;
    }
    return sqlite3_bind_null(prepared, place);
}

static scimlet_value column(sqlite3_stmt *prepared, int place) {
    scimlet_value value = {.kind = SCIMLET_NULL};
    switch (sqlite3_column_type(prepared, place)) {
    case SQLITE_INTEGER:
        value.kind = SCIMLET_INTEGER;
        value.of.integer = sqlite3_column_int64(prepared, place);
        break;
    case SQLITE_FLOAT:
        value.kind = SCIMLET_REAL;
        value.of.real = sqlite3_column_double(prepared, place);
        break;
    case SQLITE_TEXT:
        value.kind = SCIMLET_TEXT;
        value.of.bytes.data = (const char *)sqlite3_column_text(prepared, place);
        value.of.bytes.length = (size_t)sqlite3_column_bytes(prepared, place);
        break;
    case SQLITE_BLOB:
        value.kind = SCIMLET_BLOB;
        value.of.bytes.data = sqlite3_column_blob(prepared, place);
        value.of.bytes.length = (size_t)sqlite3_column_bytes(prepared, place);
        break;
    default:
        break;
    }
    return value;
}

static int run(sqlite3_stmt *prepared, const scimlet_statement *statement, scimlet_rows *rows) {
    for (size_t i = 0; i < statement->count; i++) {
        int code = bound(prepared, (int)i + 1, &statement->parameters[i]);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    int code;
    while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
        int columns = sqlite3_column_count(prepared);
        scimlet_rows_begin(rows, (size_t)columns);
        for (int i = 0; i < columns; i++) {
            scimlet_rows_add(rows, column(prepared, i));
        }
    }
    return code;
}

static scimlet_outcome execute(void *context, void *connection, const scimlet_statement *statement,
    scimlet_rows *rows, char sentence[SCIMLET_SENTENCE]) {
    (void)context;
    sqlite3_stmt *prepared = NULL;
    int code = sqlite3_prepare_v2(connection, statement->text, -1, &prepared, NULL);
    if (code == SQLITE_OK) {
        code = run(prepared, statement, rows);
    }
    scimlet_outcome outcome =
        code == SQLITE_DONE ? SCIMLET_DONE : scimlet_sqlite_outcome(connection, sentence);
    sqlite3_finalize(prepared);
    return outcome;
}

static void closes(void *context) {
    source *source = context;
    kept_delete(source->kept);
    free(source);
}

scimlet_database scimlet_sqlite(sqlite3 *(*connect)(void *context), void *context) {
    source *made = allocated(sizeof *made);
    made->connect = connect;
    made->context = context;
    made->kept = kept_new(connected, made, closed);
    return (scimlet_database){.dialect = SCIMLET_SQLITE,
        .context = made,
        .acquire = acquire,
        .release = release,
        .in_transaction = in_transaction,
        .execute = execute,
        .close = closes};
}
