#include "scimlet-postgres.h"

#include "kept.h"
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The OIDs of types (pg_type.dat), which never change. */
enum { BOOL = 16, BYTEA = 17, INT8 = 20, INT2 = 21, INT4 = 23, FLOAT4 = 700, FLOAT8 = 701 };

typedef struct source {
    kept_connections *kept;
    PGconn *(*connect)(void *context);
    void *context;
} source;

/* The first line: further ones may have values, which are personal data. */
static void first_line(const char *text, char sentence[SCIMLET_SENTENCE]) {
    size_t length = strcspn(text, "\n");
    length = length < SCIMLET_SENTENCE ? length : SCIMLET_SENTENCE - 1;
    memcpy(sentence, text, length);
    sentence[length] = '\0';
}

static bool begins(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

scimlet_outcome scimlet_postgres_outcome(
    PGconn *connection, const PGresult *result, char sentence[SCIMLET_SENTENCE]) {
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
        return SCIMLET_DONE;
    }
    const char *message =
        result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    first_line(message != NULL ? message : PQerrorMessage(connection), sentence);
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    /* Without a state it did not come from the server. 08, 57P and 40003 end a session, or leave
     * open whether the statement was completed. */
    if (state == NULL || begins(state, "08") || begins(state, "57P") ||
        strcmp(state, "40003") == 0) {
        return SCIMLET_LOST;
    }
    bool in_the_way =
        strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 || strcmp(state, "55P03") == 0;
    return in_the_way ? SCIMLET_AGAIN : SCIMLET_FAILED;
}

static void *connected(void *context) {
    source *source = context;
    PGconn *connection = source->connect(source->context);
    if (connection != NULL && PQstatus(connection) == CONNECTION_OK) {
        PQsetClientEncoding(connection, "UTF8");
    }
    return connection;
}

static void closed(void *connection) {
    PQfinish(connection);
}

static void *acquire(void *context, char sentence[SCIMLET_SENTENCE]) {
    source *source = context;
    PGconn *connection = kept_acquire(source->kept);
    if (connection == NULL) {
        snprintf(sentence, SCIMLET_SENTENCE, "there is no connection");
    } else if (PQstatus(connection) != CONNECTION_OK) {
        first_line(PQerrorMessage(connection), sentence);
        kept_release(source->kept, connection, false);
        connection = NULL;
    } else if (PQtransactionStatus(connection) != PQTRANS_IDLE) {
        snprintf(sentence, SCIMLET_SENTENCE, "the connection is in a transaction");
        kept_release(source->kept, connection, false);
        connection = NULL;
    }
    return connection;
}

static void release(void *context, void *connection, bool usable) {
    source *source = context;
    bool is_idle =
        PQstatus(connection) == CONNECTION_OK && PQtransactionStatus(connection) == PQTRANS_IDLE;
    kept_release(source->kept, connection, usable && is_idle);
}

static bool in_transaction(void *context, void *connection) {
    (void)context;
    return PQtransactionStatus(connection) != PQTRANS_IDLE;
}

/* A parameter as the server reads it; it finds out the type from the statement. NULL of NULL. */
static char *written(const scimlet_value *value) {
    char *text = NULL;
    switch (value->kind) {
    case SCIMLET_INTEGER:
        text = allocated(24);
        snprintf(text, 24, "%" PRId64, value->of.integer);
        break;
    case SCIMLET_REAL:
        text = allocated(32);
        snprintf(text, 32, "%.17g", value->of.real);
        break;
    case SCIMLET_BOOLEAN:
        text = copied_text(value->of.boolean ? "t" : "f");
        break;
    case SCIMLET_TEXT:
        text = copied(value->of.bytes.data, value->of.bytes.length);
        break;
    case SCIMLET_BLOB:
        text = allocated(2 * value->of.bytes.length + sizeof "\\x");
        strcpy(text, "\\x");
        for (size_t i = 0; i < value->of.bytes.length; i++) {
            snprintf(text + 2 + 2 * i, 3, "%02x", (unsigned char)value->of.bytes.data[i]);
        }
        break;
    case SCIMLET_NULL:
        break;
    }
    return text;
}

