#include "application.h"

#include <stdio.h>
#include <string.h>

static const char *text_in(const json_t *record, const char *name) {
    return json_string_value(json_object_get(record, name));
}

static value own_id(const char *product_id) {
    value made = {.kind = WASMTIME_COMPONENT_OPTION};
    if (product_id[0] != '\0') {
        value text = value_text(product_id, strlen(product_id));
        made.of.option = wasmtime_component_val_new(&text);
    }
    return made;
}

static scimlet_outcome told(
    const scimlet_options *options, void *connection, const value *given, scimlet_reply *reply) {
    json_t *record = value_to_json(given);
    scimlet_change change = {
        .resource_type = text_in(record, "resource-type"),
        .id = text_in(record, "id"),
        .product_id = text_in(record, "product-id"),
        .step = text_in(record, "step"),
        .before = text_in(record, "before"),
        .after = text_in(record, "after"),
        .attributes = json_object_get(record, "attributes"),
        .members_added = json_object_get(record, "members-added"),
        .members_removed = json_object_get(record, "members-removed"),
        .effects = json_object_get(record, "effects"),
    };
    scimlet_outcome outcome =
        options->application(options->application_context, connection, &change, reply);
    json_decref(record);
    return outcome;
}

scimlet_outcome application_asked(const scimlet_options *options, void *connection,
    const value *changes, value *ids, char sentence[SCIMLET_SENTENCE]) {
    *ids = value_list(changes->of.list.size);
    for (size_t i = 0; i < changes->of.list.size; i++) {
        scimlet_reply reply = {.product_id = ""};
        scimlet_outcome outcome = told(options, connection, &changes->of.list.data[i], &reply);
        reply.product_id[sizeof reply.product_id - 1] = '\0';
        reply.sentence[sizeof reply.sentence - 1] = '\0';
        if (outcome != SCIMLET_DONE) {
            snprintf(sentence, SCIMLET_SENTENCE, "%s", reply.sentence);
            return outcome;
        }
        if (!is_utf8(reply.product_id, strlen(reply.product_id))) {
            snprintf(sentence, SCIMLET_SENTENCE, "the application's id of a resource is no UTF-8");
            return SCIMLET_FAILED;
        }
        ids->of.list.data[i] = own_id(reply.product_id);
    }
    return SCIMLET_DONE;
}
