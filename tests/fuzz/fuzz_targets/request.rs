//! Any bytes as in [`scimlet_fuzz::request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scimlet_fuzz::request(input));
