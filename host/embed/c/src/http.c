#include "scimlet-http.h"

#include "handle.h"
#include "memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The most bytes of a body. */
#define BODY_BYTES ((size_t)1 << 20)
/* The same where a client with a good credential writes a group: 100,000 members have some
 * 20 MiB. */
#define GROUP_BODY_BYTES ((size_t)24 << 20)
#define RETRY_SECONDS "5"
#define ERROR_SCHEMA "urn:ietf:params:scim:api:messages:2.0:Error"

struct scimlet_request {
    const scimlet_mount *mount;
    char tenant[64];
    char *method, *path, *query, *base_url, *client_address;
    json_t *headers;
    char *body;
    size_t length, room, most;
    bool is_answered;
    scimlet_response response;
    /* The texts of the response. */
    json_t *answer;
};

bool scimlet_is_below(const scimlet_mount *mount, const char *target) {
    size_t length = strlen(mount->at);
    char after = strncmp(target, mount->at, length) == 0 ? target[length] : 'x';
    return after == '\0' || after == '/' || after == '?';
}

/* ---- Responses ---- */

/* Takes over an object with `status`, `headers` and `body`. */
static void answer(scimlet_request *request, json_t *given) {
    json_t *headers = json_object_get(given, "headers"), *body = json_object_get(given, "body");
    scimlet_header *told = allocated(json_array_size(headers) * sizeof *told);
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(headers); i++) {
        json_t *header = json_array_get(headers, i);
        const char *name = json_string_value(json_array_get(header, 0));
        if (strncmp(name, "x-scimlet-", strlen("x-scimlet-")) != 0) {
            told[count++] = (scimlet_header){name, json_string_value(json_array_get(header, 1))};
        }
    }
    request->answer = given;
    request->is_answered = true;
    request->response =
        (scimlet_response){.status = (int)json_integer_value(json_object_get(given, "status")),
            .headers = told,
            .count = count,
            .body = json_string_value(body),
            .length = json_string_length(body)};
}

static void add_header(json_t *response, const char *name, const char *value) {
    json_array_append_new(json_object_get(response, "headers"), json_pack("[ss]", name, value));
}

/* A SCIM error (RFC 7644 section 3.12) of the mount itself. */
static json_t *problem(int status, const char *detail) {
    char number[16];
    snprintf(number, sizeof number, "%d", status);
    json_t *error =
        json_pack("{s:[s], s:s, s:s}", "schemas", ERROR_SCHEMA, "status", number, "detail", detail);
    char *body = json_dumps(error, JSON_COMPACT);
    json_t *made = json_pack("{s:i, s:[[ss], [ss], [ss]], s:s}", "status", status, "headers",
        "content-type", "application/scim+json", "x-content-type-options", "nosniff",
        "cache-control", "no-store", "body", body);
    free(body);
    json_decref(error);
    return made;
}

static void refuse(scimlet_request *request, int status, const char *detail) {
    answer(request, problem(status, detail));
}

/* The response where an error took the place of one. */
static void fail(scimlet_request *request, const scimlet_error *error) {
    say(&request->mount->scim->options, SCIMLET_ERROR, request->tenant, "http",
        "%s was given up: %s", request->method, error->text);
    if (error->code != SCIMLET_UNAVAILABLE) {
        refuse(request, 500, "internal error");
        return;
    }
    json_t *busy = problem(503, "the service is busy, try again later");
    add_header(busy, "retry-after", RETRY_SECONDS);
    answer(request, busy);
}

/* ---- The head ---- */

static const char *header_of(const scimlet_head *head, const char *name) {
    for (size_t i = 0; i < head->count; i++) {
        if (strcasecmp(head->headers[i].name, name) == 0) {
            return head->headers[i].value;
        }
    }
    return NULL;
}

/* A text whose bytes beyond ASCII are percent-encoded, as they have to be in a URL. */
static char *encoded(const char *text, size_t length) {
    char *made = allocated(3 * length + 1), *at = made;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x80) {
            *at++ = (char)byte;
        } else {
            at += snprintf(at, 4, "%%%02X", byte);
        }
    }
    return made;
}

/* A header's value; bytes that are no UTF-8 may have any form. */
static json_t *text_of(const char *value) {
    size_t length = strlen(value);
    if (is_utf8(value, length)) {
        return json_stringn(value, length);
    }
    char *made = encoded(value, length);
    json_t *text = json_string(made);
    free(made);
    return text;
}

