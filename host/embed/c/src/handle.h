/* What scimlet.h keeps to itself. */

#ifndef SCIMLET_HANDLE_H
#define SCIMLET_HANDLE_H

#include "instance.h"
#include "rates.h"
#include "scimlet.h"

struct scimlet {
    scimlet_database database;
    scimlet_options options;
    /* The pool and the rates of the one that scimlet_on was given, or its own. */
    pool own_pool, *pool;
    rates *rates;
    /* The code of the contract, if it is one. */
    code contract;
    /* The connection that scimlet_on was given. */
    void *joined;
};

/* Calls a function with arguments that stay the caller's; what it returned, as it is. `error`
 * is SCIMLET_OK before. */
json_t *scimlet_returned(scimlet *scim, const char *tenant, const char *function,
    const json_t *arguments, scimlet_error *error);

#endif
