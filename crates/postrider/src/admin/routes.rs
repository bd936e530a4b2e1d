//! The table of routes: what may be asked of the API, by whom, and what is answered.
//!
//! The router, the OpenAPI document, the reference page and the tests of rights are made from it, so
//! that none of them can know a route that the others do not. Method and path of a route stand with
//! the function that answers it.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::{
    Needs, attempts, filtered, filters, issues, live, metrics, openapi, playground, rejections,
    replays, status, test_request, wishes,
};

/// What somebody must be allowed to do, to ask for a route; each includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Right {
    /// Nothing: everybody who reaches the listener may ask.
    Open,
    /// See how things are, but not what events say.
    View,
    /// See what events say.
    Payload,
    /// Change what is delivered where.
    Edit,
}

impl Right {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::View => "view",
            Self::Payload => "payload",
            Self::Edit => "edit",
        }
    }
}

/// A route, and the right it asks for.
pub struct Entry {
    /// Who may ask.
    pub right: Right,
    /// The schemas it uses, its path, and what answers it.
    pub route: UtoipaMethodRouter<Arc<Needs>>,
}

/// Every route of the API.
pub fn table() -> Vec<Entry> {
    use Right::{Edit, Open, Payload, View};
    let entry = |right, route| Entry { right, route };
    vec![
        entry(Open, routes!(openapi::show)),
        entry(View, routes!(metrics::show)),
        entry(View, routes!(status::show)),
        entry(View, routes!(attempts::list)),
        entry(View, routes!(issues::list)),
        entry(View, routes!(issues::show)),
        entry(Edit, routes!(replays::recover_issue)),
        entry(View, routes!(live::watch)),
        entry(Payload, routes!(rejections::list)),
        entry(View, routes!(filtered::list)),
        entry(Edit, routes!(wishes::try_now)),
        entry(Edit, routes!(wishes::skip)),
        entry(Edit, routes!(replays::resend)),
        entry(View, routes!(replays::list)),
        entry(Edit, routes!(replays::make)),
        entry(Edit, routes!(replays::estimate)),
        entry(View, routes!(replays::show)),
        entry(Edit, routes!(replays::pause)),
        entry(Edit, routes!(replays::resume)),
        entry(Edit, routes!(replays::cancel)),
        entry(Edit, routes!(test_request::send)),
        entry(Payload, routes!(filters::try_filter)),
        entry(Payload, routes!(playground::list)),
        entry(Payload, routes!(playground::live)),
    ]
}

/// The routes of the table, and those that are no part of the API: whether we are there, and the
/// playground, which takes whatever comes.
pub fn router() -> Router<Arc<Needs>> {
    let others = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/play/{name}/in", any(playground::receive));
    table().into_iter().fold(others, |router, Entry { route: (_, paths, methods), .. }| {
        let path = paths.paths.into_keys().next().unwrap_or_default();
        router.route(&path, methods)
    })
}
