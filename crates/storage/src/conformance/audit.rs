//! U1 and U2: records come with what was done, in order, and are found again.

use std::net::{IpAddr, Ipv6Addr};

use domain::id::SourceId;
use domain::source::Source;
use domain::time::Timestamp;

use super::Subject;
use crate::catalog::{Edit, Object};
use crate::{AuditPage, AuditQuery, Author, CatalogChange, Deed, DeedClass, Store};

type Open<'a> = &'a dyn Fn() -> Subject;

/// Something that somebody did to a source.
pub fn deed(by: &str, action: &str, object: &str) -> Deed {
    let at = Timestamp(1_700_000_000_000);
    let address = by.len().is_multiple_of(2).then_some(IpAddr::V6(Ipv6Addr::LOCALHOST));
    Deed {
        author: Author { at, by: by.to_owned(), address },
        class: if action == "view" { DeedClass::Access } else { DeedClass::Change },
        action: action.to_owned(),
        kind: "source".to_owned(),
        object: object.to_owned(),
        before: None,
        after: Some(format!("{{\"name\":\"ü {object}\"}}")),
    }
}

fn put(expected: u64, id: &str) -> CatalogChange {
    let source = Source::new(SourceId::new(id), id, "key");
    CatalogChange { expected, edit: Edit::Put(Object::Source(source)) }
}

fn list(store: &Store, query: AuditQuery) -> AuditPage {
    store.audit.list(query).wait().unwrap()
}

fn all() -> AuditQuery {
    AuditQuery { rows_max: 99, ..AuditQuery::default() }
}

/// U1: a record says which revision it made, and a refused edit leaves none.
pub fn u1_an_edit_and_its_records_are_there_together(open: Open<'_>) {
    let Subject { store, _keep } = open();
    assert_eq!(list(&store, all()), AuditPage::default());
    let deeds = vec![deed("anna", "create", "a"), deed("anna", "create", "b")];
    store.catalog.apply(vec![put(0, "a"), put(0, "b")], deeds.clone()).wait().unwrap();
    let refused = store.catalog.apply(vec![put(7, "a")], vec![deed("berta", "change", "a")]);
    assert!(refused.wait().is_err());
    store.catalog.apply(vec![put(1, "a")], Vec::new()).wait().unwrap();
    let seen = vec![deed("anna", "view", "a")];
    store.audit.note(seen.clone()).wait().unwrap();
    let found = list(&store, all()).records;
    let shown: Vec<_> = found.iter().map(|one| (one.id, one.revision)).collect();
    assert_eq!(shown, [(3, None), (2, Some(1)), (1, Some(1))]);
    let want = [&seen[0], &deeds[1], &deeds[0]];
    assert_eq!(found.iter().map(|one| &one.deed).collect::<Vec<_>>(), want);
    let versions = store.catalog.watch().borrow().versions.clone();
    assert_eq!(versions.values().copied().collect::<Vec<_>>(), [2, 1]);
}

/// U2: each condition counts, and pages follow each other to the end.
pub fn u2_records_are_found_newest_first_page_by_page(open: Open<'_>) {
    let Subject { store, _keep } = open();
    for number in 0..12 {
        let by = ["anna", "berta"][number % 2];
        let action = ["create", "view", "remove"][number % 3];
        let noted = store.audit.note(vec![deed(by, action, &format!("o{}", number % 4))]);
        noted.wait().unwrap();
    }
    let ids = |query| list(&store, query).records.iter().map(|one| one.id).collect::<Vec<_>>();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(ids(AuditQuery { by: some("berta"), ..all() }), [12, 10, 8, 6, 4, 2]);
    assert_eq!(ids(AuditQuery { action: some("view"), ..all() }), [11, 8, 5, 2]);
    assert_eq!(ids(AuditQuery { object: some("o0"), ..all() }), [9, 5, 1]);
    assert_eq!(ids(AuditQuery { kind: some("user"), ..all() }), Vec::<u64>::new());
    let both = AuditQuery { object: some("o1"), action: some("view"), ..all() };
    assert_eq!(ids(both), [2]);

    let mut query = AuditQuery { by: some("anna"), rows_max: 2, ..AuditQuery::default() };
    let mut pages = Vec::new();
    loop {
        let page = list(&store, query.clone());
        pages.push(page.records.iter().map(|one| one.id).collect::<Vec<_>>());
        let Some(next) = page.older_than else { break };
        query.older_than = Some(next);
    }
    assert_eq!(pages, [[11, 9], [7, 5], [3, 1]]);
}
