//! `/api/v1/config`: the whole workspace as one text, and what another one would change.
//!
//! Out goes what a file of our own shape holds, with marks in the place of secrets. In comes a workspace
//! of either shape: a plan says what would be different, and apply makes it so, in one edit. Marks stand
//! for the secrets that are stored, so what was exported can be applied.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::connection::Connection;
use domain::destination::Destination;
use domain::source::Source;
use domain::workspace::Workspace;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::Snapshot;
use utoipa::{IntoParams, ToSchema};

use super::{Edited, Shared};
use crate::admin::asked::Query;
use crate::admin::auth::Caller;
use crate::admin::body::{Mistakes, Text};
use crate::admin::problem::Problem;
use crate::workspace_file::changes::{self, FieldChange};
use crate::workspace_file::finding::Finding;
use crate::workspace_file::forms::{ConnectionForm, DestinationForm, SourceForm};
use crate::workspace_file::node::{Node, Object};
use crate::workspace_file::secrets::Stored;
use crate::workspace_file::{self, yaml};

/// How a workspace is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Spelling {
    /// `json`, or `yaml`.
    #[param(inline)]
    format: Option<Format>,
}

/// A spelling.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// YAML.
    Yaml,
}

/// A workspace, as a file of our own shape has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workspace)]
pub struct WorkspaceForm {
    sources: Vec<SourceForm>,
    destinations: Vec<DestinationForm>,
    connections: Vec<ConnectionForm>,
}

/// A workspace that is wanted.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct WantedBody {
    /// A workspace of our own shape, or what RudderStack's `workspaceConfig.json` holds.
    #[schema(value_type = Object)]
    workspace: Value,
    /// Whether what it does not name is removed; `false` where it is missing.
    prune: Option<bool>,
}

/// What differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Plan {
    changes: Vec<PlannedChange>,
}

/// What differs of an object.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedChange {
    /// `create`, `change` or `remove`.
    action: &'static str,
    /// `source`, `destination` or `connection`.
    kind: &'static str,
    /// The object's id.
    id: String,
    /// Field by field; secrets are marks.
    changes: Vec<FieldChange>,
}

/// A workspace that is wanted, as it came.
struct Wanted<'b> {
    node: Node<'b>,
    prune: bool,
}

/// Writes the whole workspace, with marks in the place of secrets.
#[utoipa::path(
    get,
    path = "/api/v1/config",
    tag = "Configuration",
    params(Spelling),
    responses(
        (status = 200, description = "The workspace", content(
            (Object = "application/json"), (Object = "application/yaml"))),
    )
)]
pub async fn export(
    State(needs): Shared,
    caller: Caller,
    Query(spelling): Query<Spelling>,
) -> Result<Response, Problem> {
    let form = WorkspaceForm::of(&needs.editor.content().workspace, &caller);
    if spelling.format.unwrap_or_default() == Format::Json {
        return Ok(Json(form).into_response());
    }
    let text = serde_json::to_string(&form).unwrap_or_default();
    let text = yaml::of_json(&Node::root(&text)).unwrap_or_default();
    Ok(([(CONTENT_TYPE, "application/yaml")], text).into_response())
}

