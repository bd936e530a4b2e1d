//! `postrider send`: events to the gateway of a server, as an SDK would send them.
//!
//! In comes an event or a file of events; out goes whether they were taken, or the gateway's reason
//! why not. Events of a file go in its order on one connection, so that each user's order is kept.

mod compose;
mod file;
mod lines;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::reason::Reason;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{Request, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::wire::Wire;
use super::{Desk, STATUS};
use crate::clock;
use crate::console::{Ending, Failure, Shape};
use crate::terminal::plain;

pub use compose::Composed;
pub use lines::Rules;

/// How often in a row a gateway may ask to be asked later. Source: chosen.
const WAITS_MAX: u32 = 20;

/// Longest time for which a gateway is waited for at a time. Source: chosen.
const WAIT_TIME_MAX: Duration = Duration::from_secs(60);

/// What is sent where.
#[derive(Debug)]
pub struct SendWish {
    /// Where to, and as whom.
    pub gateway: Gateway,
    /// What.
    pub sent: Sent,
}

/// A gateway and a source of it; the server is asked for what is missing.
#[derive(Debug)]
pub struct Gateway {
    /// The gateway's URL.
    pub url: Option<Url>,
    /// A write key.
    pub key: Option<String>,
    /// The id of a source.
    pub source: Option<String>,
}

/// What is sent.
#[derive(Debug)]
pub enum Sent {
    /// One event.
    One(Composed),
    /// The events of a file.
    File {
        /// The file; `-` is standard input.
        path: std::path::PathBuf,
        /// Events in a second, at most.
        rate: Option<u32>,
        /// What each has to keep to.
        rules: Rules,
    },
}

/// The part of a status that says where to send.
#[derive(Debug, Deserialize)]
struct Status {
    gateway_url: String,
    sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
struct Source {
    id: String,
    enabled: bool,
    write_keys: Vec<String>,
}

/// A connection to a gateway, as a source.
struct Post {
    url: Url,
    authorization: String,
    wire: Wire,
}

/// Sends.
///
/// # Errors
/// Where the gateway cannot be found or does not answer.
pub async fn carry_out(desk: &Desk<'_>, wish: &SendWish) -> Result<Ending, Failure> {
    let mut post = Post::open(desk, &wish.gateway).await?;
    match &wish.sent {
        Sent::One(composed) => send_one(desk, &mut post, composed).await,
        Sent::File { path, rate, rules } => {
            let lines = lines::Lines::open(path, *rules)?;
            file::send(desk, &mut post, lines, *rate).await
        }
    }
}

async fn send_one(
    desk: &Desk<'_>,
    post: &mut Post,
    composed: &Composed,
) -> Result<Ending, Failure> {
    let id = format!("{:032x}", u128::from_be_bytes(clock::random_bytes()));
    let id = composed.message_id().map_or(id, str::to_owned);
    let path = format!("/v1/{}", composed.kind);
    post.deliver(&path, composed.event(&id)).await?;
    desk.show(&match desk.shape {
        Shape::Json => format!("{}\n", json!({ "accepted": 1, "message_id": id })),
        Shape::Lines => format!("accepted as {}\n", plain(&id)),
    });
    Ok(Ending::Well)
}

impl Gateway {
    /// Where it is, and a key of its source.
    async fn find(&self, desk: &Desk<'_>) -> Result<(Url, String), Failure> {
        if let (Some(url), Some(key)) = (&self.url, &self.key) {
            return Ok((url.clone(), key.clone()));
        }
        let status = desk.remote.get(STATUS).await?;
        let status: Status = desk.remote.read(status)?;
        let url = match &self.url {
            Some(url) => url.clone(),
            None => Url::parse(&status.gateway_url).map_err(|error| {
                Failure::new(
                    format!("the gateway's URL cannot be used: {error}"),
                    "give it as --to",
                )
            })?,
        };
        let key = match &self.key {
            Some(key) => key.clone(),
            None => key_of(&status.sources, self.source.as_deref())?,
        };
        Ok((url, key))
    }
}

/// A key of the source that is named, or of the only one.
fn key_of(sources: &[Source], wanted: Option<&str>) -> Result<String, Failure> {
    let ids = || sources.iter().map(|source| plain(&source.id)).collect::<Vec<_>>().join(", ");
    let source = match (wanted, sources) {
        (Some(id), _) => sources.iter().find(|source| source.id == id).ok_or_else(|| {
            Failure::new(format!("there is no source {id:?}"), format!("there are: {}", ids()))
        })?,
        (None, [only]) => only,
        (None, []) => return Err(Failure::new("there is no source", "add one first")),
        (None, _) => {
            let hint = format!("choose one with --source: {}", ids());
            return Err(Failure::new(format!("there are {} sources", sources.len()), hint));
        }
    };
    let id = plain(&source.id);
    if !source.enabled {
        return Err(Failure::new(
            format!("the source {id} is disabled"),
            "enable it, or choose another",
        ));
    }
    let none = || Failure::new(format!("the source {id} has no write key"), "give it one");
    source.write_keys.first().cloned().ok_or_else(none)
}

impl Post {
    async fn open(desk: &Desk<'_>, gateway: &Gateway) -> Result<Self, Failure> {
        let (url, key) = gateway.find(desk).await?;
        let wire = Wire::open_url(&url).await.map_err(|error| unreachable(&url, &error))?;
        let authorization = format!("Basic {}", STANDARD.encode(format!("{key}:")));
        Ok(Self { url, authorization, wire })
    }

