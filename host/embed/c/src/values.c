#include "values.h"

#include "memory.h"

#include <string.h>

wasm_name_t name_of(const char *data, size_t length) {
    wasm_name_t name;
    wasm_byte_vec_new(&name, length, data);
    return name;
}

value value_text(const char *data, size_t length) {
    return (value){.kind = WASMTIME_COMPONENT_STRING, .of.string = name_of(data, length)};
}

value value_integer(int64_t integer) {
    return (value){.kind = WASMTIME_COMPONENT_S64, .of.s64 = integer};
}

value value_case(const char *name, value payload) {
    value made = {.kind = WASMTIME_COMPONENT_VARIANT};
    made.of.variant.discriminant = name_of(name, strlen(name));
    made.of.variant.val = wasmtime_component_val_new(&payload);
    return made;
}

value value_ok(value payload) {
    value made = {.kind = WASMTIME_COMPONENT_RESULT, .of.result.is_ok = true};
    made.of.result.val = wasmtime_component_val_new(&payload);
    return made;
}

value value_done(void) {
    return (value){.kind = WASMTIME_COMPONENT_RESULT, .of.result.is_ok = true};
}

value value_err(value payload) {
    value made = {.kind = WASMTIME_COMPONENT_RESULT, .of.result.is_ok = false};
    made.of.result.val = wasmtime_component_val_new(&payload);
    return made;
}

value value_list(size_t size) {
    value made = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new_uninit(&made.of.list, size);
    return made;
}

bool name_is(const wasm_name_t *name, const char *text) {
    return name->size == strlen(text) && memcmp(name->data, text, name->size) == 0;
}

const value *value_field(const value *record, const char *name) {
    for (size_t i = 0; i < record->of.record.size; i++) {
        if (name_is(&record->of.record.data[i].name, name)) {
            return &record->of.record.data[i].val;
        }
    }
    return NULL;
}

char *value_string(const value *text) {
    return copied(text->of.string.data, text->of.string.size);
}

static size_t bytes_of_all(const value *items, size_t size) {
    size_t bytes = 0;
    for (size_t i = 0; i < size; i++) {
        bytes += value_bytes(&items[i]);
    }
    return bytes;
}

size_t value_bytes(const value *given) {
    size_t bytes = 0;
    switch (given->kind) {
    case WASMTIME_COMPONENT_STRING:
        return given->of.string.size;
    case WASMTIME_COMPONENT_LIST:
        return bytes_of_all(given->of.list.data, given->of.list.size);
    case WASMTIME_COMPONENT_TUPLE:
        return bytes_of_all(given->of.tuple.data, given->of.tuple.size);
    case WASMTIME_COMPONENT_RECORD:
        for (size_t i = 0; i < given->of.record.size; i++) {
            bytes += value_bytes(&given->of.record.data[i].val);
        }
        return bytes;
    case WASMTIME_COMPONENT_VARIANT:
        return given->of.variant.val == NULL ? 0 : value_bytes(given->of.variant.val);
    case WASMTIME_COMPONENT_OPTION:
        return given->of.option == NULL ? 0 : value_bytes(given->of.option);
    case WASMTIME_COMPONENT_RESULT:
        return given->of.result.val == NULL ? 0 : value_bytes(given->of.result.val);
    default:
        return 0;
    }
}

bool is_utf8(const char *data, size_t length) {
    const unsigned char *at = (const unsigned char *)data, *end = at + length;
    while (at < end) {
        unsigned char first = *at++;
        if (first < 0x80) {
            continue;
        }
        int more = first >= 0xC2 && first <= 0xDF   ? 1
                   : (first & 0xF0) == 0xE0         ? 2
                   : first >= 0xF0 && first <= 0xF4 ? 3
                                                    : 0;
        if (more == 0 || end - at < more) {
            return false;
        }
        /* Neither longer than needed, nor a surrogate, nor beyond U+10FFFF (RFC 3629). */
        unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        if (*at < least || *at > most) {
            return false;
        }
        for (at++; more > 1; more--, at++) {
            if ((*at & 0xC0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}
