//! Has this crate built again when `web/dist` changes: its file names hold hashes, so new ones come.

fn main() {
    // Cargo takes a missing path for a changed one and would build again each time; as long as
    // there is no dist, the folder that would get it is watched instead.
    let dist = std::path::Path::new("../../web/dist");
    let watched = if dist.is_dir() { "../../web/dist" } else { "../../web" };
    println!("cargo:rerun-if-changed={watched}");
    println!("cargo:rerun-if-changed=build.rs");
}
