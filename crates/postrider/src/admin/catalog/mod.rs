//! `/api/v1/sources`, `/destinations`, `/connections`: what people edit, one object at a time.
//!
//! In come objects in the shape that a workspace file of ours is made of; out go the same, with marks
//! in the place of secrets, and of URLs for those who may not edit. Each has a version, which is its
//! `ETag`: an edit that says on which version it was made (`If-Match`) is refused where somebody else
//! came first. Every mistake of a body is told at once. Deliberately unknown here: what an edit means
//! for events that wait (`workspace/`).

pub mod config;
pub mod connections;
pub mod destinations;
pub mod sources;
pub mod types;
pub mod versions;
mod tag;

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::limits;
use domain::workspace::Workspace;
use serde_json::Value;
use storage::Snapshot;
use storage::catalog::{ObjectKey, ObjectKind};
use utoipa::IntoResponses;

use super::Needs;
use super::auth::Caller;
use super::body::{Mistakes, Text, text};
use super::problem::Problem;
use super::routes::Right;
use crate::workspace::{EditError, Lead};
use crate::workspace_file::finding::Finding;
use crate::workspace_file::forms::Form;
use crate::workspace_file::node::Node;
use crate::workspace_file::source::Made;

/// A kind of objects that people edit.
pub trait Edited: Clone + Send + Sync + 'static {
    /// Which kind.
    const KIND: ObjectKind;
    /// The code of a problem: there is none with this id.
    const ABSENT: &'static str;
    /// The code of a problem: the body has mistakes.
    const BAD: &'static str;
    /// How it is shown.
    type Form: Form + for<'a> From<&'a Self>;

    /// All there are.
    fn all(workspace: &Workspace) -> &Vec<Self>;

    /// All there are, to be changed.
    fn all_mut(workspace: &mut Workspace) -> &mut Vec<Self>;

    /// Its id.
    fn id(&self) -> &str;

    /// What a new one has where its body does not say it.
    fn made(body: &Node<'_>, workspace: &Workspace) -> Made;

    /// What one has that is to take the place of this one, where its body does not say it.
    fn kept(&self) -> Made;

    /// Reads one, next to the others.
    ///
    /// # Errors
    /// Every mistake.
    fn read(
        body: &Node<'_>,
        made: Made,
        stored: Option<&Self>,
        others: &Workspace,
    ) -> Result<Self, Vec<Finding>>;

    /// Takes it and what cannot be without it out of the workspace.
    fn remove(workspace: &mut Workspace, id: &str);
}

/// Why an edit may not be made.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes to the reference what is answered")]
enum Refusals {
    /// There is no such object
    #[response(status = 404, content_type = "application/problem+json")]
    Absent(Problem),
    /// A workspace file leads the catalog, or the id is taken
    #[response(status = 409, content_type = "application/problem+json")]
    Taken(Problem),
    /// Somebody else has changed it since the version that `If-Match` names; `current` is what it is now
    #[response(status = 412, content_type = "application/problem+json")]
    Changed(Problem),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body has mistakes, each with its place
    #[response(status = 422, content_type = "application/problem+json")]
    Mistaken(Problem),
}

/// Finds an object.
///
/// # Errors
/// A problem where there is none.
pub fn find<'w, O: Edited>(workspace: &'w Workspace, id: &str) -> Result<&'w O, Problem> {
    let found = O::all(workspace).iter().find(|one| one.id() == id);
    found.ok_or_else(|| absent::<O>(id))
}

/// There is no object of this kind with this id.
pub fn absent<O: Edited>(id: &str) -> Problem {
    let kind = O::KIND.as_str();
    Problem::new(404, O::ABSENT, format!("there is no {kind} {id}"))
}

/// The version of an object; 0 where there is none.
pub fn version<O: Edited>(content: &Snapshot, id: &str) -> u64 {
    let key = ObjectKey { kind: O::KIND, id: id.to_owned() };
    content.versions.get(&key).copied().unwrap_or(0)
}

/// An object as its caller may see it.
fn view<O: Edited>((needs, caller): Desk<'_>, content: &Snapshot, object: &O) -> O::Form {
    let managed_by = (needs.editor.lead() == Lead::File).then_some("file");
    form(caller, object).shown(version::<O>(content, object.id()), managed_by)
}

