/* Rows as the component gets them. */

#ifndef SCIMLET_ROWS_H
#define SCIMLET_ROWS_H

#include "scimlet.h"
#include "values.h"

struct scimlet_rows {
    value *rows;
    size_t count, room;
    /* The columns of the last row that are set. */
    size_t set;
    size_t bytes;
    /* Why they are none; NULL if they are good. */
    const char *wrong;
};

/* Takes the rows as a list. */
value rows_taken(scimlet_rows *rows);
void rows_dropped(scimlet_rows *rows);

/* A parameter, whose bytes are the value's; those of a blob are copied to `*blob`, for the caller
 * to free. */
scimlet_value parameter_of(const value *given, char **blob);

#endif
