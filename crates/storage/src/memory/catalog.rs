//! The catalog as one value behind a watch.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::catalog::{Catalog, CatalogChange, Snapshot};
use crate::receipt::Receipt;

/// What people edit.
#[derive(Default)]
pub struct MemoryCatalog {
    /// Held while changes are made, so that no two start from one content.
    editing: Mutex<()>,
    content: watch::Sender<Arc<Snapshot>>,
}

impl Catalog for MemoryCatalog {
    fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.content.subscribe()
    }

    fn apply(&self, changes: Vec<CatalogChange>) -> Receipt<Arc<Snapshot>> {
        let _editing = super::lock(&self.editing);
        let next = self.content.borrow().with(&changes).map(Arc::new);
        if let Ok(next) = &next {
            self.content.send_replace(Arc::clone(next));
        }
        Receipt::ready(next)
    }
}
