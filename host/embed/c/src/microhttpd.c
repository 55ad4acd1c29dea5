#include "scimlet-microhttpd.h"

#include "memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

/* What a client may send on behind a refusal before its connection is closed. */
#define MOST_IGNORED ((size_t)32 << 20)

/* A request from its first line on. */
typedef struct state {
    char *target;
    scimlet_request *request;
    size_t ignored;
    /* Whether another path was asked, and the `request_cls` of who answers those. */
    bool is_other;
    void *other;
} state;

void *scimlet_microhttpd_uri(void *context, const char *uri, struct MHD_Connection *connection) {
    (void)context;
    (void)connection;
    state *made = allocated(sizeof *made);
    made->target = copied_text(uri);
    return made;
}

void scimlet_microhttpd_completed(void *context, struct MHD_Connection *connection,
    void **request_cls, enum MHD_RequestTerminationCode code) {
    const scimlet_microhttpd *here = context;
    state *state = *request_cls;
    if (state != NULL) {
        if (here->other_completed != NULL && state->is_other) {
            here->other_completed(here->other_context, connection, &state->other, code);
        }
        scimlet_request_delete(state->request);
        free(state->target);
        free(state);
        *request_cls = NULL;
    }
}

typedef struct headers {
    scimlet_header *all;
    size_t count;
} headers;

static enum MHD_Result collect(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    headers *headers = context;
    headers->all = grown(headers->all, (headers->count + 1) * sizeof *headers->all);
    headers->all[headers->count++] = (scimlet_header){name, value != NULL ? value : ""};
    return MHD_YES;
}

/* The client's address; NULL if there is none. */
static const char *address_of(struct MHD_Connection *connection, char text[INET6_ADDRSTRLEN]) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL) {
        return NULL;
    }
    if (info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)info->client_addr;
        return inet_ntop(AF_INET, &v4->sin_addr, text, INET6_ADDRSTRLEN);
    }
    if (info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)info->client_addr;
        return inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
    }
    return NULL;
}

static scimlet_request *begun(const scimlet_mount *mount, struct MHD_Connection *connection,
    const char *method, const char *target) {
    headers headers = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, collect, &headers);
    char address[INET6_ADDRSTRLEN];
    bool is_tls = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_PROTOCOL) != NULL;
    scimlet_head head = {.method = method,
        .target = target,
        .headers = headers.all,
        .count = headers.count,
        .client_address = address_of(connection, address),
        .scheme = is_tls ? "https" : "http"};
    scimlet_request *request = scimlet_request_begin(mount, &head);
    free(headers.all);
    return request;
}

static enum MHD_Result sent(struct MHD_Connection *connection, const scimlet_response *response) {
    struct MHD_Response *made = MHD_create_response_from_buffer(
        response->length, (void *)response->body, MHD_RESPMEM_MUST_COPY);
    for (size_t i = 0; i < response->count; i++) {
        MHD_add_response_header(made, response->headers[i].name, response->headers[i].value);
    }
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)response->status, made);
    MHD_destroy_response(made);
    return result;
}

static bool has_body(struct MHD_Connection *connection) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "content-length") != NULL ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "transfer-encoding") != NULL;
}

enum MHD_Result scimlet_microhttpd_answer(void *server, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data, size_t *length,
    void **request_cls) {
    const scimlet_microhttpd *here = server;
    state *state = *request_cls;
    if (here->other != NULL && !scimlet_is_below(&here->mount, state->target)) {
        state->is_other = true;
        return here->other(
            here->other_context, connection, url, method, version, data, length, &state->other);
    }
    if (state->request == NULL) {
        state->request = begun(&here->mount, connection, method, state->target);
        const scimlet_response *early = scimlet_request_early(state->request);
        /* Whoever is answered before its body was read loses the connection. */
        return early != NULL && has_body(connection) ? sent(connection, early) : MHD_YES;
    }
    if (*length > 0) {
        scimlet_request_write(state->request, data, *length);
        if (scimlet_request_early(state->request) != NULL) {
            state->ignored += *length;
        }
        *length = 0;
        return state->ignored > MOST_IGNORED ? MHD_NO : MHD_YES;
    }
    return sent(connection, scimlet_request_end(state->request));
}
