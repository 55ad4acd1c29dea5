/* The compiled component: one for all of the process, kept on disk between processes.
 *
 * A compiled file is machine code, so it is only read from a folder and a file that nobody else can
 * write. Without such a folder each start compiles, which takes a second or two. */

#ifndef SCIMLET_CODE_H
#define SCIMLET_CODE_H

#include "scimlet.h"

#include <wasmtime.h>
#include <wasmtime/component.h>

/* So often the clock advances that bounds how long a call computes. */
#define TICK_MILLISECONDS 250

typedef struct code {
    wasm_engine_t *engine;
    wasmtime_component_t *component;
    wasmtime_component_linker_t *linker;
} code;

/* The code, compiled where it has to be; NULL and an error if it cannot be. */
const code *code_acquired(scimlet_error *error);
/* Ends it with its last user. */
void code_released(void);
/* Compiles another component for the same engine and imports; false and an error if it cannot be.
 * Whoever has acquired the code ends the component. */
bool code_of(const void *wasm, size_t length, code *made, scimlet_error *error);
/* Lets the clock run in this process; threads do not survive a fork. */
void code_tick(void);

/* Says what wasmtime says, and ends its error. */
void wasmtime_said(wasmtime_error_t *failure, char sentence[SCIMLET_SENTENCE]);

#endif
