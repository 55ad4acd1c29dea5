/* The application, which hears of each change before its commit (wit/application.wit). */

#ifndef SCIMLET_APPLICATION_H
#define SCIMLET_APPLICATION_H

#include "scimlet.h"
#include "values.h"

/* Tells the application each of the changes. `ids` is the list of the application's own ids if it
 * accepts all, and to be deleted in any case. */
scimlet_outcome application_asked(const scimlet_options *options, void *connection,
    const value *changes, value *ids, char sentence[SCIMLET_SENTENCE]);

#endif
