//! `postrider source`, `destination` and `connection`: what people edit, through the API.
//!
//! Objects have the members of the workspace file, in both directions.

use http::Method;
use serde_json::{Map, Value, json};

use super::look::text;
use super::query::encoded;
use super::remote::RemoteError;
use super::{Desk, STATUS};
use crate::console::{Cell, Ending, Failure, Shape, Table, Tint};
use crate::terminal::plain;
use crate::workspace_file::webhook;

/// A kind of objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectWord {
    /// What sends events.
    Source,
    /// Where they go.
    Destination,
    /// From the one to the other.
    Connection,
}

/// What to do with objects of which kind.
#[derive(Clone, PartialEq, Debug)]
pub struct CatalogWish {
    /// The kind.
    pub word: ObjectWord,
    /// What to do.
    pub act: CatalogAct,
}

/// What to do.
#[derive(Clone, PartialEq, Debug)]
pub enum CatalogAct {
    /// Make one.
    Add {
        /// The object.
        body: Value,
        /// The sources to connect to it, if it is a destination.
        from: Vec<String>,
    },
    /// List all.
    List,
    /// Show the one with this id.
    Show(String),
    /// Remove the one with this id.
    Remove(String),
    /// Put the removed destination with this id back.
    Restore(String),
    /// Have everything tried that waits for the destination with this id.
    TryNow(String),
}

impl ObjectWord {
    /// The word for one.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Connection => "connection",
        }
    }

    /// The word for several.
    fn plural(self) -> String {
        format!("{}s", self.singular())
    }

    fn path(self) -> String {
        format!("/api/v1/{}", self.plural())
    }

    fn path_of(self, id: &str) -> String {
        format!("{}/{}", self.path(), encoded(id))
    }
}

/// Carries a wish out.
///
/// # Errors
/// Where the server cannot be asked, or refuses.
pub async fn carry_out(desk: &Desk<'_>, wish: &CatalogWish) -> Result<Ending, Failure> {
    let word = wish.word;
    match &wish.act {
        CatalogAct::Add { body, from } => add(desk, word, body, from).await?,
        CatalogAct::List => list(desk, word).await?,
        CatalogAct::Show(id) => {
            let found = desk.remote.get(&word.path_of(id)).await?;
            desk.show(&match desk.shape {
                Shape::Json => format!("{found}\n"),
                Shape::Lines => format!("{found:#}\n"),
            });
        }
        CatalogAct::Remove(id) => {
            remove(desk, word, id).await?;
            let left = match word {
                ObjectWord::Destination => left_of(desk, id).await,
                ObjectWord::Source | ObjectWord::Connection => None,
            };
            desk.show(&match desk.shape {
                Shape::Json => {
                    let mut told = json!({ "removed": id });
                    for (name, value) in left.into_iter().flatten() {
                        told[name] = value;
                    }
                    format!("{told}\n")
                }
                Shape::Lines => {
                    let left = left.as_ref().map_or(String::new(), |left| kept(id, left));
                    format!("{} {id} is removed\n{left}", word.singular())
                }
            });
        }
        CatalogAct::Restore(id) => {
            let path = format!("{}/restore", word.path_of(id));
            desk.remote.ask(Method::POST, &path, &Value::Null).await?;
            done(desk, word, id, "restored");
        }
        CatalogAct::TryNow(id) => {
            let path = format!("{}/try-now", word.path_of(id));
            desk.remote.ask(Method::POST, &path, &Value::Null).await?;
            done(desk, word, id, "asked to try all that waits now");
        }
    }
    Ok(Ending::Well)
}

fn done(desk: &Desk<'_>, word: ObjectWord, id: &str, what: &str) {
    desk.show(&match desk.shape {
        Shape::Json => format!("{}\n", json!({ "id": id, "done": what })),
        Shape::Lines => format!("{} {} is {what}\n", word.singular(), plain(id)),
    });
}

/// What waits for a removed destination, and until when; none where that cannot be told, as it is
/// removed all the same.
async fn left_of(desk: &Desk<'_>, id: &str) -> Option<Map<String, Value>> {
    let status = desk.remote.get(STATUS).await.ok()?;
    let removed = status["removed"].as_array()?.iter().find(|one| one["id"] == id)?;
    let member = |name: &str| (name.to_owned(), removed[name].clone());
    Some(["waiting", "kept_until"].map(member).into_iter().collect())
}

