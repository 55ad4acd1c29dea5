/* An instance of the component, and a pool of them. */

#ifndef SCIMLET_INSTANCE_H
#define SCIMLET_INSTANCE_H

#include "code.h"
#include "port.h"

#include <pthread.h>

/* What a call may use. Past either it ends with SCIMLET_FAULT. Waiting for the database does not
 * count. Only tests change it. */
typedef struct call_limits {
    int64_t memory_bytes;
    double seconds;
} call_limits;
extern call_limits call_limits_of_all;

/* wasmtime's C API does not tell how much memory a component has. An instance that so many bytes of
 * texts went through in one call is not kept: as measured in the core module, a group of 1 MiB
 * leaves 13 MiB behind, one of 4 MiB 22 MiB. */
#define KEPT_BYTES (1 << 20)

typedef struct instance instance;

/* Idle instances, each of which has served one tenant only. */
typedef struct pool {
    const code *code;
    /* The one that was used last is at the end. */
    instance **idle;
    size_t count, most;
    pthread_mutex_t lock;
} pool;

void pool_open(pool *pool, const code *code, size_t most);
void pool_close(pool *pool);

/* Runs `INTERFACE.FUNCTION` in an instance of the port's tenant. One that fails is thrown away.
 * Returns what it returned in JSON, null if nothing; NULL and an error if it ended otherwise. */
json_t *pool_call(
    pool *pool, port *port, const char *function, const json_t *arguments, scimlet_error *error);

/* What the component calls; `data` is the imported_function. */
wasmtime_error_t *instance_imported(void *data, wasmtime_context_t *context,
    const wasmtime_component_func_type_t *type, value *arguments, size_t count, value *results,
    size_t results_count);

#endif
