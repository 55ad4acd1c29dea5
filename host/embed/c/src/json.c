#include "values.h"

#include <stdio.h>
#include <string.h>

static bool wrong(char sentence[SCIMLET_SENTENCE], const char *wanted) {
    snprintf(sentence, SCIMLET_SENTENCE, "%s is needed", wanted);
    return false;
}

/* Says where in the value it was, from the inside to the outside. */
static bool within(char sentence[SCIMLET_SENTENCE], const char *name, size_t length) {
    char inner[SCIMLET_SENTENCE];
    memcpy(inner, sentence, sizeof inner);
    snprintf(sentence, SCIMLET_SENTENCE, "%.*s: %.*s", (int)length, name,
        (int)(SCIMLET_SENTENCE - length - 3), inner);
    return false;
}

/* ---- JSON to values ---- */

static bool integer_from_json(const json_t *json, int64_t least, int64_t most, int64_t *out) {
    if (!json_is_integer(json)) {
        return false;
    }
    *out = json_integer_value(json);
    return *out >= least && *out <= most;
}

static bool list_from_json(
    const json_t *json, const value_type *type, value *out, char sentence[SCIMLET_SENTENCE]) {
    if (!json_is_array(json)) {
        return wrong(sentence, "an array");
    }
    value_type element;
    wasmtime_component_list_type_element(type->of.list, &element);
    *out = value_list(json_array_size(json));
    bool good = true;
    for (size_t i = 0; good && i < json_array_size(json); i++) {
        good = value_from_json(json_array_get(json, i), &element, &out->of.list.data[i], sentence);
    }
    wasmtime_component_valtype_delete(&element);
    return good;
}

static bool tuple_from_json(
    const json_t *json, const value_type *type, value *out, char sentence[SCIMLET_SENTENCE]) {
    size_t count = wasmtime_component_tuple_type_types_count(type->of.tuple);
    if (!json_is_array(json) || json_array_size(json) != count) {
        return wrong(sentence, "an array with the parts of a tuple");
    }
    out->kind = WASMTIME_COMPONENT_TUPLE;
    wasmtime_component_valtuple_new_uninit(&out->of.tuple, count);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        value_type part;
        wasmtime_component_tuple_type_types_nth(type->of.tuple, i, &part);
        good = value_from_json(json_array_get(json, i), &part, &out->of.tuple.data[i], sentence);
        wasmtime_component_valtype_delete(&part);
    }
    return good;
}

/* A member of an object; what is absent is null. */
static const json_t *member(const json_t *object, const char *name, size_t length) {
    const json_t *found = json_object_getn(object, name, length);
    return found != NULL ? found : json_null();
}

static bool record_from_json(
    const json_t *json, const value_type *type, value *out, char sentence[SCIMLET_SENTENCE]) {
    if (!json_is_object(json)) {
        return wrong(sentence, "an object");
    }
    size_t count = wasmtime_component_record_type_field_count(type->of.record), known = 0;
    out->kind = WASMTIME_COMPONENT_RECORD;
    wasmtime_component_valrecord_new_uninit(&out->of.record, count);
    for (size_t i = 0; i < count; i++) {
        const char *name;
        size_t length;
        value_type field;
        wasmtime_component_record_type_field_nth(type->of.record, i, &name, &length, &field);
        wasmtime_component_valrecord_entry_t *entry = &out->of.record.data[i];
        entry->name = name_of(name, length);
        known += json_object_getn(json, name, length) != NULL;
        bool good = value_from_json(member(json, name, length), &field, &entry->val, sentence);
        wasmtime_component_valtype_delete(&field);
        if (!good) {
            return within(sentence, name, length);
        }
    }
    return known == json_object_size(json) || wrong(sentence, "an object with known members only");
}

