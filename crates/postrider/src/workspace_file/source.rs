//! Sources of the file, and the reading as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use domain::connection::Connection;
use domain::filter::{Consent, Filter};
use domain::id::{ConnectionId, DestinationId, Seq, SourceId};
use domain::source::Source;
use domain::workspace::Workspace;

use super::WorkspaceFile;
use super::destination::Known;
use super::finding::Finding;
use super::node::{Node, Object};
use super::secrets::Secrets;
use super::tls::Files;

/// What has been read so far.
#[derive(Default)]
pub struct Reader {
    /// Mistakes.
    pub(super) mistakes: Vec<Finding>,
    /// What was passed over.
    pub(super) warnings: Vec<Finding>,
    /// The type of the source at hand, where the file says it: `web`, `cloud` and the like.
    pub(super) source_type: Option<String>,
    /// Files that are read besides.
    pub(super) files: Files,
    /// Whose shape is read.
    pub(super) form: Form,
    /// How secrets may be written.
    pub(super) secrets: Secrets,
    /// What is there where it is not said.
    pub(super) made: Made,
    /// What connections may join: what is there besides, and what has been read.
    pub(super) around: Workspace,
    /// Ids of objects that have mistakes of their own: whoever names them makes none.
    pub(super) mistaken: BTreeSet<String>,
    /// Destinations by id, each with where it stood first.
    pub(super) destinations: BTreeMap<DestinationId, Known>,
    sources: BTreeMap<SourceId, (Source, String)>,
    connections: BTreeMap<ConnectionId, (Connection, String)>,
    /// Write keys, and where they stood first.
    write_keys: BTreeMap<String, String>,
}

/// Whose shape something has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Form {
    /// RudderStack's: what means nothing here is passed over.
    #[default]
    Rudderstack,
    /// Ours: what is not known is a mistake.
    Own,
}

/// What is there where an object does not say it.
#[derive(Default)]
pub struct Made {
    /// Its id.
    pub id: Option<String>,
    /// The write key of a source.
    pub write_key: Option<String>,
}

impl Reader {
    /// Reads a whole file.
    ///
    /// # Errors
    /// Every mistake, in the order of the file.
    pub fn read(&mut self, root: &Node<'_>) -> Result<WorkspaceFile, Vec<Finding>> {
        if let Some(top) = self.keep(root.object()) {
            let has_list = |name| top.get(name).is_some_and(|node| node.kind() == "a list");
            // Files of RudderStack have destinations under their sources, and no list of them.
            match top.get("sources") {
                _ if has_list("destinations") || has_list("connections") => self.ours(&top),
                Some(sources) => self.sources(sources),
                None => self.mistakes.push(top.missing("sources")),
            }
        }
        self.warnings.sort();
        self.mistakes.sort();
        if !self.mistakes.is_empty() {
            return Err(take(&mut self.mistakes));
        }
        let (sources, connections) = (take(&mut self.sources), take(&mut self.connections));
        let known = take(&mut self.destinations).into_values();
        let workspace = Workspace {
            sources: sources.into_values().map(|(source, _)| source).collect(),
            destinations: known.filter_map(|known| known.destination).collect(),
            connections: connections.into_values().map(|(joined, _)| joined).collect(),
            removed: Vec::new(),
        };
        Ok(WorkspaceFile { workspace, warnings: take(&mut self.warnings) })
    }

    /// Reads a workspace of our own shape: a list of each kind of objects.
    fn ours(&mut self, top: &Object<'_>) {
        self.form = Form::Own;
        self.mistakes.extend(top.unknown(&["sources", "destinations", "connections"]));
        for node in self.rows(top, "sources") {
            match self.source_of_ours(&node) {
                Some(source) => {
                    self.around.sources.push(source.clone());
                    self.add_source(source, &node);
                }
                None => self.note_mistaken(&node),
            }
        }
        for node in self.rows(top, "destinations") {
            match self.destination_of_ours(&node) {
                Some(destination) => {
                    self.around.destinations.push(destination.clone());
                    self.add_destination_once(destination, &node);
                }
                None => self.note_mistaken(&node),
            }
        }
        for node in self.rows(top, "connections") {
            let around = take(&mut self.around);
            let read = self.connection_of_ours(&node, &around);
            self.around = around;
            self.made.id = None;
            if let Some(connection) = read {
                self.around.connections.push(connection.clone());
                self.add_connection(connection, &node);
            }
        }
    }

    fn note_mistaken(&mut self, node: &Node<'_>) {
        let id = node.object().ok().and_then(|object| object.get("id")?.string().ok());
        self.mistaken.extend(id);
    }

    fn add_connection(&mut self, connection: Connection, node: &Node<'_>) {
        if let Some((_, first)) = self.connections.get(&connection.id) {
            self.mistakes.push(node.finding(format!("has the same id as {first}")));
            return;
        }
        self.connections.insert(connection.id.clone(), (connection, node.path().to_owned()));
    }

    fn sources(&mut self, list: &Node<'_>) {
        for node in self.keep(list.elements()).unwrap_or_default() {
            if let Some(object) = self.keep(node.object()) {
                self.source(&object);
            }
        }
    }