static json_t *headers_of(const scimlet_head *head) {
    json_t *headers = json_array();
    for (size_t i = 0; i < head->count; i++) {
        const scimlet_header *header = &head->headers[i];
        json_t *pair = json_array();
        json_array_append_new(pair, text_of(header->name));
        json_array_append_new(pair, text_of(header->value));
        json_array_append_new(headers, pair);
    }
    return headers;
}

static char *base_url_of(const scimlet_mount *mount, const scimlet_head *head) {
    const char *host = header_of(head, "host");
    host = host != NULL && is_utf8(host, strlen(host)) ? host : "localhost";
    const char *scheme = head->scheme != NULL ? head->scheme : "http";
    size_t room = strlen(scheme) + strlen(host) + strlen(mount->at) + sizeof "://";
    char *made = allocated(room);
    snprintf(made, room, "%s://%s%s", scheme, host, mount->at);
    return made;
}

static bool writes_groups(const char *method, const char *path) {
    bool writes =
        strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
    size_t length = strlen("/Groups");
    return writes && strncmp(path, "/Groups", length) == 0 &&
           (path[length] == '\0' || path[length] == '/');
}

/* The length that the request announces; false if it announces none. */
static bool announced(const scimlet_head *head, unsigned long long *length) {
    const char *given = header_of(head, "content-length");
    /* Some servers let a request have both, and then the length says nothing. */
    if (given == NULL || !isdigit((unsigned char)*given) ||
        header_of(head, "transfer-encoding") != NULL) {
        return false;
    }
    *length = strtoull(given, NULL, 10);
    return true;
}

static void too_large(scimlet_request *request) {
    char detail[80];
    snprintf(detail, sizeof detail, "a body may have %zu bytes here", request->most);
    refuse(request, 413, detail);
}

/* ---- The tenant and the client ---- */

static void find_tenant(scimlet_request *request, const scimlet_head *head) {
    const scimlet_mount *mount = request->mount;
    if (mount->tenant != NULL) {
        snprintf(request->tenant, sizeof request->tenant, "%s", mount->tenant);
        return;
    }
    if (mount->tenant_of != NULL) {
        bool found = mount->tenant_of(mount->context, head, request->tenant);
        request->tenant[sizeof request->tenant - 1] = '\0';
        if (!found || !is_utf8(request->tenant, strlen(request->tenant))) {
            request->tenant[0] = '\0';
            refuse(request, 404, "there is nothing here");
        }
        return;
    }
    scimlet_error error = {.code = SCIMLET_OK};
    json_t *arguments = json_pack("{s:O}", "headers", request->headers);
    json_t *name = scimlet_returned(mount->scim, "", "provider.tenant-of", arguments, &error);
    json_decref(arguments);
    if (name == NULL) {
        fail(request, &error);
    } else if (json_is_null(name)) {
        json_t *unknown = problem(401, "there is no credential");
        add_header(unknown, "www-authenticate", "Bearer");
        answer(request, unknown);
    } else {
        snprintf(request->tenant, sizeof request->tenant, "%s", json_string_value(name));
    }
    json_decref(name);
}

static json_t *origin_of(const scimlet_request *request) {
    return json_pack("{s:s, s:s, s:s?, s:s}", "tenant", request->tenant, "base-url",
        request->base_url, "client-address", request->client_address, "caller", "unknown");
}

static void count(scimlet_request *request) {
    rate_refusal refusal;
    if (rates_admit(request->mount->scim->rates, request->tenant, &refusal)) {
        return;
    }
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%d", refusal.retry_seconds);
    json_t *refused = problem(429, "the tenant's clients ask more often than they may");
    add_header(refused, "retry-after", seconds);
    if (refusal.policy[0] != '\0') {
        add_header(refused, "ratelimit", refusal.limit);
        add_header(refused, "ratelimit-policy", refusal.policy);
    }
    answer(request, refused);
}

/* Checks the credential before the body is read, and counts the request. */
static void authorize(scimlet_request *request) {
    scimlet_error error = {.code = SCIMLET_OK};
    json_t *arguments =
        json_pack("{s:o, s:O}", "origin", origin_of(request), "headers", request->headers);
    json_t *result = scimlet_returned(
        request->mount->scim, request->tenant, "provider.authorize", arguments, &error);
    json_decref(arguments);
    if (result == NULL) {
        fail(request, &error);
        return;
    }
    json_t *refused = json_object_get(result, "err");
    if (refused != NULL) {
        answer(request, json_incref(refused));
    } else {
        count(request);
    }
    json_decref(result);
}

