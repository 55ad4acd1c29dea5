/* SCIM in a server of libmicrohttpd 0.9.71 or newer. Give the three functions to MHD_start_daemon:
 *
 *     MHD_start_daemon(flags, port, NULL, NULL, scimlet_microhttpd_answer, &server,
 *         MHD_OPTION_URI_LOG_CALLBACK, scimlet_microhttpd_uri, NULL,
 *         MHD_OPTION_NOTIFY_COMPLETED, scimlet_microhttpd_completed, &server, MHD_OPTION_END)
 *
 * A request computes in the thread that MHD calls, so let MHD have a thread for each connection
 * (MHD_USE_THREAD_PER_CONNECTION) or a pool of them (MHD_OPTION_THREAD_POOL_SIZE). */

#ifndef SCIMLET_MICROHTTPD_H
#define SCIMLET_MICROHTTPD_H

#include "scimlet-http.h"

#include <microhttpd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where SCIM is, and who answers all other paths; without `other` they get 404. `other` has a
 * `request_cls` of its own, NULL at first. */
typedef struct scimlet_microhttpd {
    scimlet_mount mount;
    MHD_AccessHandlerCallback other;
    void *other_context;
    /* Told of the end of what `other` answered. May be NULL. */
    MHD_RequestCompletedCallback other_completed;
} scimlet_microhttpd;

/* An MHD_AccessHandlerCallback, whose context is a scimlet_microhttpd. */
enum MHD_Result scimlet_microhttpd_answer(void *server, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data, size_t *length,
    void **request_cls);

/* For MHD_OPTION_URI_LOG_CALLBACK: MHD decodes paths, and SCIM needs them as they came. */
void *scimlet_microhttpd_uri(void *context, const char *uri, struct MHD_Connection *connection);

/* For MHD_OPTION_NOTIFY_COMPLETED, whose context is the scimlet_microhttpd. */
void scimlet_microhttpd_completed(void *context, struct MHD_Connection *connection,
    void **request_cls, enum MHD_RequestTerminationCode code);

#ifdef __cplusplus
}
#endif

#endif