fn kept(id: &str, left: &Map<String, Value>) -> String {
    let (waiting, until) = (text(&left["waiting"]), text(&left["kept_until"]));
    format!(
        "{waiting} events wait for it; it is kept until {until}, and \
         `postrider destination restore {}` puts it back\n",
        plain(id)
    )
}

async fn add(
    desk: &Desk<'_>,
    word: ObjectWord,
    body: &Value,
    from: &[String],
) -> Result<(), RemoteError> {
    for source in from {
        // Before anything is made: a name that is mistyped must not leave half of it behind.
        desk.remote.get(&ObjectWord::Source.path_of(source)).await?;
    }
    let made = make(desk, word, body).await?;
    if let Some(warning) = body["config"]["webhookUrl"].as_str().and_then(webhook::never_called) {
        desk.console.tell(&format!("warning: {warning}"));
    }
    let id = text(&made["id"]);
    let mut connections = Vec::new();
    for source in from {
        let body = json!({ "source": source, "destination": made["id"] });
        connections.push(make(desk, ObjectWord::Connection, &body).await?);
    }
    if desk.shape == Shape::Json {
        // One object: what was asked for, with what came along.
        let mut told = made;
        if !connections.is_empty() {
            told["connections"] = connections.into();
        }
        desk.show(&format!("{told}\n"));
        return Ok(());
    }
    let key = text(&made["writeKey"]);
    let key = if key.is_empty() { String::new() } else { format!("write key {key}\n") };
    let joined = from.iter().map(|source| format!("connected to {source}\n"));
    let joined: String = joined.collect();
    desk.show(&format!("{} {id} is made\n{key}{joined}", word.singular()));
    Ok(())
}

/// Makes an object; answers it as it is then.
///
/// # Errors
/// See [`RemoteError`].
pub async fn make(desk: &Desk<'_>, word: ObjectWord, body: &Value) -> Result<Value, RemoteError> {
    desk.remote.ask(Method::POST, &word.path(), body).await
}

/// Removes an object.
///
/// # Errors
/// See [`RemoteError`].
pub async fn remove(desk: &Desk<'_>, word: ObjectWord, id: &str) -> Result<(), RemoteError> {
    desk.remote.ask(Method::DELETE, &word.path_of(id), &Value::Null).await.map(drop)
}

/// All objects of a kind.
///
/// # Errors
/// See [`RemoteError`].
pub async fn all(desk: &Desk<'_>, word: ObjectWord) -> Result<Value, RemoteError> {
    desk.remote.get(&word.path()).await
}

async fn list(desk: &Desk<'_>, word: ObjectWord) -> Result<(), RemoteError> {
    let found = all(desk, word).await?;
    if desk.shape == Shape::Json {
        desk.show(&format!("{found}\n"));
        return Ok(());
    }
    let rows = found[word.plural()].as_array().map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        desk.show(&format!("no {}\n", word.plural()));
        return Ok(());
    }
    let (head, members) = match word {
        ObjectWord::Source => (["ID", "NAME", "STATE", "WRITE KEY"], ["/name", "/writeKey"]),
        ObjectWord::Destination => {
            (["ID", "NAME", "STATE", "URL"], ["/name", "/config/webhookUrl"])
        }
        ObjectWord::Connection => {
            (["ID", "SOURCE", "STATE", "DESTINATION"], ["/source", "/destination"])
        }
    };
    let mut table = Table::new(head);
    for row in rows {
        let cell = |pointer| Cell::text(&row.pointer(pointer).map(text).unwrap_or_default());
        let is_paused = row["postrider"]["delivery"]["paused"] == true;
        let state = match (row["enabled"] != false, is_paused) {
            (false, _) => Cell::text("disabled").tinted(Tint::Faint),
            (true, true) => Cell::text("paused").tinted(Tint::Poor),
            (true, false) => Cell::text("enabled").tinted(Tint::Good),
        };
        table.row([cell("/id"), cell(members[0]), state, cell(members[1])]);
    }
    desk.show(&table.lines(desk.console.palette));
    Ok(())
}
