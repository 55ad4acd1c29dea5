#include "scimlet.h"

#include "handle.h"
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_INSTANCES 32

scimlet *scimlet_open(
    scimlet_database database, const scimlet_options *options, scimlet_error *error) {
    *error = (scimlet_error){.code = SCIMLET_OK};
    const code *code = code_acquired(error);
    if (code == NULL) {
        if (database.close != NULL) {
            database.close(database.context);
        }
        return NULL;
    }
    scimlet *made = allocated(sizeof *made);
    made->database = database;
    if (options != NULL) {
        made->options = *options;
    }
    size_t idle = made->options.idle_instances;
    made->pool = &made->own_pool;
    pool_open(made->pool, code, idle > 0 ? idle : IDLE_INSTANCES);
    made->rates = rates_new();
    return made;
}

scimlet *scimlet_open_contract(
    scimlet_database database, const void *wasm, size_t length, scimlet_error *error) {
    scimlet *made = scimlet_open(database, NULL, error);
    if (made != NULL && !code_of(wasm, length, &made->contract, error)) {
        scimlet_close(made);
        return NULL;
    }
    if (made != NULL) {
        pool_close(made->pool);
        pool_open(made->pool, &made->contract, 0); /* Each case begins in a fresh instance. */
    }
    return made;
}

scimlet *scimlet_on(scimlet *scim, void *connection) {
    scimlet *joined = allocated(sizeof *joined);
    joined->database = scim->database;
    joined->options = scim->options;
    joined->pool = scim->pool;
    joined->rates = scim->rates;
    joined->joined = connection;
    return joined;
}

void scimlet_close(scimlet *scim) {
    if (scim == NULL) {
        return;
    }
    if (scim->joined == NULL) {
        pool_close(scim->pool);
        if (scim->contract.component != NULL) {
            wasmtime_component_delete(scim->contract.component);
        }
        rates_delete(scim->rates);
        if (scim->database.close != NULL) {
            scim->database.close(scim->database.context);
        }
        code_released();
    }
    free(scim);
}

/* The value of a result; NULL and the error of wit/ if it is one. */
static json_t *succeeded(json_t *result, scimlet_error *error) {
    static const struct {
        const char *name;
        scimlet_code code;
    } cases[] = {
        {"not-found", SCIMLET_NOT_FOUND},
        {"stale", SCIMLET_STALE},
        {"invalid", SCIMLET_INVALID},
        {"refused", SCIMLET_REFUSED},
        {"unsuitable", SCIMLET_UNSUITABLE},
    };
    json_t *value = json_object_get(result, "ok");
    if (value != NULL) {
        json_incref(value);
        json_decref(result);
        return value;
    }
    json_t *failure = json_object_get(result, "err");
    void *only = json_object_iter(failure);
    const char *name = only != NULL ? json_object_iter_key(only) : json_string_value(failure);
    const char *text = only != NULL ? json_string_value(json_object_iter_value(only)) : name;
    error->code = SCIMLET_UNAVAILABLE;
    for (size_t i = 0; name != NULL && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(name, cases[i].name) == 0) {
            error->code = cases[i].code;
        }
    }
    snprintf(error->text, sizeof error->text, "%s", text != NULL ? text : "it failed");
    json_decref(result);
    return NULL;
}

json_t *scimlet_returned(scimlet *scim, const char *tenant, const char *function,
    const json_t *arguments, scimlet_error *error) {
    port port = {.database = &scim->database,
        .options = &scim->options,
        .connection = scim->joined,
        .joins = scim->joined != NULL,
        .tenant = tenant,
        .usable = true};
    bool needs = strcmp(function, "provider.tenant-of") != 0;
    if (needs && port.connection == NULL) {
        error->text[0] = '\0';
        port.connection = scim->database.acquire(scim->database.context, error->text);
        if (port.connection == NULL) {
            error->code = SCIMLET_UNAVAILABLE;
            return NULL;
        }
    }
    json_t *returned = pool_call(scim->pool, &port, function, arguments, error);
    port_close(&port);
    return returned;
}

json_t *scimlet_call_json(scimlet *scim, const char *tenant, const char *function,
    json_t *arguments, scimlet_error *error) {
    *error = (scimlet_error){.code = SCIMLET_OK};
    if (!json_is_object(arguments)) {
        error->code = SCIMLET_INVALID;
        snprintf(error->text, sizeof error->text, "the arguments are no object of UTF-8 texts");
        json_decref(arguments);
        return NULL;
    }
    if (!is_utf8(tenant, strlen(tenant))) {
        error->code = SCIMLET_INVALID;
        snprintf(error->text, sizeof error->text, "the tenant's name is no UTF-8");
        json_decref(arguments);
        return NULL;
    }
    json_t *returned = scimlet_returned(scim, tenant, function, arguments, error);
    json_decref(arguments);
    bool is_result = strncmp(function, "provider.", strlen("provider.")) != 0 &&
                     strncmp(function, "contract.", strlen("contract.")) != 0;
    return returned != NULL && is_result ? succeeded(returned, error) : returned;
}

static json_t *packed(const char *format, va_list arguments) {
    return format == NULL ? json_object() : json_vpack_ex(NULL, 0, format, arguments);
}

json_t *scimlet_call(scimlet *scim, const char *tenant, const char *function, scimlet_error *error,
    const char *format, ...) {
    va_list given;
    va_start(given, format);
    json_t *arguments = packed(format, given);
    va_end(given);
    return scimlet_call_json(scim, tenant, function, arguments, error);
}

bool scimlet_do(scimlet *scim, const char *tenant, const char *function, scimlet_error *error,
    const char *format, ...) {
    va_list given;
    va_start(given, format);
    json_t *arguments = packed(format, given);
    va_end(given);
    json_t *returned = scimlet_call_json(scim, tenant, function, arguments, error);
    json_decref(returned);
    return returned != NULL;
}

bool scimlet_migrate(scimlet *scim, scimlet_error *error) {
    return scimlet_do(scim, "", "tables.migrate", error, NULL);
}

bool scimlet_create_tenant(scimlet *scim, const char *tenant, scimlet_error *error) {
    json_t *made = scimlet_call(scim, "", "tables.create-tenant", error, "{s:s}", "name", tenant);
    bool is_new = json_is_true(made);
    json_decref(made);
    return is_new;
}

bool scimlet_configure(
    scimlet *scim, const char *tenant, const char *profile, scimlet_error *error) {
    return scimlet_do(scim, tenant, "admin.configure", error, "{s:s}", "profile", profile);
}

char *scimlet_issue_credential(
    scimlet *scim, const char *tenant, const char *label, scimlet_error *error) {
    json_t *issued =
        scimlet_call(scim, tenant, "admin.issue-credential", error, "{s:{s:s, s:s, s:s, s:[]}}",
            "request", "tenant", tenant, "label", label, "scheme", "bearer", "scopes");
    char *secret = copied_text(json_string_value(json_object_get(issued, "secret")));
    json_decref(issued);
    return secret;
}
