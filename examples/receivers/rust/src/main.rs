//! A receiver of signed webhooks.
//!
//! Usage: WEBHOOK_SECRET=whsec_… cargo run

use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tiny_http::{Request, Response, Server};

/// How far the clocks of both sides may be apart.
const TOLERANCE_SECONDS: u64 = 5 * 60;
const BODY_BYTES_MAX: u64 = 32 << 20;
const IDS_MAX: usize = 10_000;

/// Knows the events that are dealt with. An application keeps them in its database.
struct Receiver {
    secret: Vec<u8>,
    seen: HashSet<String>,
    ids: VecDeque<String>,
}

fn header<'r>(request: &'r Request, name: &'static str) -> Option<&'r str> {
    let found = request.headers().iter().find(|header| header.field.equiv(name));
    found.map(|header| header.value.as_str())
}

impl Receiver {
    /// The id of a request that is the sender's, whole, and new; none of every other. `body` are
    /// its bytes as they came.
    fn genuine<'r>(&self, request: &'r Request, body: &[u8]) -> Option<&'r str> {
        let id = header(request, "webhook-id").filter(|id| !id.is_empty())?;
        let timestamp = header(request, "webhook-timestamp")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        if now.abs_diff(timestamp.parse().ok()?) > TOLERANCE_SECONDS {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        // There are several while one secret takes the place of another.
        let mut given = header(request, "webhook-signature")?
            .split(' ')
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok());
        // Takes the same time wherever the two differ.
        given.any(|given| mac.clone().verify_slice(&given).is_ok()).then_some(id)
    }

    /// An event may come more than once: after a lost answer, or a crash of either side.
    fn take(&mut self, id: &str, event: &Value) {
        if self.seen.contains(id) {
            return;
        }
        println!("received {} {id}", event["type"].as_str().unwrap_or("event"));
        self.seen.insert(id.to_owned());
        self.ids.push_back(id.to_owned());
        if self.ids.len() > IDS_MAX
            && let Some(oldest) = self.ids.pop_front()
        {
            self.seen.remove(&oldest);
        }
    }

    fn answer(&mut self, request: &mut Request) -> u16 {
        let mut body = Vec::new();
        let reader = request.as_reader();
        if reader.take(BODY_BYTES_MAX).read_to_end(&mut body).is_err() {
            return 400;
        }
        let Some(id) = self.genuine(request, &body) else { return 400 };
        let Ok(event) = serde_json::from_slice(&body) else { return 400 };
        self.take(id, &event);
        200
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let secret = std::env::var("WEBHOOK_SECRET").unwrap_or_default();
    let secret = STANDARD.decode(secret.trim_start_matches("whsec_"))?;
    if secret.len() < 24 {
        return Err("WEBHOOK_SECRET must be the secret of the destination: whsec_…".into());
    }
    let port = std::env::var("PORT").unwrap_or_else(|_| "9000".to_owned());
    let server = Server::http(format!("127.0.0.1:{port}"))?;
    println!("listening on http://{}", server.server_addr());
    let mut receiver = Receiver { secret, seen: HashSet::new(), ids: VecDeque::new() };
    for mut request in server.incoming_requests() {
        let status = receiver.answer(&mut request);
        let text = if status == 200 { "ok\n" } else { "not genuine\n" };
        // Who has gone meanwhile sends the event again.
        let _ = request.respond(Response::from_string(text).with_status_code(status));
    }
    Ok(())
}
