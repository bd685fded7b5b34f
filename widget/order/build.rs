//! Names for the texts of the steps, made of the English catalogue.

use std::{env, fs, path::Path};

use doorstep_texts::{Part, keys};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its folder by the environment"
)]
fn main() {
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    fs::write(Path::new(&out).join("keys.rs"), keys(Part::Order)).expect("OUT_DIR is writable");
    println!("cargo:rerun-if-changed=build.rs");
}