    /// Posts a body; waits and tries again where the gateway asks for it, as nothing is stored then.
    ///
    /// # Errors
    /// Why it was not taken.
    async fn deliver(&mut self, path: &str, body: String) -> Result<(), Failure> {
        let body = Bytes::from(body);
        for _ in 0..WAITS_MAX {
            let request = self.request(path, body.clone())?;
            let answer = self.wire.ask(request).await;
            let answer = answer.map_err(|error| unreachable(&self.url, &error))?;
            let (head, text) = answer.into_parts();
            let wait = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = wait.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
            match (head.status, wait) {
                (StatusCode::OK, _) => return Ok(()),
                (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(wait))
                    if wait <= WAIT_TIME_MAX =>
                {
                    tokio::time::sleep(wait).await;
                }
                (status, _) => {
                    let reason = head.headers.get("postrider-reason");
                    let reason = reason.and_then(|value| Reason::from_code(value.to_str().ok()?));
                    return Err(refused(status, reason, &text));
                }
            }
        }
        Err(Failure::new("the gateway asks to wait again and again", "look at `postrider status`"))
    }

    fn request(&self, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let place = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let before = self.url.path().trim_end_matches('/');
        Request::post(format!("{before}{path}"))
            .header(HOST, place)
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| Failure::new(error.to_string(), ""))
    }
}

fn unreachable(url: &Url, error: &std::io::Error) -> Failure {
    let place = &url[..url::Position::AfterPort];
    Failure::new(
        format!("cannot reach the gateway at {place}: {error}"),
        "is the server running? give another gateway as --to",
    )
}

/// What the gateway says, in the words of the dictionary where it is ours.
fn refused(status: StatusCode, reason: Option<Reason>, text: &[u8]) -> Failure {
    let said = plain(String::from_utf8_lossy(text).trim());
    let (what, hint) = reason.map_or(("", ""), |reason| (reason.sentence(), reason.advice()));
    let said = format!("the gateway answers {}: {said}. {what}", status.as_u16());
    Failure::new(said.trim_end_matches([' ', '.']), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_from_the_only_source_or_the_named_one() {
        let source = |id: &str, enabled, keys: &[&str]| Source {
            id: id.to_owned(),
            enabled,
            write_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        let sources = [source("a", true, &["k1", "k2"]), source("b", false, &["k3"])];
        let check = |count: usize, wanted: Option<&str>, want: &str| {
            let got =
                key_of(&sources[..count], wanted).unwrap_or_else(|failure| failure.to_string());
            assert_eq!(got, want);
        };
        check(1, None, "k1");
        check(2, Some("a"), "k1");
        check(2, None, "there are 2 sources; choose one with --source: a, b");
        check(2, Some("x"), "there is no source \"x\"; there are: a, b");
        check(2, Some("b"), "the source b is disabled; enable it, or choose another");
        check(0, None, "there is no source; add one first");
        let bare = key_of(&[source("c", true, &[])], None).unwrap_err();
        assert_eq!(bare.to_string(), "the source c has no write key; give it one");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_dictionary() {
        let shown = |reason| refused(StatusCode::UNAUTHORIZED, reason, b"invalid write key\n");
        let own = shown(Some(Reason::BadKey)).to_string();
        assert!(own.starts_with("the gateway answers 401: invalid write key. "), "{own}");
        assert!(own.ends_with(Reason::BadKey.advice()), "{own}");
        assert_eq!(shown(None).to_string(), "the gateway answers 401: invalid write key");
    }
}
