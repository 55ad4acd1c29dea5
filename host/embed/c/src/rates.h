/* Counts the requests of each tenant where its profile limits them (`x-scimlet-rate` in
 * wit/http.wit), in this process. */

#ifndef SCIMLET_RATES_H
#define SCIMLET_RATES_H

#include <stdbool.h>

typedef struct rates rates;

/* What clients are told where a request was refused. */
typedef struct rate_refusal {
    int retry_seconds;
    /* The headers `ratelimit` and `ratelimit-policy`; empty if clients are not told. */
    char limit[64], policy[128];
} rate_refusal;

rates *rates_new(void);
void rates_delete(rates *rates);

/* Whether requests of the tenant's clients are counted. */
bool rates_has_limit(rates *rates, const char *tenant);
/* Takes a request from what is left; false if nothing is. */
bool rates_admit(rates *rates, const char *tenant, rate_refusal *refusal);
/* Learns what a response says: `rate` of 0 is no limit, `cost` is 1 if it says nothing, `policy` is
 * NULL if clients are not told. Writes the header `ratelimit`, empty for none. */
void rates_settle(rates *rates, const char *tenant, int status, double rate, double cost,
    const char *policy, char limit[64]);

#endif
