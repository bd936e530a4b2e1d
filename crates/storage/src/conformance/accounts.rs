//! A1 to A3: edits of who may come in.

use std::sync::Arc;
use std::time::Duration;

use domain::account::{Digest, PasswordHash, Role, Session, Token, User};
use domain::limits;
use domain::time::Timestamp;

use super::Subject;
use super::audit::deed;
use crate::{AccountEdit, AuditQuery, Roll, RollFault, StorageError, Store};

type Open<'a> = &'a dyn Fn() -> Subject;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A user with this role.
pub fn user(name: &str, role: Role) -> User {
    User { name: name.to_owned(), role, password: PasswordHash::new("$argon2id$1"), made_at: NOW }
}

/// Begins a session of a user who has the password of [`user`].
pub fn begin(session: Session) -> AccountEdit {
    AccountEdit::Begin { session, password: PasswordHash::new("$argon2id$1") }
}

/// A session of a user.
pub fn session(secret: &str, user: &str) -> Session {
    Session {
        digest: Digest::of(secret),
        user: user.to_owned(),
        begun_at: NOW,
        seen_at: NOW,
        address: Some([192, 0, 2, 7].into()),
        user_agent: format!("browser of {user}"),
    }
}

fn token(id: &str) -> Token {
    Token {
        id: id.to_owned(),
        name: format!("name of {id}"),
        role: Role::Editor,
        digest: Digest::of(id),
        made_by: "anna".to_owned(),
        made_at: NOW,
        expires_at: Some(NOW.plus(Duration::from_secs(9))),
        seen_at: None,
    }
}

fn edit(store: &Store, edit: AccountEdit) -> Result<Arc<Roll>, RollFault> {
    match store.accounts.edit(edit, vec![deed("anna", "change", "x")]).wait() {
        Ok(roll) => Ok(roll),
        Err(StorageError::Refused(fault)) => Err(fault),
        Err(error) => panic!("{error}"),
    }
}

/// A1: an edit is there with its deed, and a refused one leaves nothing.
pub fn a1_an_edit_and_its_deed_are_one(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let mut watcher = store.accounts.watch();
    let roll = edit(&store, AccountEdit::Found(user("anna", Role::Admin))).unwrap();
    assert!(watcher.has_changed().unwrap());
    assert_eq!(*watcher.borrow_and_update(), roll);
    let again = edit(&store, AccountEdit::Make(user("Anna", Role::Viewer)));
    assert_eq!(again.unwrap_err(), RollFault::Taken);
    assert!(!watcher.has_changed().unwrap());
    let query = AuditQuery { rows_max: 9, ..AuditQuery::default() };
    let records = store.audit.list(query).wait().unwrap().records;
    assert_eq!(records.iter().map(|one| (one.id, one.revision)).collect::<Vec<_>>(), [(1, None)]);
}

/// A2: whoever comes second is not the first, and the last admin stays one.
pub fn a2_the_first_user_is_an_admin_and_the_last_admin_stays(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let viewer = edit(&store, AccountEdit::Found(user("anna", Role::Viewer)));
    assert_eq!(viewer.unwrap_err(), RollFault::LastAdmin);
    edit(&store, AccountEdit::Found(user("anna", Role::Admin))).unwrap();
    let second = edit(&store, AccountEdit::Found(user("berta", Role::Admin)));
    assert_eq!(second.unwrap_err(), RollFault::NotFirst);
    let only = edit(&store, AccountEdit::Remove("anna".to_owned()));
    assert_eq!(only.unwrap_err(), RollFault::LastAdmin, "nobody would be left");
    edit(&store, AccountEdit::Make(user("berta", Role::Editor))).unwrap();
    let turn = |name: &str, role| AccountEdit::TurnRole { name: name.to_owned(), role };
    for refused in [turn("anna", Role::Viewer), AccountEdit::Remove("anna".to_owned())] {
        assert_eq!(edit(&store, refused).unwrap_err(), RollFault::LastAdmin);
    }
    edit(&store, turn("berta", Role::Admin)).unwrap();
    let roll = edit(&store, AccountEdit::Remove("anna".to_owned())).unwrap();
    assert_eq!(roll.users.keys().collect::<Vec<_>>(), ["berta"]);
    assert_eq!(edit(&store, turn("anna", Role::Admin)).unwrap_err(), RollFault::NoUser);
}

