/* Values of the component model in JSON, in the form of wit/module.md, by their types. */

#ifndef SCIMLET_VALUES_H
#define SCIMLET_VALUES_H

#include "scimlet.h"

#include <wasmtime.h>
#include <wasmtime/component.h>

typedef wasmtime_component_val_t value;
typedef wasmtime_component_valtype_t value_type;

/* Reads a value of this type. Returns false and a sentence if the JSON is none; `out` is to be
 * deleted in any case. */
bool value_from_json(
    const json_t *json, const value_type *type, value *out, char sentence[SCIMLET_SENTENCE]);

/* Reads the arguments of a function, whose number is that of its parameters. `out` is to be deleted
 * by values_delete in any case. */
bool values_from_json(const json_t *arguments, const wasmtime_component_func_type_t *type,
    wasmtime_component_vallist_t *out, char sentence[SCIMLET_SENTENCE]);

/* The JSON of a value. */
json_t *value_to_json(const value *given);

wasm_name_t name_of(const char *data, size_t length);
value value_text(const char *data, size_t length);
value value_integer(int64_t integer);
/* A case of a variant with its payload, which it takes over. */
value value_case(const char *name, value payload);
/* The `ok` of a result, whose value it takes over, or without one. */
value value_ok(value payload);
value value_done(void);
/* The error of a result. */
value value_err(value payload);
/* A list of so many elements, to be set. */
value value_list(size_t size);

/* The field of a record. */
const value *value_field(const value *record, const char *name);
/* A text with a zero at its end; the caller frees it. */
char *value_string(const value *text);
/* The bytes of all texts in a value. */
size_t value_bytes(const value *given);
bool name_is(const wasm_name_t *name, const char *text);

/* Whether these bytes are UTF-8; wasmtime ends the process for a text that is none. */
bool is_utf8(const char *data, size_t length);

#endif
