#include "instance.h"

#include "memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

call_limits call_limits_of_all = {.memory_bytes = INT64_C(256) << 20, .seconds = 10.0};

struct instance {
    const code *code;
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_component_instance_t instance;
    char *tenant;
    /* Of the call that runs. */
    port *port;
    /* Seconds that the call has computed, and when it last began to. */
    double computed, resumed;
};

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Gives the component what is left of its time. A process that forked has no clock yet. */
static void resume(instance *instance) {
    code_tick();
    instance->resumed = seconds_now();
    double left =
        fmax(call_limits_of_all.seconds - instance->computed, 0.0) * 1000 / TICK_MILLISECONDS;
    wasmtime_context_set_epoch_deadline(instance->context, 1 + (uint64_t)left);
}

wasmtime_error_t *instance_imported(void *data, wasmtime_context_t *context,
    const wasmtime_component_func_type_t *type, value *arguments, size_t count, value *results,
    size_t results_count) {
    (void)type;
    (void)count;
    const imported_function *function = data;
    instance *instance = wasmtime_context_get_data(context);
    if (instance->port == NULL) {
        return wasmtime_error_new("this call has no imports");
    }
    instance->computed += seconds_now() - instance->resumed;
    value none;
    bool good = function->run(instance->port, arguments, results_count > 0 ? results : &none);
    resume(instance);
    return good ? NULL : wasmtime_error_new("the call is given up");
}

static void instance_delete(instance *instance) {
    wasmtime_store_delete(instance->store);
    free(instance->tenant);
    free(instance);
}

static bool found_function(instance *instance, const char *name, wasmtime_component_func_t *found) {
    const char *dot = strchr(name, '.');
    if (dot == NULL) {
        return false;
    }
    char interface[128];
    int length =
        snprintf(interface, sizeof interface, "scimlet:plugin/%.*s@0.1.0", (int)(dot - name), name);
    const wasmtime_component_t *component = instance->code->component;
    wasmtime_component_export_index_t *outer =
        length < (int)sizeof interface ? wasmtime_component_get_export_index(
                                             component, NULL, interface, (size_t)length)
                                       : NULL;
    if (outer == NULL) {
        return false;
    }
    wasmtime_component_export_index_t *inner =
        wasmtime_component_get_export_index(component, outer, dot + 1, strlen(dot + 1));
    bool is_there = inner != NULL && wasmtime_component_instance_get_func(
                                         &instance->instance, instance->context, inner, found);
    if (inner != NULL) {
        wasmtime_component_export_index_delete(inner);
    }
    wasmtime_component_export_index_delete(outer);
    return is_there;
}

/* Runs a function whose arguments are values already. */
static json_t *ran(instance *instance, const wasmtime_component_func_t *function, bool has_result,
    const wasmtime_component_vallist_t *arguments, scimlet_error *error) {
    value result = {.kind = WASMTIME_COMPONENT_BOOL};
    instance->computed = 0;
    resume(instance);
    wasmtime_error_t *failure = wasmtime_component_func_call(
        function, instance->context, arguments->data, arguments->size, &result, has_result ? 1 : 0);
    if (failure != NULL) {
        error->code = SCIMLET_FAULT;
        wasmtime_said(failure, error->text);
        return NULL;
    }
    json_t *json = has_result ? value_to_json(&result) : json_null();
    instance->port->carried += value_bytes(&result);
    wasmtime_component_val_delete(&result);
    return json;
}

static json_t *instance_call(
    instance *instance, const char *name, const json_t *arguments, scimlet_error *error) {
    wasmtime_component_func_t function;
    if (!found_function(instance, name, &function)) {
        error->code = SCIMLET_INVALID;
        snprintf(error->text, sizeof error->text, "there is no function %s", name);
        return NULL;
    }
    wasmtime_component_func_type_t *type =
        wasmtime_component_func_type(&function, instance->context);
    wasmtime_component_vallist_t values;
    value_type result;
    bool has_result = wasmtime_component_func_type_result(type, &result);
    if (has_result) {
        wasmtime_component_valtype_delete(&result);
    }
    json_t *json = NULL;
    if (values_from_json(arguments, type, &values, error->text)) {
        for (size_t i = 0; i < values.size; i++) {
            instance->port->carried += value_bytes(&values.data[i]);
        }
        json = ran(instance, &function, has_result, &values, error);
    } else {
        error->code = SCIMLET_INVALID;
    }
    wasmtime_component_vallist_delete(&values);
    wasmtime_component_func_type_delete(type);
    return json;
}

static instance *instance_new(const code *code, const char *tenant, scimlet_error *error) {
    instance *made = allocated(sizeof *made);
    made->code = code;
    made->tenant = copied_text(tenant);
    made->store = wasmtime_store_new(code->engine, made, NULL);
    made->context = wasmtime_store_context(made->store);
    wasmtime_store_limiter(made->store, call_limits_of_all.memory_bytes, -1, -1, -1, -1);
    resume(made);
    wasmtime_error_t *failure = wasmtime_component_linker_instantiate(
        code->linker, made->context, code->component, &made->instance);
    if (failure == NULL) {
        return made;
    }
    error->code = SCIMLET_FAULT;
    wasmtime_said(failure, error->text);
    instance_delete(made);
    return NULL;
}

/* ---- The pool ---- */

void pool_open(pool *pool, const code *code, size_t most) {
    pool->code = code;
    pool->most = most;
    pool->count = 0;
    pool->idle = allocated((most + 1) * sizeof(instance *));
    pthread_mutex_init(&pool->lock, NULL);
}

void pool_close(pool *pool) {
    for (size_t i = 0; i < pool->count; i++) {
        instance_delete(pool->idle[i]);
    }
    free(pool->idle);
    pthread_mutex_destroy(&pool->lock);
}

/* Takes out an idle instance; all behind it move up. */
static instance *removed(pool *pool, size_t place) {
    instance *taken = pool->idle[place];
    pool->count--;
    memmove(&pool->idle[place], &pool->idle[place + 1], (pool->count - place) * sizeof taken);
    return taken;
}

static instance *taken(pool *pool, const char *tenant, scimlet_error *error) {
    instance *found = NULL;
    pthread_mutex_lock(&pool->lock);
    for (size_t place = pool->count; place > 0 && found == NULL; place--) {
        if (strcmp(pool->idle[place - 1]->tenant, tenant) == 0) {
            found = removed(pool, place - 1);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return found != NULL ? found : instance_new(pool->code, tenant, error);
}

static void kept(pool *pool, instance *instance_) {
    instance *evicted = NULL;
    pthread_mutex_lock(&pool->lock);
    pool->idle[pool->count++] = instance_;
    if (pool->count > pool->most) {
        evicted = removed(pool, 0);
    }
    pthread_mutex_unlock(&pool->lock);
    if (evicted != NULL) {
        instance_delete(evicted);
    }
}

json_t *pool_call(
    pool *pool, port *port, const char *function, const json_t *arguments, scimlet_error *error) {
    instance *instance = taken(pool, port->tenant, error);
    if (instance == NULL) {
        return NULL;
    }
    instance->port = port;
    json_t *json = instance_call(instance, function, arguments, error);
    instance->port = NULL;
    /* Where only the arguments were wrong, the instance was not called. */
    if ((json != NULL || error->code == SCIMLET_INVALID) && port->carried <= KEPT_BYTES) {
        kept(pool, instance);
    } else {
        instance_delete(instance);
    }
    return json;
}
