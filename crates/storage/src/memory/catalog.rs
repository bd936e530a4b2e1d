//! Catalog and roll as one value each behind a watch, and what people did as a list.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::accounts::{AccountEdit, Accounts, Roll};
use crate::audit::{Audit, AuditPage, AuditQuery, AuditRecord, Deed};
use crate::catalog::{Catalog, CatalogChange, Snapshot};
use crate::receipt::Receipt;

/// What people edit, what they did, and who they are.
#[derive(Default)]
pub struct MemoryCatalog {
    /// Held while changes are made, so that no two start from one content.
    records: Mutex<Vec<AuditRecord>>,
    content: watch::Sender<Arc<Snapshot>>,
    roll: watch::Sender<Arc<Roll>>,
}

impl Catalog for MemoryCatalog {
    fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.content.subscribe()
    }

    fn apply(&self, changes: Vec<CatalogChange>, deeds: Vec<Deed>) -> Receipt<Arc<Snapshot>> {
        let mut records = super::lock(&self.records);
        let next = self.content.borrow().with(&changes).map(Arc::new);
        if let Ok(next) = &next {
            note(&mut records, deeds, Some(next.revision));
            self.content.send_replace(Arc::clone(next));
        }
        Receipt::ready(next)
    }
}

impl Audit for MemoryCatalog {
    fn note(&self, deeds: Vec<Deed>) -> Receipt<()> {
        note(&mut super::lock(&self.records), deeds, None);
        Receipt::ready(Ok(()))
    }

    fn list(&self, query: AuditQuery) -> Receipt<AuditPage> {
        let records = super::lock(&self.records);
        let fitting = records.iter().rev().filter(|record| query.fits(record)).cloned().collect();
        Receipt::ready(Ok(AuditPage::of(fitting, query.rows_max)))
    }
}

impl Accounts for MemoryCatalog {
    fn watch(&self) -> watch::Receiver<Arc<Roll>> {
        self.roll.subscribe()
    }

    fn edit(&self, edit: AccountEdit, deeds: Vec<Deed>) -> Receipt<Arc<Roll>> {
        let mut records = super::lock(&self.records);
        let next = self.roll.borrow().with(edit).map(Arc::new);
        if let Ok(next) = &next {
            note(&mut records, deeds, None);
            self.roll.send_replace(Arc::clone(next));
        }
        Receipt::ready(next)
    }
}

fn note(records: &mut Vec<AuditRecord>, deeds: Vec<Deed>, revision: Option<u64>) {
    for deed in deeds {
        let id = records.len() as u64 + 1;
        records.push(AuditRecord { id, revision, deed });
    }
}
