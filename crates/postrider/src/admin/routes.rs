//! The table of routes: what may be asked of the API, by whom, and what is answered.
//!
//! The router, the OpenAPI document, the reference page and the tests of rights are made from it, so
//! that none of them can know a route that the others do not. Method and path of a route stand with
//! the function that answers it.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use domain::account::Role;
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::auth::{Rule, admit};
use super::people::{log, me, own_sessions, sessions, setup, tokens, users};
use super::{
    Needs, attempts, catalog, census, deliveries, events, filtered, filters, holdings, issues,
    live, metrics, openapi, playground, ready, rejections, repeats, replays, series, status,
    test_events, test_request, wishes,
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
    /// Decide who may do what, and see who did what.
    Admin,
}

impl Right {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::View => "view",
            Self::Payload => "payload",
            Self::Edit => "edit",
            Self::Admin => "admin",
        }
    }

    /// The role that may least of those that have it; none where nobody needs one.
    pub fn least(self) -> Option<Role> {
        match self {
            Self::Open => None,
            Self::View => Some(Role::Viewer),
            Self::Payload => Some(Role::PayloadViewer),
            Self::Edit => Some(Role::Editor),
            Self::Admin => Some(Role::Admin),
        }
    }
}

/// A route, and the right it asks for.
pub struct Entry {
    /// Who may ask.
    pub right: Right,
    /// What is noted of somebody who did; none where nothing is, or the function does so itself, in the
    /// commit of what it changes.
    pub noted: Option<Noted>,
    /// The schemas it uses, its path, and what answers it.
    pub route: UtoipaMethodRouter<Arc<Needs>>,
}

/// What the audit log says of somebody who asked for a route and got what was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Noted {
    /// What was done.
    pub action: &'static str,
    /// To what kind of thing.
    pub kind: &'static str,
}

/// How looks at what events say are called.
pub const VIEW_PAYLOAD: &str = "view_payload";

impl Entry {
    /// The same, noted as this.
    fn noted(self, action: &'static str, kind: &'static str) -> Self {
        Self { noted: Some(Noted { action, kind }), ..self }
    }
}

/// A route of which nothing is noted here.
fn entry(right: Right, route: UtoipaMethodRouter<Arc<Needs>>) -> Entry {
    Entry { right, noted: None, route }
}

/// Every route of the API.
pub fn table() -> Vec<Entry> {
    let of_catalog = [of_sources(), of_destinations(), of_connections()];
    let others = [of_deliveries(), of_issues(), of_replays(), of_watching(), of_people()];
    of_catalog.into_iter().chain(others).flatten().collect()
}

fn of_people() -> Vec<Entry> {
    use Right::{Admin, Open, View};
    vec![
        entry(View, routes!(me::show)),
        entry(Open, routes!(sessions::begin)),
        entry(Open, routes!(sessions::end)),
        entry(View, routes!(own_sessions::list)),
        entry(View, routes!(own_sessions::end)),
        entry(View, routes!(own_sessions::end_others)),
        entry(Open, routes!(setup::show)),
        entry(Open, routes!(setup::make)),
        entry(Admin, routes!(users::list)),
        entry(Admin, routes!(users::make)),
        entry(Admin, routes!(users::show)),
        entry(Admin, routes!(users::change)),
        entry(Admin, routes!(users::remove)),
        // Users change their own password; the function knows whose it is.
        entry(View, routes!(users::change_password)),
        entry(Admin, routes!(tokens::list)),
        entry(Admin, routes!(tokens::make)),
        entry(Admin, routes!(tokens::remove)),
        entry(Admin, routes!(log::list)),
    ]
}

/// To see what happens, and to make something happen.
fn of_watching() -> Vec<Entry> {
    use Right::{Edit, Open, View};
    vec![
        entry(Open, routes!(openapi::show)),
        entry(View, routes!(metrics::show)),
        entry(View, routes!(status::show)),
        entry(View, routes!(holdings::show)),
        entry(View, routes!(live::watch)),
        entry(View, routes!(series::show)),
        entry(View, routes!(series::by_destination)),
        entry(View, routes!(test_events::samples::list)),
        entry(Edit, routes!(test_events::source::send)).noted("send", "test_event"),
        entry(Edit, routes!(test_events::straight::send)).noted("test", "destination"),
    ]
}

/// Events, and what became of them.
fn of_deliveries() -> Vec<Entry> {
    use Right::{Edit, Payload, View};
    vec![
        entry(View, routes!(attempts::list)),
        entry(View, routes!(events::list)),
        entry(View, routes!(events::show)),
        entry(View, routes!(events::lane::show)),
        entry(Payload, routes!(events::payload)).noted(VIEW_PAYLOAD, "event"),
        entry(View, routes!(deliveries::list)),
        entry(View, routes!(deliveries::show)),
        entry(Payload, routes!(deliveries::request::show)).noted(VIEW_PAYLOAD, "request"),
        entry(Edit, routes!(deliveries::retry)).noted("retry", "delivery"),
        entry(Payload, routes!(rejections::list)).noted(VIEW_PAYLOAD, "rejections"),
        entry(View, routes!(filtered::list)),
        entry(Edit, routes!(wishes::try_now)).noted("try_now", "destination"),
        entry(Edit, routes!(wishes::skip)).noted("skip", "delivery"),
        entry(Edit, routes!(replays::resend)).noted("resend", "delivery"),
        entry(Edit, routes!(test_request::send)).noted("send", "test_request"),
        entry(Payload, routes!(filters::try_filter)),
        entry(Payload, routes!(playground::list)).noted(VIEW_PAYLOAD, "playground"),
        entry(Payload, routes!(playground::live)).noted(VIEW_PAYLOAD, "playground"),
    ]
}

