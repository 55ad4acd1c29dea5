//! Copies the data files that are built in without the white space between their tokens: it would
//! be a part of the component.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for folder in ["schemas", "profiles"] {
        println!("cargo::rerun-if-changed={folder}");
        fs::create_dir_all(out.join(folder))?;
        for file in fs::read_dir(folder)? {
            let path = file?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                fs::write(out.join(&path), compact(&fs::read_to_string(&path)?))?;
            }
        }
    }
    Ok(())
}

/// A JSON text without white space outside strings.
fn compact(text: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let mut compact = String::with_capacity(text.len());
    for char in text.chars() {
        if in_string || !char.is_ascii_whitespace() {
            compact.push(char);
        }
        if char == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && char == '\\' && !escaped;
    }
    compact
}
