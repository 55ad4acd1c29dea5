#include "rows.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

void scimlet_rows_begin(scimlet_rows *rows, size_t columns) {
    if (rows->count == rows->room) {
        rows->room = rows->room > 0 ? 2 * rows->room : 8;
        rows->rows = grown(rows->rows, rows->room * sizeof(value));
    }
    rows->rows[rows->count++] = value_list(columns);
    rows->set = 0;
}

static value blob_of(const char *data, size_t length) {
    value made = value_list(length);
    for (size_t i = 0; i < length; i++) {
        made.of.list.data[i] = (value){.kind = WASMTIME_COMPONENT_U8, .of.u8 = (uint8_t)data[i]};
    }
    return made;
}

static value null_of(void) {
    value made = {.kind = WASMTIME_COMPONENT_VARIANT};
    wasm_byte_vec_new(&made.of.variant.discriminant, 4, "null");
    return made;
}

static value column_of(scimlet_rows *rows, scimlet_value given) {
    const char *data = given.of.bytes.data;
    size_t length = given.of.bytes.length;
    switch (given.kind) {
    case SCIMLET_INTEGER:
        return value_case("integer", value_integer(given.of.integer));
    case SCIMLET_REAL: {
        value real = {.kind = WASMTIME_COMPONENT_F64, .of.f64 = given.of.real};
        return value_case("real", real);
    }
    case SCIMLET_BOOLEAN: {
        value boolean = {.kind = WASMTIME_COMPONENT_BOOL, .of.boolean = given.of.boolean};
        return value_case("boolean", boolean);
    }
    case SCIMLET_BLOB:
        rows->bytes += length;
        return value_case("blob", blob_of(data, length));
    case SCIMLET_TEXT:
        rows->bytes += length;
        if (!is_utf8(data, length)) {
            rows->wrong = "a column has a text that is no UTF-8";
            return null_of();
        }
        return value_case("text", value_text(data, length));
    case SCIMLET_NULL:
        break;
    }
    return null_of();
}

void scimlet_rows_add(scimlet_rows *rows, scimlet_value given) {
    if (rows->count == 0 || rows->set >= rows->rows[rows->count - 1].of.list.size) {
        rows->wrong = "the driver added a column too many";
        return;
    }
    rows->rows[rows->count - 1].of.list.data[rows->set++] = column_of(rows, given);
}

value rows_taken(scimlet_rows *rows) {
    value made = value_list(rows->count);
    if (rows->count > 0) {
        memcpy(made.of.list.data, rows->rows, rows->count * sizeof(value));
    }
    free(rows->rows);
    *rows = (scimlet_rows){0};
    return made;
}

void rows_dropped(scimlet_rows *rows) {
    value taken = rows_taken(rows);
    wasmtime_component_val_delete(&taken);
}

scimlet_value parameter_of(const value *given, char **blob) {
    const wasm_name_t *name = &given->of.variant.discriminant;
    const value *payload = given->of.variant.val;
    scimlet_value made = {.kind = SCIMLET_NULL};
    if (name_is(name, "integer")) {
        made = (scimlet_value){.kind = SCIMLET_INTEGER, .of.integer = payload->of.s64};
    } else if (name_is(name, "real")) {
        made = (scimlet_value){.kind = SCIMLET_REAL, .of.real = payload->of.f64};
    } else if (name_is(name, "boolean")) {
        made = (scimlet_value){.kind = SCIMLET_BOOLEAN, .of.boolean = payload->of.boolean};
    } else if (name_is(name, "text")) {
        made.kind = SCIMLET_TEXT;
        made.of.bytes.data = payload->of.string.data;
        made.of.bytes.length = payload->of.string.size;
    } else if (name_is(name, "blob")) {
        size_t length = payload->of.list.size;
        *blob = allocated(length + 1);
        for (size_t i = 0; i < length; i++) {
            (*blob)[i] = (char)payload->of.list.data[i].of.u8;
        }
        made.kind = SCIMLET_BLOB;
        made.of.bytes.data = *blob;
        made.of.bytes.length = length;
    }
    return made;
}
