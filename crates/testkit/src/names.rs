//! A name server on the loopback that answers as told, and differently each time where told so.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// A name server at work until it is dropped.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    at_work: JoinHandle<()>,
}

/// What to answer to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NameReply {
    /// These addresses; those of the family that was asked for. None is an empty answer.
    Addresses(Vec<IpAddr>),
    /// There is no such name.
    NoName,
    /// The server has failed.
    Failed,
    /// The name is another name for this one, and nothing is said of that.
    Alias(String),
    /// Nothing.
    Silence,
}

/// Kinds of records. Source: RFC 1035, section 3.2.2; RFC 3596.
const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

impl NameServer {
    /// Starts a server that asks `reply` about each name, with how often that family of it was
    /// asked for before.
    ///
    /// # Panics
    /// Where there is no port.
    pub async fn start(reply: impl Fn(&str, usize) -> NameReply + Send + Sync + 'static) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let own = asked.clone();
        let at_work = tokio::spawn(async move {
            let mut buffer = [0; 2_048];
            while let Ok((count, from)) = socket.recv_from(&mut buffer).await {
                let Some(question) = Question::read(&buffer[..count]) else { continue };
                let nth = note(&own, &question);
                if let Some(bytes) = question.answer(reply(&question.name, nth)) {
                    // Who does not wait any more gets nothing.
                    let _ = socket.send_to(&bytes, from).await;
                }
            }
        });
        Self { address, asked, at_work }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often addresses of a name were asked for, of the fourth version of IP.
    ///
    /// # Panics
    /// Never: nobody panics with the list.
    pub fn asked(&self, name: &str) -> usize {
        let asked = self.asked.lock().expect("a list");
        asked.iter().filter(|one| **one == format!("{name}/{A}")).count()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.at_work.abort();
    }
}

/// Notes a question; answers how often it was asked before.
fn note(asked: &Mutex<Vec<String>>, question: &Question) -> usize {
    let key = format!("{}/{}", question.name, question.kind);
    let mut asked = asked.lock().expect("a list");
    let nth = asked.iter().filter(|one| **one == key).count();
    asked.push(key);
    nth
}

/// A question as it came.
struct Question {
    id: [u8; 2],
    name: String,
    kind: u16,
    /// Name, kind and class, to be sent back.
    bytes: Vec<u8>,
}

impl Question {
    /// Reads the first question. Source: RFC 1035, section 4.1.
    fn read(bytes: &[u8]) -> Option<Self> {
        let id = bytes.get(..2)?.try_into().ok()?;
        let mut at = 12;
        let mut labels = Vec::new();
        loop {
            let length = usize::from(*bytes.get(at)?);
            let label = bytes.get(at + 1..at + 1 + length)?;
            at += 1 + length;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(label).to_lowercase());
        }
        let kind = u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
        Some(Self { id, name: labels.join("."), kind, bytes: bytes.get(12..at + 4)?.to_vec() })
    }

    fn answer(&self, reply: NameReply) -> Option<Vec<u8>> {
        let (code, records) = match reply {
            NameReply::Silence => return None,
            NameReply::NoName => (3, Vec::new()),
            NameReply::Failed => (2, Vec::new()),
            NameReply::Alias(other) => (0, vec![record(CNAME, &encoded(&other))]),
            NameReply::Addresses(all) => {
                (0, all.iter().filter_map(|address| self.address(*address)).collect())
            }
        };
        let count = u16::try_from(records.len()).expect("few").to_be_bytes();
        // An answer, by one who may say so, with recursion.
        let head = [&self.id[..], &[0x85, 0x80 | code, 0, 1], &count, &[0, 0, 0, 0]].concat();
        Some([head, self.bytes.clone(), records.concat()].concat())
    }

    fn address(&self, address: IpAddr) -> Option<Vec<u8>> {
        match (self.kind, address) {
            (A, IpAddr::V4(address)) => Some(record(A, &address.octets())),
            (AAAA, IpAddr::V6(address)) => Some(record(AAAA, &address.octets())),
            _ => None,
        }
    }
}

/// A record of the name that was asked for, which nobody may remember.
fn record(kind: u16, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("it is short").to_be_bytes();
    [&[0xc0, 12][..], &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 0], &length, bytes].concat()
}

fn encoded(name: &str) -> Vec<u8> {
    let label =
        |label: &str| [&[u8::try_from(label.len()).expect("short")], label.as_bytes()].concat();
    let labels: Vec<Vec<u8>> = name.split('.').map(label).collect();
    [labels.concat(), vec![0]].concat()
}
