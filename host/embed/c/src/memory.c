#include "memory.h"

#include <stdlib.h>
#include <string.h>

static void *there(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

void *allocated(size_t bytes) {
    return there(calloc(1, bytes > 0 ? bytes : 1));
}

void *grown(void *old, size_t bytes) {
    return there(realloc(old, bytes > 0 ? bytes : 1));
}

char *copied(const char *data, size_t length) {
    char *copy = allocated(length + 1);
    if (length > 0) {
        memcpy(copy, data, length);
    }
    return copy;
}

char *copied_text(const char *text) {
    return text == NULL ? NULL : copied(text, strlen(text));
}