/// What an object is, as far as its caller may know.
fn form<O: Edited>(caller: &Caller, object: &O) -> O::Form {
    let form = O::Form::from(object);
    if caller.may(Right::Edit) { form } else { form.veiled() }
}

/// All objects of a kind, sorted by id.
fn list<O: Edited>((needs, caller): Desk<'_>) -> Vec<O::Form> {
    let content = needs.editor.content();
    let all = O::all(&content.workspace).iter();
    all.map(|object| view((needs, caller), &content, object)).collect()
}

/// An object with its tag.
fn answer<O: Edited>(
    desk: Desk<'_>,
    content: &Snapshot,
    id: &str,
    status: StatusCode,
) -> Result<Response, Problem> {
    let object = find::<O>(&content.workspace, id)?;
    let tag = tag::header(version::<O>(content, id));
    Ok((status, tag, Json(view(desk, content, object))).into_response())
}

/// Shows an object, unless whoever asks has it already.
fn show<O: Edited>(
    (needs, caller): Desk<'_>,
    id: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let content = needs.editor.content();
    let version = version::<O>(&content, id);
    if version > 0 && tag::is_known(headers, version) {
        return Ok((StatusCode::NOT_MODIFIED, tag::header(version)).into_response());
    }
    answer::<O>((needs, caller), &content, id, StatusCode::OK)
}

/// Makes an object.
async fn create<O: Edited>((needs, caller): Desk<'_>, body: &Text) -> Result<Response, Problem> {
    let author = caller.author();
    let edited = needs.editor.edit(&author, |content| {
        let workspace = &content.workspace;
        let made = O::made(&body.root(), workspace);
        let object = O::read(&body.root(), made, None, workspace).map_err(mistaken::<O>)?;
        let id = object.id().to_owned();
        let detail = fault_of_id(&id);
        if let Some(detail) = detail {
            return Err(mistaken::<O>(vec![Finding::new(1, "id", detail)]));
        }
        check_is_free::<O>(workspace, &id)?;
        let mut wanted = workspace.clone();
        O::all_mut(&mut wanted).push(object);
        Ok((wanted, id))
    });
    let (content, id) = edited.await?;
    answer::<O>((needs, caller), &content, &id, StatusCode::CREATED)
}

/// Why an id cannot be given to something new: it has to stand in a URL.
fn fault_of_id(id: &str) -> Option<String> {
    let most = limits::ID_BYTES_MAX;
    match id {
        "." | ".." => Some("cannot stand in an address; choose another one".to_owned()),
        _ if id.len() > most => Some(format!("has {} bytes, but {most} are allowed", id.len())),
        _ => None,
    }
}

fn check_is_free<O: Edited>(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let kind = O::KIND.as_str();
    if O::all(workspace).iter().any(|one| one.id() == id) {
        return Err(Problem::new(409, "exists", format!("there is a {kind} {id} already")));
    }
    let is_removed = workspace.removed.iter().any(|one| one.destination.id.as_str() == id);
    if O::KIND == ObjectKind::Destination && is_removed {
        let detail = format!("destination {id} was removed and may be restored; choose another id");
        return Err(Problem::new(409, "removed", detail));
    }
    Ok(())
}

/// Puts another object in the place of one.
async fn replace<O: Edited>(
    (needs, caller): Desk<'_>,
    id: &str,
    headers: &HeaderMap,
    body: &Text,
) -> Result<Response, Problem> {
    change::<O>((needs, caller), id, headers, |stored, others| {
        O::read(&body.root(), stored.kept(), Some(stored), others).map_err(mistaken::<O>)
    })
    .await
}

/// Changes what a body says of an object, as a JSON merge patch.
async fn patch<O: Edited>(
    (needs, caller): Desk<'_>,
    id: &str,
    headers: &HeaderMap,
    body: &Text,
) -> Result<Response, Problem> {
    let wanted: Value = serde_json::from_str(body.as_str()).map_err(too_deep)?;
    change::<O>((needs, caller), id, headers, |stored, others| {
        let shown = serde_json::to_value(O::Form::from(stored)).unwrap_or_default();
        let merged = merge(shown, &wanted).to_string();
        let root = Node::root(text(merged.as_bytes())?);
        O::read(&root, stored.kept(), Some(stored), others).map_err(mistaken::<O>)
    })
    .await
}

