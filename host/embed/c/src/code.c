#include "code.h"

#include "cache.h"
#include "instance.h"
#include "memory.h"
#include "port.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const unsigned char scimlet_wasm[], scimlet_wasm_end[];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static code the_code;
static size_t users;

/* The thread that advances the clock, and the process that it runs in. */
static pthread_t clock_thread;
static pthread_cond_t clock_ends = PTHREAD_COND_INITIALIZER;
static bool is_ending;
static _Atomic pid_t ticking_in;

void wasmtime_said(wasmtime_error_t *failure, char sentence[SCIMLET_SENTENCE]) {
    wasm_byte_vec_t message;
    wasmtime_error_message(failure, &message);
    snprintf(sentence, SCIMLET_SENTENCE, "%.*s", (int)message.size, message.data);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(failure);
}

/* The clock takes the lock too, and does not go on in a child: a fork waits until it is free. */
static void before_fork(void) {
    pthread_mutex_lock(&lock);
}

static void after_fork(void) {
    pthread_mutex_unlock(&lock);
}

static void prepare_forks(void) {
    pthread_atfork(before_fork, after_fork, after_fork);
}

static wasm_engine_t *new_engine(void) {
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_epoch_interruption_set(config, true);
    return wasm_engine_new_with_config(config);
}

/* The component from the cache, or compiled and left there. */
static wasmtime_error_t *loaded(wasm_engine_t *engine, wasmtime_component_t **component) {
    size_t length = (size_t)(scimlet_wasm_end - scimlet_wasm);
    char *path = cache_file(scimlet_wasm, length);
    wasmtime_error_t *failure = NULL;
    if (path != NULL && is_private(path)) {
        failure = wasmtime_component_deserialize_file(engine, path, component);
        if (failure == NULL) {
            free(path);
            return NULL;
        }
        /* Of another build of wasmtime, or of another processor. */
        wasmtime_error_delete(failure);
    }
    failure = wasmtime_component_new(engine, scimlet_wasm, length, component);
    if (failure == NULL && path != NULL) {
        wasm_byte_vec_t compiled;
        wasmtime_error_t *unserialized = wasmtime_component_serialize(*component, &compiled);
        if (unserialized == NULL) {
            cache_keep(path, compiled.data, compiled.size);
            wasm_byte_vec_delete(&compiled);
        } else {
            wasmtime_error_delete(unserialized);
        }
    }
    free(path);
    return failure;
}

/* Defines the functions of one interface, of which this is the first; the index behind them. */
static wasmtime_error_t *interface_defined(
    wasmtime_component_linker_instance_t *root, size_t first, size_t *next) {
    const char *interface = imported_functions[first].interface;
    wasmtime_component_linker_instance_t *instance;
    wasmtime_error_t *failure = wasmtime_component_linker_instance_add_instance(
        root, interface, strlen(interface), &instance);
    if (failure != NULL) {
        return failure;
    }
    size_t i = first;
    for (; i < imported_functions_count && failure == NULL; i++) {
        const imported_function *function = &imported_functions[i];
        if (strcmp(function->interface, interface) != 0) {
            break;
        }
        failure = wasmtime_component_linker_instance_add_func(instance, function->name,
            strlen(function->name), instance_imported, (void *)function, NULL);
    }
    wasmtime_component_linker_instance_delete(instance);
    *next = i;
    return failure;
}

static wasmtime_error_t *linked(const wasm_engine_t *engine, wasmtime_component_linker_t **linker) {
    *linker = wasmtime_component_linker_new(engine);
    wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(*linker);
    wasmtime_error_t *failure = NULL;
    size_t next = 0;
    while (failure == NULL && next < imported_functions_count) {
        failure = interface_defined(root, next, &next);
    }
    wasmtime_component_linker_instance_delete(root);
    return failure;
}

static void ended(void) {
    if (the_code.linker != NULL) {
        wasmtime_component_linker_delete(the_code.linker);
    }
    if (the_code.component != NULL) {
        wasmtime_component_delete(the_code.component);
    }
    wasm_engine_delete(the_code.engine);
    the_code = (code){0};
}

const code *code_acquired(scimlet_error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_forks);
    pthread_mutex_lock(&lock);
    if (users == 0) {
        the_code.engine = new_engine();
        wasmtime_error_t *failure = loaded(the_code.engine, &the_code.component);
        if (failure == NULL) {
            failure = linked(the_code.engine, &the_code.linker);
        }
        if (failure != NULL) {
            error->code = SCIMLET_NOT_STARTED;
            wasmtime_said(failure, error->text);
            ended();
            pthread_mutex_unlock(&lock);
            return NULL;
        }
    }
    users++;
    pthread_mutex_unlock(&lock);
    return &the_code;
}

void code_released(void) {
    pthread_mutex_lock(&lock);
    if (--users == 0) {
        if (ticking_in == getpid()) {
            is_ending = true;
            pthread_cond_signal(&clock_ends);
            pthread_mutex_unlock(&lock);
            pthread_join(clock_thread, NULL);
            pthread_mutex_lock(&lock);
            is_ending = false;
        }
        ticking_in = 0;
        ended();
    }
    pthread_mutex_unlock(&lock);
}

bool code_of(const void *wasm, size_t length, code *made, scimlet_error *error) {
    *made = the_code;
    wasmtime_error_t *failure =
        wasmtime_component_new(the_code.engine, wasm, length, &made->component);
    if (failure != NULL) {
        *made = (code){0};
        error->code = SCIMLET_NOT_STARTED;
        wasmtime_said(failure, error->text);
    }
    return failure == NULL;
}

static void *ticks(void *nothing) {
    (void)nothing;
    pthread_mutex_lock(&lock);
    while (!is_ending) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_MILLISECONDS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&clock_ends, &lock, &until);
        wasmtime_engine_increment_epoch(the_code.engine);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

void code_tick(void) {
    if (ticking_in == getpid()) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (ticking_in != getpid() && pthread_create(&clock_thread, NULL, ticks, NULL) == 0) {
        ticking_in = getpid();
    }
    pthread_mutex_unlock(&lock);
}
