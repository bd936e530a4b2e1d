//! `POST /api/v1/issues/{id}/acknowledge`, `…/resolve`, `…/ignore` and `…/reopen`: what people say of an
//! issue, and that they take it back. Nothing of it changes what is delivered.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use domain::limits::ISSUE_NOTE_CHARS_MAX;
use storage::{IssueState, Mark, Ruling};
use utoipa::ToSchema;

use super::{IssueStatus, find, unknown};
use crate::admin::Needs;
use crate::admin::asked::Path;
use crate::admin::auth::Caller;
use crate::admin::body::{self, Mistakes};
use crate::admin::problem::Problem;
use crate::workspace_file::finding::Finding;
use crate::workspace_file::node::Node;

/// What is said besides.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct Remark {
    /// Why, or what is done about it: 500 characters at most.
    note: Option<String>,
}

/// Says that somebody knows of an issue, until it comes again after it was resolved.
#[utoipa::path(
    post,
    path = "/api/v1/issues/{id}/acknowledge",
    tag = "Issues",
    params(("id" = u64, Path, description = "The number of the issue")),
    request_body = Option<Remark>,
    responses(
        (status = 200, description = "The issue", body = IssueStatus),
        (status = 404, description = "There is no such issue, or not any more", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is resolved", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn acknowledge(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path(id): Path<u64>,
    body: Bytes,
) -> Result<Json<IssueStatus>, Problem> {
    put_on_going(&needs, id, mark(Ruling::Acknowledged, &caller, &body)?).await
}

/// Says that an issue is over, until it comes again.
#[utoipa::path(
    post,
    path = "/api/v1/issues/{id}/resolve",
    tag = "Issues",
    params(("id" = u64, Path, description = "The number of the issue")),
    request_body = Option<Remark>,
    responses(
        (status = 200, description = "The issue", body = IssueStatus),
        (status = 404, description = "There is no such issue, or not any more", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is resolved already", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn resolve(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path(id): Path<u64>,
    body: Bytes,
) -> Result<Json<IssueStatus>, Problem> {
    put_on_going(&needs, id, mark(Ruling::Resolved, &caller, &body)?).await
}

/// Says that nobody is to be troubled by an issue, however often it comes.
#[utoipa::path(
    post,
    path = "/api/v1/issues/{id}/ignore",
    tag = "Issues",
    params(("id" = u64, Path, description = "The number of the issue")),
    request_body = Option<Remark>,
    responses(
        (status = 200, description = "The issue", body = IssueStatus),
        (status = 404, description = "There is no such issue, or not any more", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn ignore(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path(id): Path<u64>,
    body: Bytes,
) -> Result<Json<IssueStatus>, Problem> {
    put(&needs, id, Some(mark(Ruling::Ignored, &caller, &body)?)).await
}

/// Takes back what somebody has said of an issue.
#[utoipa::path(
    post,
    path = "/api/v1/issues/{id}/reopen",
    tag = "Issues",
    params(("id" = u64, Path, description = "The number of the issue")),
    responses(
        (status = 200, description = "The issue", body = IssueStatus),
        (status = 404, description = "There is no such issue, or not any more", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is what it is by itself", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn reopen(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<u64>,
) -> Result<Json<IssueStatus>, Problem> {
    let issue = find(&needs, id).await?;
    let is_over = issue.resolved_at.is_some() && issue.state() == IssueState::Resolved;
    if issue.mark.is_none() || is_over {
        let detail = "nobody has said of it what it is; it is open again when it comes again";
        return Err(Problem::new(409, "nothing_to_take_back", detail));
    }
    put(&needs, id, None).await
}

/// Marks an issue that is not resolved: of one that is there is nothing to say.
async fn put_on_going(needs: &Needs, id: u64, mark: Mark) -> Result<Json<IssueStatus>, Problem> {
    if find(needs, id).await?.state() == IssueState::Resolved {
        return Err(Problem::new(409, "issue_resolved", "the issue is resolved"));
    }
    put(needs, id, Some(mark)).await
}

async fn put(needs: &Needs, id: u64, mark: Option<Mark>) -> Result<Json<IssueStatus>, Problem> {
    let marked = needs.store.ledger.mark_issue(id, mark).await?;
    Ok(Json(marked.ok_or_else(unknown)?.into()))
}

fn mark(ruling: Ruling, caller: &Caller, body: &[u8]) -> Result<Mark, Problem> {
    let (author, note) = (caller.author(), note(body)?);
    Ok(Mark { ruling, at: author.at, by: author.by, note })
}

/// The note of a body, which may also be none.
fn note(body: &[u8]) -> Result<String, Problem> {
    if body.is_empty() {
        return Ok(String::new());
    }
    let (root, mut mistakes) = (Node::root(body::text(body)?), Mistakes::default());
    let note = noted(&root, &mut mistakes);
    mistakes.settle(note, "bad_note")
}

fn noted(root: &Node<'_>, mistakes: &mut Mistakes) -> Option<String> {
    if root.is_null() {
        return Some(String::new());
    }
    let object = mistakes.keep(root.object())?;
    mistakes.add(object.unknown(&["note"]));
    let note = object.get("note").filter(|node| !node.is_null());
    note.map_or(Some(String::new()), |node| mistakes.keep(bounded(node)))
}

fn bounded(node: &Node<'_>) -> Result<String, Finding> {
    let note = node.string()?.trim().to_owned();
    let count = note.chars().count();
    if count > ISSUE_NOTE_CHARS_MAX {
        let most = ISSUE_NOTE_CHARS_MAX;
        return Err(node.finding(format!("has {count} characters, but may have {most} at most")));
    }
    Ok(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_short_and_may_be_none() {
        let read = |body: &str| note(body.as_bytes()).ok();
        for none in ["", "null", "{}", r#"{"note":null}"#, r#"{"note":"  "}"#] {
            assert_eq!(read(none).as_deref(), Some(""), "{none}");
        }
        assert_eq!(read(r#"{"note":" is \"known\" "}"#).as_deref(), Some("is \"known\""));
        let long = |count| read(&format!(r#"{{"note":"{}"}}"#, "é".repeat(count)));
        assert_eq!(long(ISSUE_NOTE_CHARS_MAX).map(|note| note.len()), Some(1_000));
        assert_eq!(long(ISSUE_NOTE_CHARS_MAX + 1), None);
        for bad in ["[]", "{", r#"{"note":1}"#, r#"{"notes":""}"#, r#""x""#] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
