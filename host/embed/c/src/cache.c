#include "cache.h"

#include "memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasmtime.h>

static char *joined(const char *folder, const char *name) {
    size_t length = strlen(folder) + strlen(name) + 2;
    char *path = allocated(length);
    snprintf(path, length, "%s/%s", folder, name);
    return path;
}

static char *folder_of(void) {
    const char *named = getenv("SCIMLET_CACHE"), *home = getenv("HOME");
    if (named != NULL && *named != '\0') {
        return copied_text(named);
    }
    const char *caches = getenv("XDG_CACHE_HOME");
    if (caches != NULL && *caches != '\0') {
        return joined(caches, "scimlet");
    }
    if (home == NULL || *home == '\0') {
        return NULL;
    }
#ifdef __APPLE__
    return joined(home, "Library/Caches/scimlet");
#else
    return joined(home, ".cache/scimlet");
#endif
}

/* Makes a folder and what is above it. */
static bool made(char *path) {
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            bool good = mkdir(path, 0700) == 0 || errno == EEXIST;
            *at = '/';
            if (!good) {
                return false;
            }
        }
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

bool is_private(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && status.st_uid == getuid() && (status.st_mode & 022) == 0;
}

char *cache_file(const unsigned char *wasm, size_t length) {
    char *folder = folder_of(), *path = NULL;
    if (folder != NULL && made(folder) && is_private(folder)) {
        /* FNV-1a. The folder is ours, so that nobody chooses names; and what another version of
         * wasmtime compiled is refused when it is read. */
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        for (size_t i = 0; i < length; i++) {
            hash = (hash ^ wasm[i]) * UINT64_C(0x100000001b3);
        }
        char name[64];
        snprintf(name, sizeof name, "%016" PRIx64 "-" WASMTIME_VERSION ".component", hash);
        path = joined(folder, name);
    }
    free(folder);
    return path;
}

void cache_keep(const char *path, const char *bytes, size_t length) {
    size_t room = strlen(path) + sizeof ".XXXXXX";
    char *temporary = allocated(room);
    snprintf(temporary, room, "%s.XXXXXX", path);
    int file = mkstemp(temporary);
    if (file >= 0) {
        FILE *stream = fdopen(file, "wb");
        bool good = stream != NULL && fwrite(bytes, 1, length, stream) == length;
        if (stream != NULL) {
            good = fclose(stream) == 0 && good;
        } else {
            close(file);
        }
        if (!good || rename(temporary, path) != 0) {
            unlink(temporary);
        }
    }
    free(temporary);
}
