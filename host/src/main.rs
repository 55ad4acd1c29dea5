//! The command `scimlet`.

fn main() {}
