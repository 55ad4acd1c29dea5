/* SCIM over HTTP, in any server: the server hands over the head of a request, then the parts of its
 * body, and sends the response. A ready mount in libmicrohttpd is scimlet-microhttpd.h. */

#ifndef SCIMLET_HTTP_H
#define SCIMLET_HTTP_H

#include "scimlet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scimlet_header {
    const char *name;
    const char *value;
} scimlet_header;

/* The head of a request. */
typedef struct scimlet_head {
    const char *method;
    /* Path and query as they came, still percent-encoded: "/scim/v2/Users?count=1". */
    const char *target;
    const scimlet_header *headers;
    size_t count;
    /* The client's IP address; NULL if it is not known. */
    const char *client_address;
    /* "http" or "https", as the client sees it; NULL is "http". Only used without `base_url`. */
    const char *scheme;
} scimlet_head;

/* Where SCIM is. */
typedef struct scimlet_mount {
    scimlet *scim;
    /* The path of the base URL, such as "/scim/v2", without a final slash. */
    const char *at;
    /* The tenant's name; NULL if `tenant_of` or the credential names it. */
    const char *tenant;
    /* Finds the tenant's name; returns false if there is nothing here. May be NULL. */
    bool (*tenant_of)(void *context, const scimlet_head *head, char tenant[64]);
    void *context;
    /* SCIM's URL as clients see it; NULL if the request's Host says. */
    const char *base_url;
} scimlet_mount;

typedef struct scimlet_response {
    int status;
    /* Without content-length, which the server adds. The server leaves out the body of a HEAD. */
    const scimlet_header *headers;
    size_t count;
    const char *body;
    size_t length;
} scimlet_response;

/* A request between its head and its response. One thread at a time may use it. */
typedef struct scimlet_request scimlet_request;

/* Whether the mount answers requests with this target. */
bool scimlet_is_below(const scimlet_mount *mount, const char *target);

/* Begins a request. What is given is copied, but the mount has to stay. Where the body may be
 * large, or requests are counted, the credential is checked here. */
scimlet_request *scimlet_request_begin(const scimlet_mount *mount, const scimlet_head *head);

/* The response if it is known before the whole body was read: then the rest need not be read. NULL
 * if it is not. It lives as long as the request. */
const scimlet_response *scimlet_request_early(const scimlet_request *request);

/* Takes the next part of the body. Ignores it if the response is known. */
void scimlet_request_write(scimlet_request *request, const void *data, size_t length);

/* Answers the request, whose body is there as a whole. The response lives as long as the
 * request. */
const scimlet_response *scimlet_request_end(scimlet_request *request);

void scimlet_request_delete(scimlet_request *request);

#ifdef __cplusplus
}
#endif

#endif
