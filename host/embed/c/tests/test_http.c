/* The mount: whom it answers, what it passes on, and what it answers by itself. */

#include "support.h"

#include <stdarg.h>

#define HEADERS 8

/* A request that is filled in step by step. */
typedef struct request {
    const char *method, *target, *body;
    size_t length;
    scimlet_header headers[HEADERS];
    size_t count;
} request;

typedef struct reply {
    int status;
    char location[256], authenticate[64], retry[16], limit[64], internal[64];
    /* To be freed. */
    json_t *body;
    bool was_early;
} reply;

static void take(const char *wanted, const scimlet_header *header, char *out, size_t room) {
    if (strcmp(header->name, wanted) == 0) {
        snprintf(out, room, "%s", header->value);
    }
}

static reply replied(const scimlet_response *response, bool was_early) {
    reply reply = {.status = response->status, .was_early = was_early};
    for (size_t i = 0; i < response->count; i++) {
        const scimlet_header *header = &response->headers[i];
        take("location", header, reply.location, sizeof reply.location);
        take("www-authenticate", header, reply.authenticate, sizeof reply.authenticate);
        take("retry-after", header, reply.retry, sizeof reply.retry);
        take("ratelimit", header, reply.limit, sizeof reply.limit);
        if (strncmp(header->name, "x-scimlet-", strlen("x-scimlet-")) == 0) {
            snprintf(reply.internal, sizeof reply.internal, "%s", header->name);
        }
    }
    reply.body = json_loadb(response->body, response->length, 0, NULL);
    return reply;
}

static reply sent(const scimlet_mount *mount, const request *request) {
    scimlet_head head = {.method = request->method,
        .target = request->target,
        .headers = request->headers,
        .count = request->count,
        .client_address = "192.0.2.1"};
    scimlet_request *begun = scimlet_request_begin(mount, &head);
    bool was_early = scimlet_request_early(begun) != NULL;
    /* In parts, as servers have it. */
    for (size_t at = 0; at < request->length; at += 1000) {
        size_t left = request->length - at;
        scimlet_request_write(begun, request->body + at, left < 1000 ? left : 1000);
    }
    reply reply = replied(scimlet_request_end(begun), was_early);
    scimlet_request_delete(begun);
    return reply;
}

static request asking(const char *secret, const char *method, const char *target) {
    static char authorization[256];
    request request = {.method = method, .target = target};
    request.headers[request.count++] = (scimlet_header){"Host", "scim.example.com"};
    if (secret != NULL) {
        snprintf(authorization, sizeof authorization, "Bearer %s", secret);
        request.headers[request.count++] = (scimlet_header){"Authorization", authorization};
    }
    return request;
}

static void with(request *request, const char *name, const char *value) {
    request->headers[request->count++] = (scimlet_header){name, value};
}

static void with_body(request *request, const char *body, size_t length) {
    static char number[32];
    request->body = body;
    request->length = length;
    snprintf(number, sizeof number, "%zu", length);
    with(request, "Content-Length", number);
    with(request, "Content-Type", "application/scim+json");
}

/* The status alone. */
static int status(const scimlet_mount *mount, const request *request) {
    reply reply = sent(mount, request);
    json_decref(reply.body);
    return reply.status;
}

static int get(const scimlet_mount *mount, const char *secret, const char *target) {
    request request = asking(secret, "GET", target);
    return status(mount, &request);
}

static const char user[] = "{\"schemas\":[\"" USER_SCHEMA "\"],\"userName\":\"\xc3\xa4nn\"}";

static void a_request_reaches_the_tenant_that_its_credential_names(
    const scimlet_mount *mount, const char *secret) {
    request create = asking(secret, "POST", "/scim/v2/Users");
    with_body(&create, user, strlen(user));
    with(&create, "X-Odd", "caf\xe9");
    reply made = sent(mount, &create);
    CHECK(made.status == 201 && made.internal[0] == '\0');
    char wanted[256];
    snprintf(wanted, sizeof wanted, "http://scim.example.com/scim/v2/Users/%s",
        json_string_value(json_object_get(made.body, "id")));
    CHECK(strcmp(made.location, wanted) == 0);
    json_decref(made.body);
    request find = asking(secret, "GET", "/scim/v2/Users?filter=userName%20eq%20%22%C3%A4nn%22");
    reply found = sent(mount, &find);
    CHECK(json_integer_value(json_object_get(found.body, "totalResults")) == 1);
    json_decref(found.body);
    /* As it came, however it was written. */
    CHECK(get(mount, secret, "/scim/v2/%55sers?count=0") == 200);
    CHECK(get(mount, secret, "/scim/v2/Users/caf\xe9") == 404);
    CHECK(get(mount, secret, "/scim/v2/Users?filter=userName%20eq%20%22\xff%22") == 400);
}

static void other_paths_are_the_applications(const scimlet_mount *mount) {
    CHECK(!scimlet_is_below(mount, "/") && !scimlet_is_below(mount, "/scim"));
    CHECK(!scimlet_is_below(mount, "/scim/v2x"));
    CHECK(scimlet_is_below(mount, "/scim/v2") && scimlet_is_below(mount, "/scim/v2?x"));
    CHECK(get(mount, NULL, "/scim/v2x") == 404);
}

static bool named(void *context, const scimlet_head *head, char tenant[64]) {
    (void)head;
    if (context == NULL) {
        return false;
    }
    snprintf(tenant, 64, "%s", (const char *)context);
    return true;
}

