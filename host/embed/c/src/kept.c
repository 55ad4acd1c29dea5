#include "kept.h"

#include "memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct kept_connections {
    void *(*connect)(void *context);
    void *context;
    void (*close)(void *connection);
    void *idle[MOST_IDLE];
    size_t count;
    /* The process that opened them. */
    pid_t process;
    pthread_mutex_t lock;
};

kept_connections *kept_new(
    void *(*connect)(void *context), void *context, void (*close)(void *connection)) {
    kept_connections *kept = allocated(sizeof *kept);
    kept->connect = connect;
    kept->context = context;
    kept->close = close;
    kept->process = getpid();
    pthread_mutex_init(&kept->lock, NULL);
    return kept;
}

void kept_delete(kept_connections *kept) {
    for (size_t i = 0; i < kept->count && kept->process == getpid(); i++) {
        kept->close(kept->idle[i]);
    }
    pthread_mutex_destroy(&kept->lock);
    free(kept);
}

void *kept_acquire(kept_connections *kept) {
    void *found = NULL;
    pthread_mutex_lock(&kept->lock);
    if (kept->process != getpid()) {
        /* To close them here would end what the parent does. */
        kept->count = 0;
        kept->process = getpid();
    }
    if (kept->count > 0) {
        found = kept->idle[--kept->count];
    }
    pthread_mutex_unlock(&kept->lock);
    return found != NULL ? found : kept->connect(kept->context);
}

void kept_release(kept_connections *kept, void *connection, bool usable) {
    bool keeps = false;
    pthread_mutex_lock(&kept->lock);
    if (usable && kept->count < MOST_IDLE && kept->process == getpid()) {
        kept->idle[kept->count++] = connection;
        keeps = true;
    }
    pthread_mutex_unlock(&kept->lock);
    if (!keeps) {
        kept->close(connection);
    }
}
