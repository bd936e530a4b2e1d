//! `postrider source`, `destination` and `connection`: what people edit, through the API.
//!
//! Objects have the members of the workspace file, in both directions.

use http::Method;
use serde_json::{Value, json};

use super::Desk;
use super::look::text;
use super::query::encoded;
use super::remote::RemoteError;
use crate::console::{Cell, Ending, Failure, Shape, Table, Tint};

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
            desk.show(&match desk.shape {
                Shape::Json => format!("{}\n", json!({ "removed": id })),
                Shape::Lines => format!("{} {id} is removed\n", word.singular()),
            });
        }
    }
    Ok(Ending::Well)
}

async fn add(
    desk: &Desk<'_>,
    word: ObjectWord,
    body: &Value,
    from: &[String],
) -> Result<(), RemoteError> {
    let made = make(desk, word, body).await?;
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
        let is_enabled = row["enabled"] != false;
        let state = match is_enabled {
            true => Cell::text("enabled").tinted(Tint::Good),
            false => Cell::text("disabled").tinted(Tint::Faint),
        };
        table.row([cell("/id"), cell(members[0]), state, cell(members[1])]);
    }
    desk.show(&table.lines(desk.console.palette));
    Ok(())
}
