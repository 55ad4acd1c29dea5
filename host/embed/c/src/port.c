#include "port.h"

#include "application.h"
#include "memory.h"
#include "rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void say(const scimlet_options *options, scimlet_level level, const char *tenant, const char *topic,
    const char *format, ...) {
    char text[2 * SCIMLET_SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    /* A line break in a text must not begin a line of a log. */
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ') {
            *at = ' ';
        }
    }
    if (options->log != NULL) {
        options->log(options->log_context, level, tenant, topic, text);
    } else if (level >= SCIMLET_WARNING) {
        fprintf(stderr, "scimlet: %s: %s: %s\n", tenant, topic, text);
    }
}

/* ---- sql ---- */

/* A `failure` of wit/sql.wit. */
static value failed(port *port, scimlet_outcome outcome, const char *sentence, bool committing) {
    const char *name = outcome == SCIMLET_AGAIN ? "again" : "failed";
    if (outcome == SCIMLET_LOST) {
        port->usable = false;
        name = committing ? "unknown" : "failed";
    }
    size_t length = strlen(sentence);
    if (!is_utf8(sentence, length)) {
        sentence = "the database failed";
        length = strlen(sentence);
    }
    return value_err(value_case(name, value_text(sentence, length)));
}

static scimlet_outcome command(port *port, const char *text, char sentence[SCIMLET_SENTENCE]) {
    scimlet_rows rows = {0};
    scimlet_statement statement = {.text = text};
    sentence[0] = '\0';
    scimlet_outcome outcome = port->database->execute(
        port->database->context, port->connection, &statement, &rows, sentence);
    rows_dropped(&rows);
    return outcome;
}

static const char *begin_text(scimlet_dialect dialect, bool writes) {
    if (dialect == SCIMLET_SQLITE) {
        return writes ? "BEGIN IMMEDIATE" : "BEGIN";
    }
    return writes ? "BEGIN ISOLATION LEVEL READ COMMITTED"
                  : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
}

static value begun(port *port, bool writes) {
    char sentence[SCIMLET_SENTENCE];
    const scimlet_database *database = port->database;
    bool joined = port->joins && database->in_transaction(database->context, port->connection);
    const char *text = joined ? "SAVEPOINT scimlet" : begin_text(database->dialect, writes);
    scimlet_outcome outcome = command(port, text, sentence);
    if (outcome != SCIMLET_DONE) {
        return failed(port, outcome, sentence, false);
    }
    port->transaction = joined ? SAVEPOINT : OWN_TRANSACTION;
    return value_done();
}

static value committed(port *port) {
    char sentence[SCIMLET_SENTENCE];
    bool own = port->transaction != SAVEPOINT;
    scimlet_outcome outcome = command(port, own ? "COMMIT" : "RELEASE SAVEPOINT scimlet", sentence);
    if (outcome != SCIMLET_DONE) {
        return failed(port, outcome, sentence, own);
    }
    port->transaction = NO_TRANSACTION;
    return value_done();
}

static void rolled_back(port *port) {
    char sentence[SCIMLET_SENTENCE];
    transaction was = port->transaction;
    port->transaction = NO_TRANSACTION;
    scimlet_outcome outcome = SCIMLET_DONE;
    if (was == OWN_TRANSACTION) {
        outcome = command(port, "ROLLBACK", sentence);
    } else if (was == SAVEPOINT) {
        outcome = command(port, "ROLLBACK TO SAVEPOINT scimlet", sentence);
        if (outcome == SCIMLET_DONE) {
            outcome = command(port, "RELEASE SAVEPOINT scimlet", sentence);
        }
    }
    if (outcome != SCIMLET_DONE) {
        /* Nothing more is to be said of a connection that was lost before. */
        if (port->usable) {
            say(port->options, SCIMLET_WARNING, port->tenant, "sql",
                "a transaction was not undone: %s", sentence);
        }
        port->usable = false;
    }
}