/* ---- The request ---- */

scimlet_request *scimlet_request_begin(const scimlet_mount *mount, const scimlet_head *head) {
    scimlet_request *request = allocated(sizeof *request);
    request->mount = mount;
    request->method = encoded(head->method, strlen(head->method));
    size_t at = strlen(mount->at), path = strcspn(head->target, "?");
    bool is_below = scimlet_is_below(mount, head->target);
    request->path = is_below ? encoded(head->target + at, path - at) : copied_text("");
    const char *query = head->target[path] == '?' ? head->target + path + 1 : "";
    request->query = encoded(query, strlen(query));
    request->base_url =
        mount->base_url != NULL ? copied_text(mount->base_url) : base_url_of(mount, head);
    request->client_address = copied_text(head->client_address);
    request->headers = headers_of(head);
    bool is_group = writes_groups(request->method, request->path);
    request->most = is_group ? GROUP_BODY_BYTES : BODY_BYTES;
    if (!is_below) {
        refuse(request, 404, "there is nothing here");
    } else {
        find_tenant(request, head);
    }
    unsigned long long length = 0;
    bool is_known = announced(head, &length);
    /* Clients without a good credential use nothing up. */
    bool may_be_large =
        is_group && (is_known ? length > BODY_BYTES : header_of(head, "transfer-encoding") != NULL);
    if (!request->is_answered &&
        (may_be_large || rates_has_limit(mount->scim->rates, request->tenant))) {
        authorize(request);
    }
    if (!request->is_answered && is_known && length > request->most) {
        too_large(request);
    }
    return request;
}

const scimlet_response *scimlet_request_early(const scimlet_request *request) {
    return request->is_answered ? &request->response : NULL;
}

void scimlet_request_write(scimlet_request *request, const void *data, size_t length) {
    if (request->is_answered || length == 0) {
        return;
    }
    if (length > request->most - request->length) {
        too_large(request);
        return;
    }
    if (request->length + length > request->room) {
        request->room = 2 * (request->length + length);
        request->body = grown(request->body, request->room);
    }
    memcpy(request->body + request->length, data, length);
    request->length += length;
}

static const char *told(json_t *response, const char *name) {
    size_t i;
    json_t *header;
    json_array_foreach(json_object_get(response, "headers"), i, header) {
        if (strcmp(json_string_value(json_array_get(header, 0)), name) == 0) {
            return json_string_value(json_array_get(header, 1));
        }
    }
    return NULL;
}

/* Learns what the response says of the tenant's rate. */
static void settle(scimlet_request *request, json_t *response) {
    const char *rate = told(response, "x-scimlet-rate"), *cost = told(response, "x-scimlet-cost");
    char limit[64];
    rates_settle(request->mount->scim->rates, request->tenant,
        (int)json_integer_value(json_object_get(response, "status")), rate != NULL ? atof(rate) : 0,
        cost != NULL ? atof(cost) : 1, told(response, "ratelimit-policy"), limit);
    if (limit[0] != '\0') {
        add_header(response, "ratelimit", limit);
    }
}

const scimlet_response *scimlet_request_end(scimlet_request *request) {
    if (request->is_answered) {
        return &request->response;
    }
    const char *body = request->body != NULL ? request->body : "";
    if (!is_utf8(body, request->length)) {
        refuse(request, 400, "the body is no UTF-8");
        return &request->response;
    }
    json_t *arguments =
        json_pack("{s:o, s:{s:s, s:s, s:s, s:O, s:o}}", "origin", origin_of(request), "request",
            "method", request->method, "path", request->path, "query", request->query, "headers",
            request->headers, "body", json_stringn_nocheck(body, request->length));
    free(request->body);
    request->body = NULL;
    scimlet_error error = {.code = SCIMLET_OK};
    json_t *response = scimlet_returned(
        request->mount->scim, request->tenant, "provider.handle", arguments, &error);
    json_decref(arguments);
    if (response == NULL) {
        fail(request, &error);
    } else {
        settle(request, response);
        answer(request, response);
    }
    return &request->response;
}

void scimlet_request_delete(scimlet_request *request) {
    if (request == NULL) {
        return;
    }
    free(request->method);
    free(request->path);
    free(request->query);
    free(request->base_url);
    free(request->client_address);
    json_decref(request->headers);
    free(request->body);
    free((void *)request->response.headers);
    json_decref(request->answer);
    free(request);
}
