//! Keeps the linker that wraps modules into components (`.cargo/config.toml`) from wrapping this.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        println!("cargo::rustc-cdylib-link-arg=--skip-wit-component");
    }
}
