//! The dashboard's files, embedded from `web/dist`. A leaf: it knows neither HTTP server nor API.
//!
//! In: a path and what encodings the browser takes, or a nonce. Out: bytes that are ready to be
//! sent, or `None` when there is no such file or `web/dist` was not built. Release builds carry
//! the files in the binary; debug builds read them from disk, so that a new `npm run build` shows
//! at once.
//!
//! The build lays a `.br` and a `.gz` twin beside each asset that is worth it. Only `index.html`
//! has none: each answer gets a nonce of its own.

use std::borrow::Cow;

use rust_embed::RustEmbed;

/// What stands in the page where the nonce belongs.
const NONCE_PLACEHOLDER: &str = "__CSP_NONCE__";

/// The page itself is handed out by [`index`] alone, never with its placeholder in it.
const INDEX: &str = "index.html";

/// Vite writes hashed names into this folder, so their content never changes.
const HASHED_FOLDER: &str = "assets/";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// The content encodings that a browser takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepts {
    /// Whether `br` is welcome.
    pub brotli: bool,
    /// Whether `gzip` is welcome.
    pub gzip: bool,
}

impl Accepts {
    /// Reads an `Accept-Encoding` header value; what it does not name is not taken.
    pub fn from_header(value: &str) -> Self {
        let mut accepts = Self::default();
        for choice in value.split(',') {
            let mut parts = choice.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let welcome = !parts.any(is_zero_weight);
            match name.to_ascii_lowercase().as_str() {
                "br" => accepts.brotli = welcome,
                "gzip" | "x-gzip" => accepts.gzip = welcome,
                _ => {}
            }
        }
        accepts
    }
}

/// `q=0`, `q=0.0` and so on: the encoding is named to be refused.
fn is_zero_weight(parameter: &str) -> bool {
    parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="))
        .is_some_and(|weight| weight.trim().parse() == Ok(0.0_f32))
}

/// A file of the dashboard, ready to be sent.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The body, in `encoding` if there is one.
    pub bytes: Cow<'static, [u8]>,
    /// The value for `Content-Type`.
    pub content_type: &'static str,
    /// The value for `Content-Encoding`; `Vary: Accept-Encoding` belongs to the answer either way.
    pub encoding: Option<&'static str>,
    /// Whether the name holds a hash, so that the answer may be cached for ever.
    pub immutable: bool,
}

/// Finds the asset at a URL path, with or without its leading slash, in its smallest taken form.
///
/// Answers `None` for the page itself (see [`index`]) and for the compressed twins by their name.
pub fn asset(path: &str, accepts: Accepts) -> Option<Asset> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let content_type = content_type(path)?;
    let (bytes, encoding) = smallest(path, accepts)?;
    let immutable = path.starts_with(HASHED_FOLDER);
    Some(Asset { bytes, content_type, encoding, immutable })
}

/// The page that starts the dashboard, with `nonce` in its place; `None` if `web/dist` was not built.
///
/// The nonce must be of the base64 alphabet: it is put into an HTML attribute as it is.
pub fn index(nonce: &str) -> Option<String> {
    let page = Dist::get(INDEX)?;
    let page = std::str::from_utf8(&page.data).ok()?;
    Some(page.replace(NONCE_PLACEHOLDER, nonce))
}

/// The bytes of `path`, from its brotli twin, its gzip twin, or as they are.
fn smallest(path: &str, accepts: Accepts) -> Option<(Cow<'static, [u8]>, Option<&'static str>)> {
    let twin = |taken: bool, encoding: &'static str, extension: &str| {
        let file = taken.then(|| Dist::get(&format!("{path}.{extension}"))).flatten()?;
        Some((file.data, Some(encoding)))
    };
    twin(accepts.brotli, "br", "br")
        .or_else(|| twin(accepts.gzip, "gzip", "gz"))
        .or_else(|| Some((Dist::get(path)?.data, None)))
}

/// The type of what the build writes; anything else in the folder is not an asset.
fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension {
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Accepts = Accepts { brotli: true, gzip: true };

    #[test]
    fn accept_encoding_is_read_with_its_weights() {
        for (header, brotli, gzip) in [
            ("", false, false),
            ("gzip, deflate, br, zstd", true, true),
            ("gzip;q=0.5, br;q=0", false, true),
            ("GZIP; q=0.000", false, false),
            ("br;q=1.0", true, false),
            ("*", false, false),
            ("brotli, gzipped", false, false),
        ] {
            assert_eq!(Accepts::from_header(header), Accepts { brotli, gzip }, "{header}");
        }
    }

    #[test]
    fn only_assets_are_handed_out() {
        for path in [
            "",
            "/",
            "index.html",
            "/index.html",
            "theme.js.br",
            "/theme.js.gz",
            "../package.json",
            "../src/style/dashboard.css",
            "/../vite.config.js",
            "assets/../../src/style/dashboard.css",
            "no/such.js",
        ] {
            assert!(asset(path, ALL).is_none(), "{path}");
        }
    }

    #[test]
    fn the_page_holds_the_nonce_and_no_placeholder() {
        // Without a built web/dist there is no page, which is what `None` is for.
        let Some(page) = index("bm9uY2U=") else { return };
        assert!(page.contains(r#"<meta name="csp-nonce" content="bm9uY2U=""#));
        assert!(!page.contains(NONCE_PLACEHOLDER));
    }

    #[test]
    fn what_the_page_names_can_be_fetched_in_every_encoding() {
        let Some(page) = index("n") else { return };
        let named = page.split('"').filter(|part| part.starts_with("/assets/"));
        for path in named {
            let plain = asset(path, Accepts::default()).expect(path);
            assert!(plain.immutable && plain.encoding.is_none(), "{path}");
            for accepts in [ALL, Accepts { brotli: false, gzip: true }] {
                let coded = asset(path, accepts).expect(path);
                assert_eq!(coded.content_type, plain.content_type);
                assert!(coded.bytes.len() <= plain.bytes.len(), "{path}");
            }
        }
        assert!(asset("/icon.svg", ALL).is_some_and(|icon| !icon.immutable));
    }
}