/// A3: sessions go with their user and password, and nobody has too many.
pub fn a3_sessions_end_with_what_they_rest_on(open: Open<'_>) {
    let Subject { store, _keep } = open();
    edit(&store, AccountEdit::Found(user("anna", Role::Admin))).unwrap();
    edit(&store, AccountEdit::Make(user("berta", Role::Viewer))).unwrap();
    let stray = edit(&store, begin(session("x", "nobody")));
    assert_eq!(stray.unwrap_err(), RollFault::NoUser);
    for (secret, name) in [("a", "anna"), ("b", "berta"), ("c", "berta"), ("d", "anna")] {
        edit(&store, begin(session(secret, name))).unwrap();
    }
    let secrets = |roll: &Roll| {
        let known = ["a", "b", "c", "d", "e"];
        let alive = known.iter().filter(|one| roll.sessions.contains_key(&Digest::of(one)));
        alive.copied().collect::<String>()
    };
    let (name, password) = ("anna".to_owned(), PasswordHash::new("$argon2id$2"));
    let roll = edit(&store, AccountEdit::TurnPassword { name, password }).unwrap();
    assert_eq!(secrets(&roll), "bc");
    assert_eq!(roll.users["anna"].password.as_str(), "$argon2id$2");
    let late = edit(&store, begin(session("x", "anna")));
    assert_eq!(late.unwrap_err(), RollFault::OldPassword, "it was right a moment ago");
    let password = PasswordHash::new("$argon2id$1");
    let back = AccountEdit::TurnPassword { name: "anna".to_owned(), password };
    edit(&store, back).unwrap();
    let seen_at = NOW.plus(Duration::from_secs(60));
    let roll = edit(&store, AccountEdit::See(Digest::of("b"), seen_at)).unwrap();
    assert_eq!(roll.sessions[&Digest::of("b")].seen_at, seen_at, "it goes on while it is used");
    let roll = edit(&store, AccountEdit::End(Digest::of("b"))).unwrap();
    assert_eq!(secrets(&roll), "c");
    let late = NOW.plus(limits::SESSION_IDLE_MAX);
    let later = Session { begun_at: late, seen_at: late, ..session("e", "berta") };
    let roll = edit(&store, begin(later)).unwrap();
    assert_eq!(secrets(&roll), "e", "what is over is forgotten");
    for (secret, name) in [("a", "anna"), ("b", "berta"), ("c", "berta")] {
        edit(&store, begin(Session { begun_at: late, seen_at: late, ..session(secret, name) }))
            .unwrap();
    }
    let (user, kept) = ("berta".to_owned(), Digest::of("b"));
    let roll = edit(&store, AccountEdit::EndOthers { user, kept }).unwrap();
    assert_eq!(secrets(&roll), "ab", "those of others go on");
    let roll = edit(&store, AccountEdit::Remove("berta".to_owned())).unwrap();
    assert_eq!(secrets(&roll), "a");
    edit(&store, AccountEdit::End(Digest::of("a"))).unwrap();
    for number in 0..=limits::SESSIONS_OF_USER_MAX {
        let begun_at = NOW.plus(Duration::from_millis(number as u64));
        let one = Session { begun_at, ..session(&number.to_string(), "anna") };
        edit(&store, begin(one)).unwrap();
    }
    let roll = store.accounts.watch().borrow().clone();
    assert_eq!(roll.sessions.len(), limits::SESSIONS_OF_USER_MAX);
    assert!(!roll.sessions.contains_key(&Digest::of("0")), "the oldest went");
}

/// A1: tokens come and go by their ids; what is seen is noted, and what is gone is not seen.
pub fn a1_tokens_come_and_go(open: Open<'_>) {
    let Subject { store, _keep } = open();
    edit(&store, AccountEdit::MakeToken(token("t1"))).unwrap();
    edit(&store, AccountEdit::MakeToken(token("t2"))).unwrap();
    let roll = edit(&store, AccountEdit::See(Digest::of("t1"), Timestamp(5))).unwrap();
    assert_eq!(roll.tokens[&Digest::of("t1")].seen_at, Some(Timestamp(5)));
    let roll = edit(&store, AccountEdit::See(Digest::of("t1"), Timestamp(4))).unwrap();
    assert_eq!(roll.tokens[&Digest::of("t1")].seen_at, Some(Timestamp(5)));
    let roll = edit(&store, AccountEdit::RemoveToken("t1".to_owned())).unwrap();
    assert_eq!(roll.tokens.values().collect::<Vec<_>>(), [&token("t2")]);
    let gone = edit(&store, AccountEdit::RemoveToken("t1".to_owned()));
    assert_eq!(gone.unwrap_err(), RollFault::NoToken);
    let roll = edit(&store, AccountEdit::See(Digest::of("t1"), Timestamp(9))).unwrap();
    assert_eq!(roll.tokens.len(), 1);
}