/* Executes one statement; its rows, or NULL and the outcome. */
static scimlet_outcome executed(
    port *port, const value *given, value *rows_out, char sentence[SCIMLET_SENTENCE]) {
    const value *parameters = value_field(given, "parameters");
    size_t count = parameters->of.list.size;
    scimlet_value *values = allocated(count * sizeof *values);
    char **blobs = allocated(count * sizeof *blobs);
    for (size_t i = 0; i < count; i++) {
        values[i] = parameter_of(&parameters->of.list.data[i], &blobs[i]);
    }
    char *text = value_string(value_field(given, "text"));
    scimlet_statement statement = {.text = text, .parameters = values, .count = count};
    scimlet_rows rows = {0};
    sentence[0] = '\0';
    scimlet_outcome outcome = port->database->execute(
        port->database->context, port->connection, &statement, &rows, sentence);
    if (outcome == SCIMLET_DONE && rows.wrong != NULL) {
        outcome = SCIMLET_FAILED;
        snprintf(sentence, SCIMLET_SENTENCE, "%s", rows.wrong);
    }
    port->carried += rows.bytes;
    *rows_out = rows_taken(&rows);
    for (size_t i = 0; i < count; i++) {
        free(blobs[i]);
    }
    free(blobs);
    free(values);
    free(text);
    return outcome;
}

static value executed_all(port *port, const value *statements) {
    size_t count = statements->of.list.size;
    value answers = value_list(count);
    for (size_t i = 0; i < count; i++) {
        char sentence[SCIMLET_SENTENCE];
        scimlet_outcome outcome =
            executed(port, &statements->of.list.data[i], &answers.of.list.data[i], sentence);
        if (outcome != SCIMLET_DONE) {
            wasmtime_component_val_delete(&answers);
            return failed(port, outcome, sentence, false);
        }
    }
    return value_ok(answers);
}

static bool run_database(port *port, value *arguments, value *result) {
    (void)arguments;
    bool is_sqlite = port->database->dialect == SCIMLET_SQLITE;
    const char *dialect = is_sqlite ? "sqlite" : "postgres";
    result->kind = WASMTIME_COMPONENT_RECORD;
    wasmtime_component_valrecord_new_uninit(&result->of.record, 2);
    wasmtime_component_valrecord_entry_t *entries = result->of.record.data;
    wasm_byte_vec_new(&entries[0].name, strlen("dialect"), "dialect");
    entries[0].val.kind = WASMTIME_COMPONENT_ENUM;
    wasm_byte_vec_new(&entries[0].val.of.enumeration, strlen(dialect), dialect);
    wasm_byte_vec_new(&entries[1].name, strlen("tenant"), "tenant");
    entries[1].val = value_text(port->tenant, strlen(port->tenant));
    return true;
}

static bool run_begin(port *port, value *arguments, value *result) {
    *result = begun(port, name_is(&arguments[0].of.enumeration, "write"));
    return true;
}

static bool run_execute(port *port, value *arguments, value *result) {
    bool sqlite = port->database->dialect == SCIMLET_SQLITE;
    if (port->transaction != NO_TRANSACTION || !port->joins || sqlite) {
        *result = executed_all(port, &arguments[0]);
        return true;
    }
    /* Where a statement fails outside a savepoint, PostgreSQL gives up the whole transaction. */
    *result = begun(port, false);
    if (!result->of.result.is_ok) {
        return true;
    }
    *result = executed_all(port, &arguments[0]);
    if (!result->of.result.is_ok) {
        rolled_back(port);
        return true;
    }
    value ended = committed(port);
    if (!ended.of.result.is_ok) {
        wasmtime_component_val_delete(result);
        *result = ended;
    }
    return true;
}

static bool run_commit(port *port, value *arguments, value *result) {
    (void)arguments;
    *result = committed(port);
    return true;
}

static bool run_roll_back(port *port, value *arguments, value *result) {
    (void)arguments;
    (void)result;
    rolled_back(port);
    return true;
}

void port_close(port *port) {
    if (port->transaction != NO_TRANSACTION) {
        rolled_back(port);
    }
    if (port->connection != NULL && !port->joins) {
        port->database->release(port->database->context, port->connection, port->usable);
    }
    port->connection = NULL;
}

/* ---- application ---- */

static value refusal(scimlet_outcome outcome, const char *sentence) {
    const char *name = outcome == SCIMLET_INVALID_CHANGE     ? "invalid"
                       : outcome == SCIMLET_FORBIDDEN_CHANGE ? "forbidden"
                       : outcome == SCIMLET_AGAIN            ? "again"
                                                             : "failed";
    bool good = is_utf8(sentence, strlen(sentence));
    const char *text = good ? sentence : "the application's sentence is no UTF-8";
    return value_err(value_case(name, value_text(text, strlen(text))));
}

