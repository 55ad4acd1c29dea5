/* Memory that is always there: without it the process ends. */

#ifndef SCIMLET_MEMORY_H
#define SCIMLET_MEMORY_H

#include <stddef.h>

/* So many bytes, all zero. */
void *allocated(size_t bytes);
/* As realloc. */
void *grown(void *old, size_t bytes);
/* These bytes with a zero behind them. */
char *copied(const char *data, size_t length);
/* A text; NULL of NULL. */
char *copied_text(const char *text);

#endif
