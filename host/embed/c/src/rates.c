#include "rates.h"

#include "memory.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* So many tenants are remembered; the next one takes the place of the first. */
#define TENANTS (1 << 16)
#define MOST_DEBT_SECONDS 60

/* What is left to a tenant's clients together. */
typedef struct bucket {
    char *tenant;
    /* Requests a second, which is also the most at once. */
    double rate;
    /* Negative after a request that cost more than was left. */
    double left;
    double at;
    /* As clients are told; empty if they are not. */
    char policy[128];
} bucket;

struct rates {
    /* The place of each tenant's bucket. */
    json_t *places;
    bucket *buckets;
    size_t count, next;
    pthread_mutex_t lock;
};

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

rates *rates_new(void) {
    rates *made = allocated(sizeof *made);
    made->places = json_object();
    pthread_mutex_init(&made->lock, NULL);
    return made;
}

void rates_delete(rates *rates) {
    for (size_t i = 0; i < rates->count; i++) {
        free(rates->buckets[i].tenant);
    }
    free(rates->buckets);
    json_decref(rates->places);
    pthread_mutex_destroy(&rates->lock);
    free(rates);
}

static bucket *found(rates *rates, const char *tenant) {
    json_t *place = json_object_get(rates->places, tenant);
    return place == NULL ? NULL : &rates->buckets[json_integer_value(place)];
}

static void charge(bucket *bucket, double cost) {
    double now = seconds_now();
    double left = fmin(bucket->left + (now - bucket->at) * bucket->rate, bucket->rate) - cost;
    bucket->left = fmax(left, -MOST_DEBT_SECONDS * bucket->rate);
    bucket->at = now;
}

/* What is left, and the seconds until all is (draft-ietf-httpapi-ratelimit-headers). */
static void limit_of(const bucket *bucket, char limit[64]) {
    snprintf(limit, 64, "\"default\";r=%.0f;t=%.0f", fmax(floor(bucket->left), 0),
        ceil((bucket->rate - bucket->left) / bucket->rate));
}

/* The bucket's place is taken when its turn comes. */
static void forget(rates *rates, bucket *bucket) {
    json_object_del(rates->places, bucket->tenant);
    free(bucket->tenant);
    bucket->tenant = NULL;
}

static bucket *added(rates *rates, const char *tenant, double rate) {
    size_t place = rates->next;
    rates->next = (rates->next + 1) % TENANTS;
    if (place == rates->count) {
        rates->count++;
        rates->buckets = grown(rates->buckets, rates->count * sizeof(bucket));
    } else if (rates->buckets[place].tenant != NULL) {
        forget(rates, &rates->buckets[place]);
    }
    rates->buckets[place] = (bucket){
        .tenant = copied_text(tenant), .rate = rate, .left = rate - 1, .at = seconds_now()};
    json_object_set_new(rates->places, tenant, json_integer((json_int_t)place));
    return &rates->buckets[place];
}

bool rates_has_limit(rates *rates, const char *tenant) {
    pthread_mutex_lock(&rates->lock);
    bool has = found(rates, tenant) != NULL;
    pthread_mutex_unlock(&rates->lock);
    return has;
}

bool rates_admit(rates *rates, const char *tenant, rate_refusal *refusal) {
    pthread_mutex_lock(&rates->lock);
    bucket *bucket = found(rates, tenant);
    bool admitted = true;
    if (bucket != NULL) {
        charge(bucket, 0);
        admitted = bucket->left >= 1;
        *refusal = (rate_refusal){0};
        if (admitted) {
            bucket->left -= 1;
        } else {
            refusal->retry_seconds = (int)ceil((1 - bucket->left) / bucket->rate);
            if (bucket->policy[0] != '\0') {
                limit_of(bucket, refusal->limit);
                snprintf(refusal->policy, sizeof refusal->policy, "%s", bucket->policy);
            }
        }
    }
    pthread_mutex_unlock(&rates->lock);
    return admitted;
}

void rates_settle(rates *rates, const char *tenant, int status, double rate, double cost,
    const char *policy, char limit[64]) {
    limit[0] = '\0';
    pthread_mutex_lock(&rates->lock);
    bucket *bucket = found(rates, tenant);
    if (rate > 0) {
        bucket = bucket != NULL ? bucket : added(rates, tenant, rate);
        bucket->rate = rate;
        snprintf(bucket->policy, sizeof bucket->policy, "%s", policy != NULL ? policy : "");
    } else if (bucket != NULL && status < 400) {
        forget(rates, bucket);
        bucket = NULL;
    }
    if (bucket != NULL) {
        charge(bucket, cost - 1);
        if (policy != NULL) {
            limit_of(bucket, limit);
        }
    }
    pthread_mutex_unlock(&rates->lock);
}
