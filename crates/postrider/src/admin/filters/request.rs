//! The body of a trial: a filter, and whose events to try it on.

use domain::filter::Filter;
use domain::id::{DestinationId, SourceId};
use domain::limits;
use utoipa::ToSchema;

use crate::admin::body::{self, Mistakes};
use crate::admin::problem::Problem;
use crate::workspace_file::filter;
use crate::workspace_file::node::Node;

/// Events tried where the request names no number. Source: chosen.
const LAST_DEFAULT: u32 = 1_000;

/// A filter that is to be tried.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct TrialBody {
    /// Only events of this source.
    #[schema(value_type = Option<String>)]
    source: Option<SourceId>,
    /// Who would get them: then its consent rules and what events say count as well.
    #[schema(value_type = Option<String>)]
    destination: Option<DestinationId>,
    /// The filter, as the workspace file has it.
    #[schema(value_type = Option<Object>)]
    filter: Option<Filter>,
    /// How many of the latest events; 1,000 where it is missing.
    last: Option<u32>,
}

/// What is to be tried.
#[derive(Debug)]
pub struct TrialRequest {
    /// Only events of this source; of all where there is none.
    pub source: Option<SourceId>,
    /// Who would get them; none where the filter alone counts.
    pub destination: Option<DestinationId>,
    /// The filter.
    pub filter: Filter,
    /// How many of the latest events.
    pub last: u32,
}

impl TrialRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// A problem with every mistake and its place.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        let mut mistakes = Mistakes::default();
        let request = read(&Node::root(body::text(body)?), &mut mistakes);
        mistakes.settle(request, "bad_filter")
    }
}

fn read(root: &Node<'_>, mistakes: &mut Mistakes) -> Option<TrialRequest> {
    let object = mistakes.keep(root.object())?;
    mistakes.add(object.unknown(&["source", "destination", "filter", "last"]));
    let mut id = |name| object.get(name).and_then(|node| mistakes.keep(node.string()));
    let (source, destination) = (id("source"), id("destination"));
    let last = object.get("last");
    let last = last.map(|node| mistakes.keep(node.whole_number(1..=limits::TRIAL_EVENTS_MAX)));
    let filter = object.get("filter").map_or_else(|| Ok(Filter::default()), filter::read);
    Some(TrialRequest {
        source: source.map(SourceId::new),
        destination: destination.map(DestinationId::new),
        filter: filter.map_err(|found| mistakes.add(found)).ok()?,
        last: last.unwrap_or(Some(LAST_DEFAULT))?,
    })
}
