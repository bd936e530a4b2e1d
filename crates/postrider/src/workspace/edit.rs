//! Edits of the catalog: each made on its newest content, one after the other.
//!
//! In comes what somebody wants the workspace to be, as a function of what it is; out goes the catalog
//! with that in it, or why not. So an edit by the API means the same as one by a file: places in the
//! journal, absences, and what is kept of what is removed come from the difference of the two.

use std::sync::Arc;

use domain::workspace::Workspace;
use storage::catalog::{Edit, Object};
use storage::{Author, CatalogChange, Snapshot, StorageError, Store};
use tokio::sync::Mutex;

use super::deeds::deeds;
use super::diff::{Moment, diff};
use crate::clock;

/// Edits that were made on an old content and are tried again, at the most. Source: chosen; only
/// what is removed by itself comes in between.
const ROUNDS_MAX: u32 = 5;

/// What leads the catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lead {
    /// Whoever asks.
    Edits,
    /// A workspace file, and nobody else.
    File,
}

/// Makes edits, one at a time.
pub struct Editor {
    store: Store,
    lead: Lead,
    turn: Mutex<()>,
}

/// Why an edit is not made; nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError<E> {
    /// A file leads the catalog.
    #[error("the catalog is led by a workspace file")]
    ManagedByFile,
    /// Whoever wanted the edit does not, seeing the content.
    #[error("the edit does not fit the content")]
    Refused(E),
    /// The catalog did not take it.
    #[error(transparent)]
    Catalog(#[from] StorageError),
}

impl Editor {
    /// An editor of a store's catalog.
    pub fn new(store: Store, lead: Lead) -> Self {
        Self { store, lead, turn: Mutex::default() }
    }

    /// What leads the catalog.
    pub fn lead(&self) -> Lead {
        self.lead
    }

    /// The content at the moment.
    pub fn content(&self) -> Arc<Snapshot> {
        self.store.catalog.watch().borrow().clone()
    }

    /// Makes the content what `wanted` makes of it, and notes that the author did; answers the new content, and what else it made.
    ///
    /// # Errors
    /// Why nothing has changed.
    ///
    /// # Cancellation
    /// The edit is made or not.
    pub async fn edit<T, E>(
        &self,
        author: &Author,
        wanted: impl Fn(&Snapshot) -> Result<(Workspace, T), E>,
    ) -> Result<(Arc<Snapshot>, T), EditError<E>> {
        if self.lead == Lead::File {
            return Err(EditError::ManagedByFile);
        }
        let _turn = self.turn.lock().await;
        let mut rounds = 1;
        loop {
            let content = self.content();
            let (wanted, made) = wanted(&content).map_err(EditError::Refused)?;
            match apply(&self.store, &content, &wanted, author).await {
                Err(StorageError::Conflict { .. }) if rounds < ROUNDS_MAX => rounds += 1,
                applied => return Ok((applied?.content, made)),
            }
        }
    }
}

/// What an edit came to.
pub struct Applied {
    /// The content after it.
    pub content: Arc<Snapshot>,
    /// What has changed.
    pub changes: Vec<Edit>,
}

/// Makes the catalog equal to a workspace, and notes that the author did; `content` is what the difference is taken from.
///
/// # Errors
/// As the catalog says; nothing has changed then.
pub async fn apply(
    store: &Store,
    content: &Arc<Snapshot>,
    wanted: &Workspace,
    author: &Author,
) -> Result<Applied, StorageError> {
    let moment = Moment { head: store.journal.head_now(), now: clock::now() };
    let mut changes = diff(content, wanted, moment);
    if changes.is_empty() {
        return Ok(Applied { content: content.clone(), changes: Vec::new() });
    }
    forget_what_is_passed(store, &mut changes).await?;
    let edits = changes.iter().map(|change| change.edit.clone()).collect();
    let deeds = deeds(content, &changes, author);
    Ok(Applied { content: store.catalog.apply(changes, deeds).await?, changes: edits })
}

