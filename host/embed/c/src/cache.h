/* Compiled code on disk. */

#ifndef SCIMLET_CACHE_H
#define SCIMLET_CACHE_H

#include <stdbool.h>
#include <stddef.h>

/* The file for what these bytes are compiled to, in SCIMLET_CACHE or where this system keeps a
 * user's caches; the caller frees it. NULL if there is no folder that only we can write. */
char *cache_file(const unsigned char *wasm, size_t length);
/* Whether it exists, is ours, and nobody else can write it. */
bool is_private(const char *path);
/* Writes the file whole or not at all; several processes may do so at once. */
void cache_keep(const char *path, const char *bytes, size_t length);

#endif