fn too_deep(error: serde_json::Error) -> Problem {
    Problem::new(400, "bad_json", error.to_string())
}

/// What a merge patch makes of a value. Source: RFC 7396.
fn merge(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut merged = match target {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    for (name, value) in patch {
        let old = merged.remove(name);
        if !value.is_null() {
            merged.insert(name.clone(), merge(old.unwrap_or_default(), value));
        }
    }
    Value::Object(merged)
}

/// Puts what `next` makes of an object, next to the others, in its place.
async fn change<O: Edited>(
    (needs, caller): Desk<'_>,
    id: &str,
    headers: &HeaderMap,
    next: impl Fn(&O, &Workspace) -> Result<O, Problem>,
) -> Result<Response, Problem> {
    let author = caller.author();
    let edited = needs.editor.edit(&author, |content| {
        let stored = find::<O>(&content.workspace, id)?;
        check_version::<O>((needs, caller), content, id, headers)?;
        let mut wanted = content.workspace.clone();
        O::all_mut(&mut wanted).retain(|one| one.id() != id);
        let object = next(stored, &wanted)?;
        if object.id() != id {
            let detail = format!("is {:?}, but the address says {id:?}", object.id());
            return Err(mistaken::<O>(vec![Finding::new(1, "id", detail)]));
        }
        O::all_mut(&mut wanted).push(object);
        Ok((wanted, ()))
    });
    let (content, ()) = edited.await?;
    answer::<O>((needs, caller), &content, id, StatusCode::OK)
}

/// Removes an object.
async fn remove<O: Edited>(
    (needs, caller): Desk<'_>,
    id: &str,
    headers: &HeaderMap,
) -> Result<StatusCode, Problem> {
    let author = caller.author();
    let edited = needs.editor.edit(&author, |content| {
        find::<O>(&content.workspace, id)?;
        check_version::<O>((needs, caller), content, id, headers)?;
        let mut wanted = content.workspace.clone();
        O::remove(&mut wanted, id);
        Ok::<_, Problem>((wanted, ()))
    });
    edited.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses an edit that was made on another version.
fn check_version<O: Edited>(
    desk: Desk<'_>,
    content: &Snapshot,
    id: &str,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    if tag::may_edit(headers, version::<O>(content, id)) {
        return Ok(());
    }
    let current = view(desk, content, find::<O>(&content.workspace, id)?);
    let kind = O::KIND.as_str();
    let detail = format!("{kind} {id} was changed by somebody else meanwhile");
    let current = serde_json::to_value(current).unwrap_or_default();
    Err(Problem::new(412, "changed_meanwhile", detail).showing(current))
}

fn mistaken<O: Edited>(findings: Vec<Finding>) -> Problem {
    let mut mistakes = Mistakes::default();
    mistakes.add(findings);
    mistakes.problem(O::BAD)
}

/// An id that nothing has, made of the name that a body gives.
fn free_id(body: &Node<'_>, kind: ObjectKind, is_taken: impl Fn(&str) -> bool) -> String {
    let name = body.object().ok().and_then(|object| object.get("name")?.string().ok());
    let slug = slug(&name.unwrap_or_default());
    let base = if slug.is_empty() { kind.as_str() } else { &slug };
    let numbered = (2..).map(|number: u64| format!("{base}-{number}"));
    let mut ids = std::iter::once(base.to_owned()).chain(numbered);
    ids.find(|id| !is_taken(id)).unwrap_or_default()
}

/// A name as small letters, digits and single dashes.
fn slug(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("-").to_ascii_lowercase();
    slug.truncate(limits::MADE_ID_BYTES_MAX);
    slug
}

impl From<EditError<Self>> for Problem {
    fn from(error: EditError<Self>) -> Self {
        match error {
            EditError::Refused(problem) => problem,
            EditError::Catalog(error) => error.into(),
            EditError::ManagedByFile => {
                let detail = "the workspace file decides what there is: edit that";
                Self::new(409, "managed_by_file", detail)
            }
        }
    }
}

/// What is edited, and who edits.
type Desk<'a> = (&'a Needs, &'a Caller);

/// The state of a handler.
type Shared = axum::extract::State<Arc<Needs>>;

#[cfg(test)]
mod tests;