    /// Reads a source; its destinations also where it has mistakes, so that theirs are found too.
    fn source(&mut self, object: &Object<'_>) {
        let id = self.id(object).map(SourceId::new);
        let source = self.source_alone(object, id.clone());
        self.source_type = source_type(object);
        if let Some(source) = source {
            self.add_source(source, object.node());
        }
        if let Some(list) = object.get("destinations") {
            for node in self.keep(list.elements()).unwrap_or_default() {
                self.destination(id.as_ref(), &node);
            }
        }
    }

    /// Reads a source without what stands under it; none where id or key have a mistake.
    pub(super) fn source_alone(
        &mut self,
        object: &Object<'_>,
        id: Option<SourceId>,
    ) -> Option<Source> {
        let write_key = match (object.get("writeKey"), &self.made.write_key) {
            (None, Some(made)) => Some(made.clone()),
            _ => self.required(object, "writeKey"),
        };
        if let (Some(key), Some(node)) = (&write_key, object.get("writeKey")) {
            self.claim_write_key(key, node);
        }
        let (enabled, name) = (self.flag(object, "enabled"), self.name(object));
        let own = self.own_settings(object);
        let mut source = Source::new(id?, name, write_key?);
        source.enabled = enabled;
        source.write_keys.extend(own.write_keys);
        source.allowed_origins = own.allowed_origins;
        source.rate_limit = own.rate_limit;
        Some(source)
    }

    /// Notes a write key of another source, and where that is said.
    pub(super) fn know_write_key(&mut self, key: &str, place: &str) {
        self.write_keys.insert(key.to_owned(), place.to_owned());
    }

    /// Notes where a write key stands; a second place is a mistake.
    pub(super) fn claim_write_key(&mut self, key: &str, node: &Node<'_>) {
        match self.write_keys.get(key) {
            Some(first) => {
                self.mistakes.push(node.finding(format!("is the same as {first}")));
            }
            None => {
                self.write_keys.insert(key.to_owned(), node.path().to_owned());
            }
        }
    }

    fn add_source(&mut self, source: Source, node: &Node<'_>) {
        match self.sources.get(&source.id) {
            Some((_, first)) => {
                self.mistakes.push(node.finding(format!("has the same id as {first}")));
            }
            None => {
                self.sources.insert(source.id.clone(), (source, node.path().to_owned()));
            }
        }
    }

    /// Joins a source and a destination that stands under it.
    pub(super) fn connect(
        &mut self,
        source: &SourceId,
        destination: &DestinationId,
        object: &Object<'_>,
        (filter, consent): (Filter, Consent),
    ) {
        let of_processor = self.flag(object, "isProcessorEnabled");
        let enabled = self.flag(object, "isConnectionEnabled") && of_processor;
        let id = ConnectionId::new(format!("{source}-{destination}"));
        let node = object.node();
        if let Some((_, first)) = self.connections.get(&id) {
            let reason = format!("makes the same connection {id} as {first}");
            self.mistakes.push(node.finding(reason));
            return;
        }
        let (source, destination) = (source.clone(), destination.clone());
        let since = Seq::FIRST;
        let connection = Connection::new(id.clone(), source, destination, since);
        let connection = Connection { enabled, filter, consent, ..connection };
        self.connections.insert(id, (connection, node.path().to_owned()));
    }

    /// The value, or none and a mistake.
    pub(super) fn keep<T>(&mut self, result: Result<T, Finding>) -> Option<T> {
        result.map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    /// The `id` of an object, or the one that was made for it.
    pub(super) fn id(&mut self, object: &Object<'_>) -> Option<String> {
        match (object.get("id"), &self.made.id) {
            (None, Some(made)) => Some(made.clone()),
            _ => self.required(object, "id"),
        }
    }

    /// A string that must be there, with at least one character and without control characters.
    pub(super) fn required(&mut self, object: &Object<'_>, name: &str) -> Option<String> {
        let Some(node) = object.get(name) else {
            self.mistakes.push(object.missing(name));
            return None;
        };
        let text = self.keep(node.string())?;
        let reason = if text.is_empty() {
            "is empty"
        } else if text.contains(char::is_control) {
            "holds a control character"
        } else {
            return Some(text);
        };
        self.mistakes.push(node.finding(reason));
        None
    }

    /// The `name` of an object, else its `id`, else nothing.
    pub(super) fn name(&mut self, object: &Object<'_>) -> String {
        match object.get("name") {
            Some(node) => self.keep(node.string()).unwrap_or_default(),
            None => {
                let said = object.get("id").and_then(|node| node.string().ok());
                said.or_else(|| self.made.id.clone()).unwrap_or_default()
            }
        }
    }

    /// A boolean that is true where it is not there.
    pub(super) fn flag(&mut self, object: &Object<'_>, name: &str) -> bool {
        match object.get(name) {
            Some(node) => self.keep(node.boolean()).unwrap_or(true),
            None => true,
        }
    }
}

/// The type of a source, as its definition has it.
fn source_type(source: &Object<'_>) -> Option<String> {
    let definition = source.get("sourceDefinition")?.object().ok()?;
    definition.get("type")?.string().ok().filter(|text| !text.is_empty())
}