static void a_request_without_a_good_credential_gets_401(
    const scimlet_mount *mount, const char *secret) {
    const char *secrets[] = {NULL, "nonsense", "acme.nonsense", "scimlet_nobody_x_y"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        request request = asking(secrets[i], "GET", "/scim/v2/Users");
        reply refused = sent(mount, &request);
        CHECK(refused.status == 401 && refused.authenticate[0] != '\0');
        json_decref(refused.body);
    }
    /* A credential of another tenant. */
    scimlet_mount other = *mount;
    other.tenant = "umbrella";
    CHECK(get(&other, secret, "/scim/v2/Users") == 401);
    other.tenant = NULL;
    other.tenant_of = named;
    other.context = "acme";
    CHECK(get(&other, secret, "/scim/v2/Users") == 200);
    other.context = NULL;
    CHECK(get(&other, secret, "/scim/v2/Users") == 404);
    other.context = "caf\xe9";
    CHECK(get(&other, secret, "/scim/v2/Users") == 404);
}

static void a_base_url_is_as_clients_see_it(const scimlet_mount *mount, const char *secret) {
    scimlet_mount other = *mount;
    other.base_url = "https://id.example.com/v2";
    const char bo[] = "{\"schemas\":[\"" USER_SCHEMA "\"],\"userName\":\"bo\"}";
    request create = asking(secret, "POST", "/scim/v2/Users");
    with_body(&create, bo, strlen(bo));
    reply made = sent(&other, &create);
    CHECK(strncmp(made.location, "https://id.example.com/v2/Users/", 32) == 0);
    json_decref(made.body);
}

static void bodies_that_cannot_be_read(const scimlet_mount *mount, const char *secret) {
    request request = asking(secret, "POST", "/scim/v2/Users");
    with_body(&request, "\xff{}", 3);
    CHECK(status(mount, &request) == 400);
    size_t length = (1 << 20) + 1;
    char *large = malloc(length);
    memset(large, ' ', length);
    /* One that says so is refused before it is read. */
    request = asking(secret, "POST", "/scim/v2/Users");
    with_body(&request, large, length);
    reply refused = sent(mount, &request);
    CHECK(refused.status == 413 && refused.was_early);
    json_decref(refused.body);
    request = asking(secret, "POST", "/scim/v2/Users");
    with(&request, "Transfer-Encoding", "chunked");
    request.body = large;
    request.length = length;
    CHECK(status(mount, &request) == 413);
    /* Only who writes a group with a good credential may send as much. */
    request = asking(secret, "POST", "/scim/v2/Groups");
    with_body(&request, large, length);
    CHECK(status(mount, &request) == 400);
    request = asking("acme.nonsense", "POST", "/scim/v2/Groups");
    with_body(&request, large, length);
    refused = sent(mount, &request);
    CHECK(refused.status == 401 && refused.was_early);
    json_decref(refused.body);
    free(large);
}

static void the_profile_limits_the_rate(scimlet *scim, const scimlet_mount *mount) {
    scimlet_error error;
    CHECK(scimlet_create_tenant(scim, "limited", &error));
    const char *profile = "{\"extends\":\"okta\",\"rate\":{\"requests-per-second\":2}}";
    CHECK(scimlet_configure(scim, "limited", profile, &error));
    char *secret = scimlet_issue_credential(scim, "limited", "test", &error);
    CHECK(secret != NULL);
    int refusals = 0;
    for (int i = 0; i < 20; i++) {
        request request = asking(secret, "GET", "/scim/v2/Users");
        reply reply = sent(mount, &request);
        CHECK(reply.status == 200 || (reply.status == 429 && atoi(reply.retry) >= 1));
        refusals += reply.status == 429;
        /* What is meant for the mount stays there. */
        CHECK(reply.internal[0] == '\0');
        json_decref(reply.body);
    }
    CHECK(refusals > 0);
    /* Who has no good credential uses nothing up, and is not told. */
    CHECK(get(mount, "limited.nonsense", "/scim/v2/Users") == 401);
    free(secret);
}

static void *nothing(void *context, char sentence[SCIMLET_SENTENCE]) {
    (void)context;
    snprintf(sentence, SCIMLET_SENTENCE, "the database is away");
    return NULL;
}

static void silent(
    void *context, scimlet_level level, const char *tenant, const char *topic, const char *text) {
    (void)context, (void)level, (void)tenant, (void)topic, (void)text;
}

static void without_a_database_it_is_busy(const char *secret) {
    scimlet_error error;
    scimlet *scim = scimlet_open(
        (scimlet_database){.acquire = nothing}, &(scimlet_options){.log = silent}, &error);
    scimlet_mount mount = {.scim = scim, .at = "/scim/v2"};
    request request = asking(secret, "GET", "/scim/v2/Users");
    reply busy = sent(&mount, &request);
    CHECK(busy.status == 503 && atoi(busy.retry) > 0);
    json_decref(busy.body);
    scimlet_close(scim);
}

int main(void) {
    scimlet_error error;
    scimlet *scim = prepared(database_at(empty_sqlite()), &(scimlet_options){.log = silent});
    CHECK(scimlet_create_tenant(scim, "umbrella", &error));
    CHECK(scimlet_configure(scim, "umbrella", "{\"extends\":\"okta\"}", &error));
    char *secret = scimlet_issue_credential(scim, "acme", "Okta", &error);
    scimlet_mount mount = {.scim = scim, .at = "/scim/v2"};
    RUN(a_request_reaches_the_tenant_that_its_credential_names(&mount, secret));
    RUN(other_paths_are_the_applications(&mount));
    RUN(a_request_without_a_good_credential_gets_401(&mount, secret));
    RUN(a_base_url_is_as_clients_see_it(&mount, secret));
    RUN(bodies_that_cannot_be_read(&mount, secret));
    RUN(the_profile_limits_the_rate(scim, &mount));
    RUN(without_a_database_it_is_busy(secret));
    free(secret);
    scimlet_close(scim);
    return 0;
}
