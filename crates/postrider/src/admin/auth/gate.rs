//! The gate before each route: who asks may, or is told why not.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::RequestExt as _;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::limits;
use futures_util::StreamExt as _;
use storage::DeedClass;

use super::origin::{self, Origin};
use super::{Caller, Way};
use crate::address;
use crate::admin::Needs;
use crate::admin::problem::Problem;
use crate::admin::routes::{Noted, Right, VIEW_PAYLOAD};

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Where a request comes from, behind however many trusted proxies.
#[derive(Clone, Copy, Debug)]
pub struct Whence(pub IpAddr);

/// What the table of routes says of one.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Who may ask.
    pub right: Right,
    /// What is noted of it.
    pub noted: Option<Noted>,
}

/// Lets a request pass whose caller has the right; the route gets to know both [`Caller`] and
/// [`Whence`]. What came of it is noted before it is answered. A live stream ends when its caller has
/// not the right any more.
pub async fn admit(
    State((needs, rule)): State<(Arc<Needs>, Rule)>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |it| it.0);
    let headers = request.headers().clone();
    let whence = address::client(peer, &headers, &needs.auth.trusted_proxies).address;
    let caller = needs.auth.caller(&headers, whence);
    if let Err(problem) = check(caller.as_ref(), rule.right, request.method(), &headers) {
        return problem.into_response();
    }
    request.extensions_mut().insert(Whence(whence));
    if let Some(caller) = &caller {
        request.extensions_mut().insert(caller.clone());
    }
    let object = match rule.noted {
        Some(_) => named(&mut request).await,
        None => String::new(),
    };
    let mut response = next.run(request).await;
    keep_out_of_caches(response.headers_mut());
    let Some(caller) = caller else { return response };
    if let Some(noted) = rule.noted.filter(|_| response.status().is_success())
        && let Err(problem) = note(&needs, &caller, noted, &object).await
    {
        return problem.into_response();
    }
    match is_live(&response) {
        true => ends_with(response, needs, caller, headers),
        false => response,
    }
}

/// What is told to one caller is nobody else's, and JSON is no page.
fn keep_out_of_caches(headers: &mut HeaderMap) {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// What a path names, as in `hooks/7` for a delivery.
async fn named(request: &mut Request) -> String {
    let Ok(named) = request.extract_parts::<RawPathParams>().await else { return String::new() };
    let values: Vec<&str> = named.iter().map(|(_, value)| value).collect();
    values.join("/")
}

/// Notes what somebody did. Pages look again and again: that is one look for a while.
async fn note(needs: &Needs, caller: &Caller, noted: Noted, object: &str) -> Result<(), Problem> {
    let Noted { action, kind } = noted;
    let is_look = action == VIEW_PAYLOAD;
    let class = if is_look { DeedClass::Access } else { DeedClass::Change };
    let deed = caller.deed(class, action, kind, object);
    if !is_look || needs.auth.looks.is_new(&deed) {
        needs.store.audit.note(vec![deed]).await?;
    }
    Ok(())
}

fn check(
    caller: Option<&Caller>,
    right: Right,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    if right == Right::Open {
        return Ok(());
    }
    let caller = caller.ok_or_else(Problem::login_needed)?;
    if !caller.may(right) {
        return Err(Problem::not_allowed(caller.role, right));
    }
    // A browser sends its cookies on behalf of any page, and says with all that may change something
    // of which; what says nothing is no browser, and has no business with a cookie.
    let is_of_browser = matches!(caller.way, Way::Session(_));
    if is_of_browser && !origin::is_safe(method) && origin::of(headers) != Origin::Own {
        let detail = "a session is for our own pages; programs use a token";
        return Err(Problem::new(403, "cross_site", detail));
    }
    Ok(())
}

fn is_live(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// The same stream, until its caller has gone, or may less than when it began.
fn ends_with(
    response: Response,
    needs: Arc<Needs>,
    caller: Caller,
    headers: HeaderMap,
) -> Response {
    let mut changes = needs.auth.changes();
    let gone = async move {
        while needs.auth.is_still(&caller, &headers) {
            // Sessions and tokens also end by themselves.
            let change = tokio::time::timeout(limits::SEEN_STEP, changes.changed()).await;
            if matches!(change, Ok(Err(_))) {
                break;
            }
        }
    };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(gone))))
}

impl<S: Sync> FromRequestParts<S> for Whence {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(*parts.extensions.get().unwrap_or(&Self(Ipv4Addr::UNSPECIFIED.into())))
    }
}
