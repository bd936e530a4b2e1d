//! Which version this is.

/// The version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from; empty where the build did not say.
pub const COMMIT: &str = match option_env!("BUILD_COMMIT") {
    Some(commit) => commit,
    None => "",
};

/// The version with the members that clients of RudderStack's gateway know.
pub fn json() -> String {
    let version = serde_json::json!({
        "Version": VERSION,
        "Major": VERSION.split('.').next().unwrap_or_default(),
        "Minor": VERSION.split('.').nth(1).unwrap_or_default(),
        "Patch": VERSION.split('.').nth(2).unwrap_or_default(),
        "Commit": COMMIT,
        "BuildDate": "",
        "BuiltBy": "",
        "Features": ["gzip-req-payload"],
    });
    version.to_string()
}