/* The index and the type of a case; false if there is none of this name. */
static bool case_of(
    const value_type *type, const char *wanted, bool *has_payload, value_type *payload) {
    size_t count = wasmtime_component_variant_type_case_count(type->of.variant);
    for (size_t i = 0; i < count; i++) {
        const char *name;
        size_t length;
        wasmtime_component_variant_type_case_nth(
            type->of.variant, i, &name, &length, has_payload, payload);
        if (length == strlen(wanted) && memcmp(name, wanted, length) == 0) {
            return true;
        }
        if (*has_payload) {
            wasmtime_component_valtype_delete(payload);
        }
    }
    return false;
}

static bool variant_from_json(
    const json_t *json, const value_type *type, value *out, char sentence[SCIMLET_SENTENCE]) {
    const char *name = json_string_value(json);
    const json_t *given = NULL;
    if (json_is_object(json) && json_object_size(json) == 1) {
        void *only = json_object_iter((json_t *)json);
        name = json_object_iter_key(only);
        given = json_object_iter_value(only);
    }
    bool has_payload;
    value_type payload;
    if (name == NULL || !case_of(type, name, &has_payload, &payload)) {
        return wrong(sentence, "a case of the variant");
    }
    out->kind = WASMTIME_COMPONENT_VARIANT;
    out->of.variant.discriminant = name_of(name, strlen(name));
    out->of.variant.val = NULL;
    if (!has_payload) {
        return given == NULL || json_is_null(given) || wrong(sentence, "a case without a value");
    }
    value inner = {.kind = WASMTIME_COMPONENT_BOOL};
    bool good = value_from_json(given != NULL ? given : json_null(), &payload, &inner, sentence);
    wasmtime_component_valtype_delete(&payload);
    out->of.variant.val = wasmtime_component_val_new(&inner);
    return good || within(sentence, name, strlen(name));
}

static bool option_from_json(
    const json_t *json, const value_type *type, value *out, char sentence[SCIMLET_SENTENCE]) {
    out->kind = WASMTIME_COMPONENT_OPTION;
    out->of.option = NULL;
    if (json_is_null(json)) {
        return true;
    }
    value_type some;
    wasmtime_component_option_type_ty(type->of.option, &some);
    value inner = {.kind = WASMTIME_COMPONENT_BOOL};
    bool good = value_from_json(json, &some, &inner, sentence);
    wasmtime_component_valtype_delete(&some);
    out->of.option = wasmtime_component_val_new(&inner);
    return good;
}

bool value_from_json(
    const json_t *json, const value_type *type, value *out, char sentence[SCIMLET_SENTENCE]) {
    *out = (value){.kind = WASMTIME_COMPONENT_BOOL};
    int64_t integer;
    switch (type->kind) {
    case WASMTIME_COMPONENT_VALTYPE_BOOL:
        out->of.boolean = json_is_true(json);
        return json_is_boolean(json) || wrong(sentence, "true or false");
    case WASMTIME_COMPONENT_VALTYPE_U32:
        if (!integer_from_json(json, 0, UINT32_MAX, &integer)) {
            return wrong(sentence, "a number of 32 bits");
        }
        *out = (value){.kind = WASMTIME_COMPONENT_U32, .of.u32 = (uint32_t)integer};
        return true;
    case WASMTIME_COMPONENT_VALTYPE_U64:
        if (!integer_from_json(json, 0, INT64_MAX, &integer)) {
            return wrong(sentence, "a number");
        }
        *out = (value){.kind = WASMTIME_COMPONENT_U64, .of.u64 = (uint64_t)integer};
        return true;
    case WASMTIME_COMPONENT_VALTYPE_STRING:
        if (!json_is_string(json)) {
            return wrong(sentence, "a string");
        }
        *out = value_text(json_string_value(json), json_string_length(json));
        return true;
    case WASMTIME_COMPONENT_VALTYPE_LIST:
        return list_from_json(json, type, out, sentence);
    case WASMTIME_COMPONENT_VALTYPE_TUPLE:
        return tuple_from_json(json, type, out, sentence);
    case WASMTIME_COMPONENT_VALTYPE_RECORD:
        return record_from_json(json, type, out, sentence);
    case WASMTIME_COMPONENT_VALTYPE_VARIANT:
        return variant_from_json(json, type, out, sentence);
    case WASMTIME_COMPONENT_VALTYPE_OPTION:
        return option_from_json(json, type, out, sentence);
    default:
        return wrong(sentence, "a newer scimlet.c: a type that it does not know");
    }
}