static bool run_before_commit(port *port, value *arguments, value *result) {
    if (port->options->application == NULL) {
        *result = value_ok(value_list(0));
        return true;
    }
    /* To release it fails if the application ended the transaction, or left it aborted. */
    char sentence[SCIMLET_SENTENCE];
    scimlet_outcome outcome = command(port, "SAVEPOINT scimlet_application", sentence);
    if (outcome != SCIMLET_DONE) {
        port->usable = port->usable && outcome != SCIMLET_LOST;
        *result = refusal(outcome, sentence);
        return true;
    }
    value ids;
    outcome = application_asked(port->options, port->connection, &arguments[0], &ids, sentence);
    if (outcome == SCIMLET_DONE) {
        outcome = command(port, "RELEASE SAVEPOINT scimlet_application", sentence);
    }
    if (outcome == SCIMLET_DONE) {
        *result = value_ok(ids);
        return true;
    }
    wasmtime_component_val_delete(&ids);
    port->usable = port->usable && outcome != SCIMLET_LOST;
    if (outcome == SCIMLET_FAILED || outcome == SCIMLET_LOST) {
        say(port->options, SCIMLET_ERROR, port->tenant, "application", "the application failed: %s",
            sentence);
    }
    *result = refusal(outcome, sentence);
    return true;
}

/* ---- journal, time and random bytes ---- */

static bool run_write(port *port, value *arguments, value *result) {
    (void)result;
    const value *level = value_field(&arguments[0], "level");
    const wasm_name_t *name = &level->of.enumeration;
    scimlet_level found = name_is(name, "debug")   ? SCIMLET_DEBUG
                          : name_is(name, "warn")  ? SCIMLET_WARNING
                          : name_is(name, "error") ? SCIMLET_ERROR
                                                   : SCIMLET_INFO;
    char *topic = value_string(value_field(&arguments[0], "topic"));
    char *text = value_string(value_field(&arguments[0], "text"));
    say(port->options, found, port->tenant, topic, "%s", text);
    free(topic);
    free(text);
    return true;
}

static bool run_now(port *port, value *arguments, value *result) {
    (void)port;
    (void)arguments;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return false;
    }
    result->kind = WASMTIME_COMPONENT_RECORD;
    wasmtime_component_valrecord_new_uninit(&result->of.record, 2);
    wasmtime_component_valrecord_entry_t *entries = result->of.record.data;
    wasm_byte_vec_new(&entries[0].name, strlen("seconds"), "seconds");
    entries[0].val = (value){.kind = WASMTIME_COMPONENT_U64, .of.u64 = (uint64_t)now.tv_sec};
    wasm_byte_vec_new(&entries[1].name, strlen("nanoseconds"), "nanoseconds");
    entries[1].val = (value){.kind = WASMTIME_COMPONENT_U32, .of.u32 = (uint32_t)now.tv_nsec};
    return true;
}

static bool run_random(port *port, value *arguments, value *result) {
    (void)port;
    unsigned char bytes[256];
    uint64_t length = arguments[0].of.u64;
    if (length > 1 << 20) {
        return false;
    }
    *result = value_list((size_t)length);
    for (size_t i = 0; i < length; i++) {
        size_t left = (size_t)length - i, most = left < sizeof bytes ? left : sizeof bytes;
        if (i % sizeof bytes == 0 && getentropy(bytes, most) != 0) {
            return false;
        }
        result->of.list.data[i] =
            (value){.kind = WASMTIME_COMPONENT_U8, .of.u8 = bytes[i % sizeof bytes]};
    }
    return true;
}

const imported_function imported_functions[] = {
    {"scimlet:plugin/sql@0.1.0", "database", run_database},
    {"scimlet:plugin/sql@0.1.0", "begin", run_begin},
    {"scimlet:plugin/sql@0.1.0", "execute", run_execute},
    {"scimlet:plugin/sql@0.1.0", "commit", run_commit},
    {"scimlet:plugin/sql@0.1.0", "roll-back", run_roll_back},
    {"scimlet:plugin/application@0.1.0", "before-commit", run_before_commit},
    {"scimlet:plugin/journal@0.1.0", "write", run_write},
    {"wasi:clocks/wall-clock@0.2.0", "now", run_now},
    {"wasi:random/random@0.2.0", "get-random-bytes", run_random},
};
const size_t imported_functions_count = sizeof imported_functions / sizeof imported_functions[0];
