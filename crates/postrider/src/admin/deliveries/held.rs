//! The settings that a destination had at some time.
//!
//! The catalog has those of now; earlier ones are in the audit log, where each edit came with the
//! destination before and after, without its secrets.

use domain::destination::webhook::WebhookSettings;
use domain::destination::{Destination, DestinationSettings};
use domain::id::DestinationId;
use domain::limits;
use domain::time::Timestamp;
use storage::catalog::ObjectKind;
use storage::{AuditQuery, AuditRecord};

use crate::admin::problem::Problem;
use crate::admin::{Needs, catalog};
use crate::workspace_file::past;

/// Settings that held at some time.
pub struct Held {
    /// The version of the destination; none where its number is not kept any more.
    pub version: Option<u64>,
    /// Whether they still hold.
    pub is_current: bool,
    /// The same, with anything in the place of secrets where they do not hold any more.
    pub settings: WebhookSettings,
}

/// The settings that held at a time.
///
/// # Errors
/// A problem where they are not kept.
pub async fn held(needs: &Needs, id: &DestinationId, at: Timestamp) -> Result<Held, Problem> {
    let (last, next) = around(needs, id, at).await?;
    let version = last.and_then(|edit| edit.revision);
    let Some(next) = next else { return current(needs, id) };
    let settings = next.deed.before.as_deref().and_then(past::webhook);
    let settings = settings.ok_or_else(|| gone(id))?;
    Ok(Held { version, is_current: false, settings })
}

fn current(needs: &Needs, id: &DestinationId) -> Result<Held, Problem> {
    let content = needs.store.catalog.watch().borrow().clone();
    let found = catalog::find::<Destination>(&content.workspace, id.as_str());
    let DestinationSettings::Webhook(settings) = &found.map_err(|_| gone(id))?.settings;
    let version = catalog::version::<Destination>(&content, id.as_str());
    Ok(Held { version: Some(version), is_current: true, settings: settings.clone() })
}

/// The last edit of a destination before a time, and the first one after it.
async fn around(
    needs: &Needs,
    id: &DestinationId,
    at: Timestamp,
) -> Result<(Option<AuditRecord>, Option<AuditRecord>), Problem> {
    let (mut next, mut older_than) = (None, None);
    loop {
        let query = AuditQuery {
            kind: Some(ObjectKind::Destination.as_str().to_owned()),
            object: Some(id.to_string()),
            older_than,
            rows_max: limits::ADMIN_ROWS_MAX,
            ..AuditQuery::default()
        };
        let page = needs.store.audit.list(query).await?;
        // Only edits make versions; what else is done to a destination does not.
        for edit in page.records.into_iter().filter(|record| record.revision.is_some()) {
            if edit.deed.author.at <= at {
                return Ok((Some(edit), next));
            }
            next = Some(edit);
        }
        older_than = page.older_than;
        if older_than.is_none() {
            return Ok((None, next));
        }
    }
}

fn gone(id: &DestinationId) -> Problem {
    let detail = format!("the settings that destination {id} had at that time are not kept");
    Problem::new(410, "version_gone", detail)
}