/// What fails in the same way.
fn of_issues() -> Vec<Entry> {
    use Right::{Edit, View};
    vec![
        entry(View, routes!(issues::list)),
        entry(View, routes!(issues::show)),
        entry(Edit, routes!(issues::marks::acknowledge)).noted("acknowledge", "issue"),
        entry(Edit, routes!(issues::marks::resolve)).noted("resolve", "issue"),
        entry(Edit, routes!(issues::marks::ignore)).noted("ignore", "issue"),
        entry(Edit, routes!(issues::marks::reopen)).noted("reopen", "issue"),
        entry(Edit, routes!(replays::recover_issue)).noted("recover", "issue"),
    ]
}

/// What is delivered again.
fn of_replays() -> Vec<Entry> {
    use Right::{Edit, View};
    vec![
        entry(View, routes!(replays::list)),
        entry(Edit, routes!(replays::make)).noted("create", "replay"),
        entry(Edit, routes!(replays::estimate)),
        entry(View, routes!(replays::show)),
        entry(Edit, routes!(replays::pause)).noted("pause", "replay"),
        entry(Edit, routes!(replays::resume)).noted("resume", "replay"),
        entry(Edit, routes!(replays::cancel)).noted("cancel", "replay"),
    ]
}

/// Those of sources.
fn of_sources() -> Vec<Entry> {
    use Right::{Edit, View};
    vec![
        entry(View, routes!(catalog::sources::list)),
        entry(Edit, routes!(catalog::sources::create)),
        entry(View, routes!(catalog::sources::show)),
        entry(View, routes!(catalog::versions::of_source)),
        entry(Edit, routes!(catalog::sources::replace)),
        entry(Edit, routes!(catalog::sources::patch)),
        entry(Edit, routes!(catalog::sources::remove)),
        entry(Edit, routes!(catalog::sources::rotate)),
        entry(View, routes!(census::names)),
        entry(View, routes!(census::sdks)),
    ]
}

/// Those of destinations.
fn of_destinations() -> Vec<Entry> {
    use Right::{Edit, View};
    vec![
        entry(View, routes!(catalog::destinations::list)),
        entry(Edit, routes!(catalog::destinations::create)),
        entry(View, routes!(catalog::destinations::show)),
        entry(View, routes!(catalog::versions::of_destination)),
        entry(Edit, routes!(catalog::destinations::replace)),
        entry(Edit, routes!(catalog::destinations::patch)),
        entry(Edit, routes!(catalog::destinations::remove)),
        entry(Edit, routes!(catalog::destinations::restore)),
        entry(View, routes!(catalog::types::list)),
    ]
}

/// Those of connections, and of the workspace as a whole.
fn of_connections() -> Vec<Entry> {
    use Right::{Edit, View};
    vec![
        entry(View, routes!(catalog::config::export)),
        entry(Edit, routes!(catalog::config::plan)),
        entry(Edit, routes!(catalog::config::apply)),
        entry(View, routes!(catalog::connections::list)),
        entry(Edit, routes!(catalog::connections::create)),
        entry(View, routes!(catalog::connections::show)),
        entry(View, routes!(catalog::versions::of_connection)),
        entry(Edit, routes!(catalog::connections::replace)),
        entry(Edit, routes!(catalog::connections::patch)),
        entry(Edit, routes!(catalog::connections::remove)),
    ]
}

/// The routes of the table, and those that are no part of the API: whether we are there and ready, and the
/// playground, which takes whatever comes.
pub fn router(needs: &Arc<Needs>) -> Router<Arc<Needs>> {
    let others = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/ready", get(ready::show))
        .route("/play/{name}/in", any(playground::receive));
    table().into_iter().fold(others, |router, entry| {
        let Entry { right, noted, route: (_, paths, methods) } = entry;
        let path = paths.paths.into_keys().next().unwrap_or_default();
        let gate = from_fn_with_state((needs.clone(), Rule { right, noted }), admit);
        let methods = match right {
            // What anybody may ask is not kept for anybody.
            Right::Open => methods,
            _ => methods.route_layer(from_fn_with_state(needs.clone(), repeats::once)),
        };
        router.route(&path, methods.route_layer(gate))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What shows none of what events say, though it reads it.
    const SILENT: [&str; 1] = ["/api/v1/filters/try"];

    #[test]
    fn every_look_at_payloads_is_noted() {
        for Entry { right, noted, route: (_, paths, _) } in table() {
            let path = paths.paths.keys().next().cloned().unwrap_or_default();
            let is_look = noted.is_some_and(|noted| noted.action == VIEW_PAYLOAD);
            let is_silent = SILENT.contains(&path.as_str());
            assert_eq!(right == Right::Payload && !is_silent, is_look, "{path}");
        }
    }
}