bool values_from_json(const json_t *arguments, const wasmtime_component_func_type_t *type,
    wasmtime_component_vallist_t *out, char sentence[SCIMLET_SENTENCE]) {
    size_t count = wasmtime_component_func_type_param_count(type), known = 0;
    wasmtime_component_vallist_new_uninit(out, count);
    for (size_t i = 0; i < count; i++) {
        const char *name;
        size_t length;
        value_type parameter;
        wasmtime_component_func_type_param_nth(type, i, &name, &length, &parameter);
        known += json_object_getn(arguments, name, length) != NULL;
        const json_t *given = member(arguments, name, length);
        bool good = value_from_json(given, &parameter, &out->data[i], sentence);
        wasmtime_component_valtype_delete(&parameter);
        if (!good) {
            return within(sentence, name, length);
        }
    }
    return known == json_object_size(arguments) || wrong(sentence, "known arguments only");
}

/* ---- values to JSON ---- */

static json_t *text_to_json(const wasm_name_t *text) {
    return json_stringn_nocheck(text->data, text->size);
}

static json_t *items_to_json(const value *items, size_t size) {
    json_t *array = json_array();
    for (size_t i = 0; i < size; i++) {
        json_array_append_new(array, value_to_json(&items[i]));
    }
    return array;
}

static json_t *record_to_json(const wasmtime_component_valrecord_t *record) {
    json_t *object = json_object();
    for (size_t i = 0; i < record->size; i++) {
        const wasm_name_t *name = &record->data[i].name;
        json_t *inner = value_to_json(&record->data[i].val);
        json_object_setn_new_nocheck(object, name->data, name->size, inner);
    }
    return object;
}

static json_t *case_to_json(const char *name, size_t length, const value *payload) {
    json_t *object = json_object();
    json_t *inner = payload == NULL ? json_null() : value_to_json(payload);
    json_object_setn_new_nocheck(object, name, length, inner);
    return object;
}

json_t *value_to_json(const value *given) {
    switch (given->kind) {
    case WASMTIME_COMPONENT_BOOL:
        return json_boolean(given->of.boolean);
    case WASMTIME_COMPONENT_U16:
        return json_integer(given->of.u16);
    case WASMTIME_COMPONENT_U32:
        return json_integer(given->of.u32);
    case WASMTIME_COMPONENT_U64:
        return json_integer((json_int_t)given->of.u64);
    case WASMTIME_COMPONENT_STRING:
        return text_to_json(&given->of.string);
    case WASMTIME_COMPONENT_ENUM:
        return text_to_json(&given->of.enumeration);
    case WASMTIME_COMPONENT_LIST:
        return items_to_json(given->of.list.data, given->of.list.size);
    case WASMTIME_COMPONENT_TUPLE:
        return items_to_json(given->of.tuple.data, given->of.tuple.size);
    case WASMTIME_COMPONENT_RECORD:
        return record_to_json(&given->of.record);
    case WASMTIME_COMPONENT_OPTION:
        return given->of.option == NULL ? json_null() : value_to_json(given->of.option);
    case WASMTIME_COMPONENT_RESULT:
        return case_to_json(given->of.result.is_ok ? "ok" : "err", given->of.result.is_ok ? 2 : 3,
            given->of.result.val);
    case WASMTIME_COMPONENT_VARIANT:
        if (given->of.variant.val == NULL) {
            return text_to_json(&given->of.variant.discriminant);
        }
        return case_to_json(given->of.variant.discriminant.data,
            given->of.variant.discriminant.size, given->of.variant.val);
    default:
        return json_null();
    }
}