/// Says what a workspace would change, and changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/config/plan",
    tag = "Configuration",
    request_body = WantedBody,
    responses(
        (status = 200, description = "What would be different", body = Plan),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The workspace has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn plan(State(needs): Shared, body: Text) -> Result<Json<Plan>, Problem> {
    let wanted = Wanted::read(&body)?;
    let content = needs.editor.content();
    let workspace = wanted.workspace(&content.workspace)?;
    Ok(Json(Plan::of(&content, &workspace)))
}

/// Makes the workspace what is wanted, all of it or nothing.
#[utoipa::path(
    post,
    path = "/api/v1/config/apply",
    tag = "Configuration",
    request_body = WantedBody,
    responses(
        (status = 200, description = "What is different now", body = Plan),
        (status = 409, description = "A workspace file leads the catalog", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The workspace has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn apply(
    State(needs): Shared,
    caller: Caller,
    body: Text,
) -> Result<Json<Plan>, Problem> {
    let wanted = Wanted::read(&body)?;
    let author = caller.author();
    let edited = needs.editor.edit(&author, |content| {
        let workspace = wanted.workspace(&content.workspace)?;
        let plan = Plan::of(content, &workspace);
        Ok::<_, Problem>((workspace, plan))
    });
    let (_, plan) = edited.await?;
    Ok(Json(plan))
}

impl<'b> Wanted<'b> {
    fn read(body: &'b Text) -> Result<Self, Problem> {
        let mut mistakes = Mistakes::default();
        let read = Self::of(&body.root(), &mut mistakes);
        mistakes.settle(read, BAD)
    }

    fn of(root: &Node<'b>, mistakes: &mut Mistakes) -> Option<Self> {
        let object: Object<'b> = mistakes.keep(root.object())?;
        mistakes.add(object.unknown(&["workspace", "prune"]));
        let prune = object.get("prune").map(Node::boolean);
        let prune = mistakes.keep(prune.unwrap_or(Ok(false)))?;
        let node = object.get("workspace").ok_or_else(|| object.missing("workspace"));
        Some(Self { node: mistakes.keep(node)?.clone(), prune })
    }

    /// What the workspace is to be.
    fn workspace(&self, current: &Workspace) -> Result<Workspace, Problem> {
        let kept = match self.prune {
            true => Workspace::default(),
            false => current.clone(),
        };
        let around = Workspace { connections: Vec::new(), ..kept.clone() };
        let own = workspace_file::of_api(&self.node, current, around).map_err(mistaken)?;
        let mut wanted = Workspace { removed: Vec::new(), ..kept };
        put_all::<Source>(&mut wanted, &own);
        put_all::<Destination>(&mut wanted, &own);
        put_all::<Connection>(&mut wanted, &own);
        let faults = clashes(&wanted);
        if faults.is_empty() { Ok(wanted) } else { Err(mistaken(faults)) }
    }
}

const BAD: &str = "bad_workspace";

fn mistaken(findings: Vec<Finding>) -> Problem {
    let mut mistakes = Mistakes::default();
    mistakes.add(findings);
    mistakes.problem(BAD)
}

/// Puts all objects of a kind in the place of those with their ids.
fn put_all<O: Edited>(wanted: &mut Workspace, own: &Workspace) {
    let own = O::all(own);
    let all = O::all_mut(wanted);
    all.retain(|kept| !own.iter().any(|new| new.id() == kept.id()));
    all.extend(own.iter().cloned());
}

/// What does not fit together of what is wanted and what is kept.
fn clashes(workspace: &Workspace) -> Vec<Finding> {
    let fault = |reason: String| Finding::new(1, "workspace", reason);
    let mut faults = Vec::new();
    let mut keys = std::collections::BTreeMap::new();
    for source in &workspace.sources {
        for key in &source.write_keys {
            if let Some(other) = keys.insert(&key.key, &source.id) {
                faults.push(fault(format!("sources {other} and {} have one write key", source.id)));
            }
        }
    }
    let mut pairs = std::collections::BTreeMap::new();
    for connection in &workspace.connections {
        let pair = (&connection.source, &connection.destination);
        if let Some(other) = pairs.insert(pair, &connection.id) {
            let reason = format!("connections {other} and {} connect the same", connection.id);
            faults.push(fault(reason));
        }
    }
    faults
}

impl WorkspaceForm {
    /// A workspace as its caller may see it.
    fn of(workspace: &Workspace, caller: &Caller) -> Self {
        Self {
            sources: forms::<Source>(workspace, caller),
            destinations: forms::<Destination>(workspace, caller),
            connections: forms::<Connection>(workspace, caller),
        }
    }
}

fn forms<O: Edited>(workspace: &Workspace, caller: &Caller) -> Vec<O::Form> {
    O::all(workspace).iter().map(|object| super::form(caller, object)).collect()
}

impl Plan {
    fn of(content: &Snapshot, wanted: &Workspace) -> Self {
        let current = &content.workspace;
        let mut changes = planned::<Source>(current, wanted);
        changes.extend(planned::<Destination>(current, wanted));
        changes.extend(planned::<Connection>(current, wanted));
        for change in changes.iter_mut().filter(|one| one.kind == Destination::KIND.as_str()) {
            change.tell_of_secrets(current, wanted);
        }
        changes.retain(|one| one.action != "change" || !one.changes.is_empty());
        Self { changes }
    }
}

/// What would be different of the objects of a kind; those that stay are changes without any field.
fn planned<O: Edited>(current: &Workspace, wanted: &Workspace) -> Vec<PlannedChange> {
    let form = |object: Option<&O>| {
        let form = object.map(|object| serde_json::to_value(O::Form::from(object)));
        form.and_then(Result::ok).unwrap_or_default()
    };
    let find = |workspace, id: &str| O::all(workspace).iter().find(|one: &&O| one.id() == id);
    let removed = O::all(current).iter().filter(|one| find(wanted, one.id()).is_none());
    let all = O::all(wanted).iter().chain(removed);
    let mut changes: Vec<_> = all
        .map(|object| {
            let id = object.id();
            let (before, after) = (find(current, id), find(wanted, id));
            let action = match (before, after) {
                (None, _) => "create",
                (_, None) => "remove",
                _ => "change",
            };
            let changes = changes::between(&form(before), &form(after));
            PlannedChange { action, kind: O::KIND.as_str(), id: id.to_owned(), changes }
        })
        .collect();
    changes.sort_by(|one, other| one.id.cmp(&other.id));
    changes
}

impl PlannedChange {
    /// Notes that secrets differ, where their marks are the same.
    fn tell_of_secrets(&mut self, current: &Workspace, wanted: &Workspace) {
        let of = |workspace: &Workspace| {
            let all = &workspace.destinations;
            all.iter().find(|one| one.id.as_str() == self.id).map(Stored::of)
        };
        if let (Some(before), Some(after)) = (of(current), of(wanted))
            && before != after
            && self.changes.is_empty()
        {
            let mark = Value::from("sealed:…");
            let field = "(secrets)".to_owned();
            self.changes.push(FieldChange { field, before: mark.clone(), after: mark });
        }
    }
}
