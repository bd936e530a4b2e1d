//! Requests as they are shown: what is sent, without what is secret in it.

use domain::destination::webhook::veiled;
use serde::Serialize;
use utoipa::ToSchema;

use crate::send::{ShownHeader, ShownRequest};

/// A request to an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Request)]
pub struct RequestView {
    method: String,
    url: String,
    headers: Vec<HeaderView>,
    /// Up to 64 KiB of it.
    body: String,
    /// Bytes of the body that is sent.
    body_bytes: usize,
    /// Whether the body has more than is shown.
    cut: bool,
}

/// A header of a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestHeader)]
struct HeaderView {
    name: String,
    /// Of a secret `[secret]`, with its last characters where it is long.
    value: String,
    /// Whether the value is a secret.
    secret: bool,
}

impl RequestView {
    /// The same for whoever may not set its URL, in which there may be a secret.
    #[must_use]
    pub fn veiled(self) -> Self {
        Self { url: veiled(&self.url), ..self }
    }
}

impl From<ShownRequest> for RequestView {
    fn from(shown: ShownRequest) -> Self {
        let ShownRequest { method, url, headers, body, body_bytes, is_cut } = shown;
        let headers = headers.into_iter().map(HeaderView::from).collect();
        Self { method, url, headers, body, body_bytes, cut: is_cut }
    }
}

impl From<ShownHeader> for HeaderView {
    fn from(ShownHeader { name, value, is_secret }: ShownHeader) -> Self {
        Self { name, value, secret: is_secret }
    }
}
