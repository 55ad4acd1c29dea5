/* scimlet-sql.wasm, as bytes of the library. */
#ifdef __APPLE__
#define NAME(name) _##name
    .const
#else
#define NAME(name) name
    .section .rodata
#endif
    .globl NAME(scimlet_wasm)
    .globl NAME(scimlet_wasm_end)
    .balign 16
NAME(scimlet_wasm):
    .incbin "scimlet-sql.wasm"
NAME(scimlet_wasm_end):
    .byte 0
#ifdef __ELF__
    .section .note.GNU-stack, "", %progbits
#endif
