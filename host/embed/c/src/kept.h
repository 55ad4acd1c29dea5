/* Connections that a function of the application's opens. Idle ones are kept. */

#ifndef SCIMLET_KEPT_H
#define SCIMLET_KEPT_H

#include <stdbool.h>
#include <stddef.h>

/* So many idle connections are kept. */
#define MOST_IDLE 16

typedef struct kept_connections kept_connections;

/* `connect` opens a connection, `close` closes one. */
kept_connections *kept_new(
    void *(*connect)(void *context), void *context, void (*close)(void *connection));
/* Closes the idle ones. */
void kept_delete(kept_connections *kept);

/* An idle connection, or a new one; what `connect` returned if that is NULL. After a fork those of
 * the parent stay with the parent. */
void *kept_acquire(kept_connections *kept);
/* Keeps it if it is usable and there is room, and closes it otherwise. */
void kept_release(kept_connections *kept, void *connection, bool usable);

#endif
