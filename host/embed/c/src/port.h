/* Answers the calls that the component makes while it runs: `sql`, `application`, `journal`, and
 * time and random bytes. One connection, for the time of one call. */

#ifndef SCIMLET_PORT_H
#define SCIMLET_PORT_H

#include "scimlet.h"
#include "values.h"

typedef enum transaction { NO_TRANSACTION, OWN_TRANSACTION, SAVEPOINT } transaction;

typedef struct port {
    const scimlet_database *database;
    const scimlet_options *options;
    /* NULL where the call needs none. */
    void *connection;
    /* Whether the connection is the application's. */
    bool joins;
    const char *tenant;
    transaction transaction;
    /* False after a failure that leaves the connection in an unknown state. */
    bool usable;
    /* Bytes that went in and out of the instance. */
    size_t carried;
} port;

/* A function that the component imports. Writes the result, if it has one; returns false if the
 * call is to be given up. */
typedef struct imported_function {
    const char *interface, *name;
    bool (*run)(port *port, value *arguments, value *result);
} imported_function;

/* All of them, one interface after the other. */
extern const imported_function imported_functions[];
extern const size_t imported_functions_count;

/* Undoes what was not committed, as after a call that was given up, and gives back the
 * connection. */
void port_close(port *port);

/* Says something to the operator. */
void say(const scimlet_options *options, scimlet_level level, const char *tenant, const char *topic,
    const char *format, ...);

#endif