/* Whether a text has a zero, which PostgreSQL does not store. */
static bool has_zero(const scimlet_value *value) {
    return value->kind == SCIMLET_TEXT && value->of.bytes.length > 0 &&
           memchr(value->of.bytes.data, '\0', value->of.bytes.length) != NULL;
}

static void add_bytes(scimlet_rows *rows, const char *text) {
    scimlet_value value = {.kind = SCIMLET_BLOB};
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &value.of.bytes.length);
    value.of.bytes.data = (const char *)bytes;
    scimlet_rows_add(rows, value);
    PQfreemem(bytes);
}

static void add_column(const PGresult *result, int row, int column, scimlet_rows *rows) {
    scimlet_value value = {.kind = SCIMLET_NULL};
    const char *text = PQgetvalue(result, row, column);
    if (PQgetisnull(result, row, column)) {
        scimlet_rows_add(rows, value);
        return;
    }
    switch (PQftype(result, column)) {
    case BOOL:
        value.kind = SCIMLET_BOOLEAN;
        value.of.boolean = text[0] == 't';
        break;
    case INT2:
    case INT4:
    case INT8:
        value.kind = SCIMLET_INTEGER;
        value.of.integer = strtoll(text, NULL, 10);
        break;
    case FLOAT4:
    case FLOAT8:
        value.kind = SCIMLET_REAL;
        value.of.real = strtod(text, NULL);
        break;
    case BYTEA:
        add_bytes(rows, text);
        return;
    default:
        value.kind = SCIMLET_TEXT;
        value.of.bytes.data = text;
        value.of.bytes.length = (size_t)PQgetlength(result, row, column);
        break;
    }
    scimlet_rows_add(rows, value);
}

static void add_rows(const PGresult *result, scimlet_rows *rows) {
    int columns = PQnfields(result);
    for (int row = 0; row < PQntuples(result); row++) {
        scimlet_rows_begin(rows, (size_t)columns);
        for (int column = 0; column < columns; column++) {
            add_column(result, row, column, rows);
        }
    }
}

static scimlet_outcome execute(void *context, void *connection, const scimlet_statement *statement,
    scimlet_rows *rows, char sentence[SCIMLET_SENTENCE]) {
    (void)context;
    char **values = allocated(statement->count * sizeof *values);
    scimlet_outcome outcome = SCIMLET_DONE;
    for (size_t i = 0; i < statement->count; i++) {
        values[i] = written(&statement->parameters[i]);
        if (has_zero(&statement->parameters[i])) {
            snprintf(sentence, SCIMLET_SENTENCE, "PostgreSQL stores no text with U+0000");
            outcome = SCIMLET_FAILED;
        }
    }
    if (outcome == SCIMLET_DONE) {
        PGresult *result = PQexecParams(connection, statement->text, (int)statement->count, NULL,
            (const char *const *)values, NULL, NULL, 0);
        outcome = scimlet_postgres_outcome(connection, result, sentence);
        if (outcome == SCIMLET_DONE) {
            add_rows(result, rows);
        }
        PQclear(result);
    }
    for (size_t i = 0; i < statement->count; i++) {
        free(values[i]);
    }
    free(values);
    return outcome;
}

static void closes(void *context) {
    source *source = context;
    kept_delete(source->kept);
    free(source);
}

scimlet_database scimlet_postgres(PGconn *(*connect)(void *context), void *context) {
    source *made = allocated(sizeof *made);
    made->connect = connect;
    made->context = context;
    made->kept = kept_new(connected, made, closed);
    return (scimlet_database){.dialect = SCIMLET_POSTGRES,
        .context = made,
        .acquire = acquire,
        .release = release,
        .in_transaction = in_transaction,
        .execute = execute,
        .close = closes};
}
