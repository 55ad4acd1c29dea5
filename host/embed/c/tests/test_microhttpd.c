/* The mount in libmicrohttpd, by a client that writes HTTP by hand. */

#include "support.h"

#include "scimlet-microhttpd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* What other paths were asked, and how many of those requests have ended. */
static _Atomic int asked, ended;

static enum MHD_Result other(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *length, void **state) {
    (void)context, (void)url, (void)method, (void)version, (void)data;
    if (*state == NULL) {
        *state = malloc(1);
        return MHD_YES;
    }
    if (*length > 0) {
        *length = 0;
        return MHD_YES;
    }
    asked++;
    struct MHD_Response *own = MHD_create_response_from_buffer(3, "own", MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, own);
    MHD_destroy_response(own);
    return result;
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code) {
    (void)context, (void)connection, (void)code;
    free(*state);
    ended++;
}

/* A connection to the server. */
static int connected(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(client >= 0);
    CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    return client;
}

/* Sends a request and reads one response; its status. `response` gets the text of all of it. */
static int exchanged(int client, const char *request, char *response, size_t room) {
    size_t length = strlen(request), got = 0;
    for (size_t sent = 0; sent < length;) {
        ssize_t part = send(client, request + sent, length - sent, MSG_NOSIGNAL);
        if (part <= 0) {
            break; /* It has answered already. */
        }
        sent += (size_t)part;
    }
    for (;;) {
        response[got] = '\0';
        char *body = strstr(response, "\r\n\r\n");
        char *announced = strstr(response, "Content-Length: ");
        if (body != NULL && (announced == NULL || announced > body ||
                                strlen(body + 4) >= strtoul(announced + 16, NULL, 10))) {
            return atoi(response + strlen("HTTP/1.1 "));
        }
        ssize_t part = recv(client, response + got, room - got - 1, 0);
        if (part <= 0) {
            return 0;
        }
        got += (size_t)part;
    }
}

static void serves_beside_the_application(uint16_t port, const char *secret) {
    char request[512], response[8192];
    int client = connected(port);
    /* One connection for all. */
    snprintf(request, sizeof request,
        "GET /scim/v2/Users?filter=userName%%20eq%%20%%22a%%22 HTTP/1.1\r\nHost: x\r\n"
        "Authorization: Bearer %s\r\n\r\n",
        secret);
    CHECK(exchanged(client, request, response, sizeof response) == 200);
    CHECK(strstr(response, "\"totalResults\":0") != NULL);
    const char *own = "POST /own HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
    CHECK(exchanged(client, own, response, sizeof response) == 200);
    CHECK(strstr(response, "own") != NULL && asked == 1);
    snprintf(request, sizeof request,
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x:1\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/scim+json\r\nTransfer-Encoding: chunked\r\n\r\n"
        "10\r\n{\"schemas\":[\"urn\r\n3d\r\n:ietf:params:scim:schemas:core:2.0:User\"],"
        "\"userName\":\"adax\"}\r\n0\r\n\r\n",
        secret);
    CHECK(exchanged(client, request, response, sizeof response) == 201);
    CHECK(strstr(response, "location: http://x:1/scim/v2/Users/") != NULL);
    close(client);
}

static void refuses_before_it_reads(uint16_t port) {
    char response[8192];
    int client = connected(port);
    const char *large = "POST /scim/v2/Groups HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
                        "Authorization: Bearer acme.nonsense\r\n\r\n{";
    CHECK(exchanged(client, large, response, sizeof response) == 401);
    close(client);
    client = connected(port);
    CHECK(exchanged(client, "GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\n\r\n", response,
              sizeof response) == 401);
    /* Its connection is as good as before. */
    CHECK(exchanged(client, "GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\n\r\n", response,
              sizeof response) == 401);
    close(client);
}

int main(void) {
    scimlet_error error;
    scimlet *scim = prepared(database_at(empty_sqlite()), NULL);
    char *secret = scimlet_issue_credential(scim, "acme", "Okta", &error);
    scimlet_microhttpd server = {
        .mount = {.scim = scim, .at = "/scim/v2"}, .other = other, .other_completed = completed};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
        scimlet_microhttpd_answer, &server, MHD_OPTION_URI_LOG_CALLBACK, scimlet_microhttpd_uri,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, scimlet_microhttpd_completed, &server, MHD_OPTION_END);
    CHECK(daemon != NULL);
    uint16_t port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    RUN(serves_beside_the_application(port, secret));
    RUN(refuses_before_it_reads(port));
    MHD_stop_daemon(daemon);
    CHECK(ended == asked);
    free(secret);
    scimlet_close(scim);
    return 0;
}