/// Absences of which no event is stored any more are nothing to note. Those that a destination has
/// passed may come again: after a power cut its place can be an earlier one.
async fn forget_what_is_passed(
    store: &Store,
    changes: &mut [CatalogChange],
) -> Result<(), StorageError> {
    for change in changes {
        let Edit::Put(Object::Destination(destination)) = &mut change.edit else { continue };
        if destination.absences.is_empty() {
            continue;
        }
        if let Some(progress) = store.schedule.progress(&(&destination.id).into()).await? {
            let first = store.journal.stock().await?.first;
            destination.absences.forget_before(progress.cursor.min(first));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::destination::absence::Away;
    use domain::id::{Seq, SourceId};
    use domain::source::Source;
    use domain::time::Timestamp;
    use storage::Settlement;

    use super::*;

    fn author() -> Author {
        Author::server(Timestamp(1))
    }

    fn with_source(content: &Snapshot, id: &str) -> Result<(Workspace, ()), ()> {
        let mut workspace = content.workspace.clone();
        workspace.sources.push(Source::new(SourceId::new(id), id, format!("key-{id}")));
        Ok((workspace, ()))
    }

    #[tokio::test]
    async fn edits_at_the_same_time_are_all_made() {
        let editor = Editor::new(storage::memory::open(), Lead::Edits);
        let author = &author();
        let ids: Vec<String> = (0..20).map(|number| format!("s-{number}")).collect();
        let edits = ids.iter().map(|id| editor.edit(author, move |now| with_source(now, id)));
        for made in futures_util::future::join_all(edits).await {
            assert!(made.is_ok());
        }
        assert_eq!(editor.content().workspace.sources.len(), 20);
    }

    #[tokio::test]
    async fn an_absence_is_noted_while_one_of_its_events_is_stored() {
        let store = storage::memory::open();
        for at in 0..8 {
            crate::samples::append(&store, Timestamp(at)).await;
        }
        let mut away = crate::samples::destination(true);
        away.absences.turn(Some(Away::Disabled), Seq(2));
        away.absences.turn(None, Seq(4));
        crate::samples::connect(&store, away, 1).await;
        let passed = Settlement {
            reader: (&crate::samples::destination_id()).into(),
            cursor: Seq(9),
            opened: Vec::new(),
            closed: Vec::new(),
            attempts: Vec::new(),
            filtered: Vec::new(),
            waiting: None,
        };
        store.schedule.commit(passed).await.unwrap();
        let (editor, author) = (Editor::new(store.clone(), Lead::Edits), author());
        let noted = async |name: &str| {
            let edited = editor.edit(&author, |now| {
                let mut workspace = now.workspace.clone();
                name.clone_into(&mut workspace.destinations[0].name);
                Ok::<_, ()>((workspace, ()))
            });
            !edited.await.unwrap().0.workspace.destinations[0].absences.is_empty()
        };
        assert!(noted("passed, and all is stored").await);
        store.journal.trim(Seq(3)).await.unwrap();
        assert!(noted("one of its events is stored").await);
        store.journal.trim(Seq(4)).await.unwrap();
        assert!(!noted("none of them is").await);
    }

    #[tokio::test]
    async fn what_comes_in_between_is_seen_by_the_edit() {
        let store = storage::memory::open();
        let (editor, other) = (Editor::new(store.clone(), Lead::Edits), Arc::new(store));
        let author = author();
        let seen = std::sync::Mutex::new(Vec::new());
        let edited = editor.edit(&author, |now| {
            let mut seen = seen.lock().unwrap();
            seen.push(now.workspace.sources.len());
            if seen.len() == 1 {
                // Somebody else makes the same source at this moment.
                let source = Source::new(SourceId::new("a"), "other", "other");
                let edit = Edit::Put(Object::Source(source));
                let put = CatalogChange { expected: 0, edit };
                other.catalog.apply(vec![put], Vec::new()).wait().unwrap();
            }
            if now.workspace.sources.is_empty() {
                return with_source(now, "a");
            }
            Ok((now.workspace.clone(), ()))
        });
        assert_eq!(edited.await.unwrap().0.workspace.sources[0].name, "other");
        assert_eq!(*seen.lock().unwrap(), [0, 1]);
    }

    #[tokio::test]
    async fn a_catalog_that_a_file_leads_is_edited_by_nobody_else() {
        let author = author();
        let editor = Editor::new(storage::memory::open(), Lead::File);
        let edited = editor.edit(&author, |now| with_source(now, "a")).await;
        assert!(matches!(edited, Err(EditError::ManagedByFile)), "{edited:?}");
        assert!(editor.content().workspace.sources.is_empty());
    }
}
