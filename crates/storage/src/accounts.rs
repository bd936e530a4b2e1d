//! The contract Accounts: who may come in.
//!
//! - **A1** An edit is carried out as a whole or not at all, on what is there at that moment, and its
//!   deeds are in the same commit (U1). Watchers see every edit.
//! - **A2** There is no moment with users and no admin among them, and only one user is ever the first.
//! - **A3** A session ends with what it rests on: its user, and the password it began with.
//!
//! Passwords and secrets are unknown here: what is kept of them is a hash.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::account::{Digest, PasswordHash, Role, Session, Token, User};
use domain::limits;
use domain::time::Timestamp;
use tokio::sync::watch;

use crate::audit::Deed;
use crate::error::StorageError;
use crate::receipt::Receipt;

/// Who may come in.
pub trait Accounts: Send + Sync + 'static {
    /// Everybody who may; changes wake watchers.
    fn watch(&self) -> watch::Receiver<Arc<Roll>>;

    /// Carries out an edit, and notes whose deed it was; answers the new roll.
    ///
    /// # Errors
    /// [`StorageError::Refused`] where the edit does not fit what is there.
    fn edit(&self, edit: AccountEdit, deeds: Vec<Deed>) -> Receipt<Arc<Roll>>;
}

/// Everybody who may come in, at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roll {
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Tokens by the digest of what their holders send.
    pub tokens: BTreeMap<Digest, Token>,
    /// Sessions by the digest of what browsers hold; those that are over stay for a while.
    pub sessions: BTreeMap<Digest, Session>,
}

/// What may be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AccountEdit {
    /// Makes the first user.
    Found(User),
    /// Makes another one.
    Make(User),
    /// Gives a user another role.
    TurnRole {
        /// Whom.
        name: String,
        /// Which.
        role: Role,
    },
    /// Gives a user another password, and ends the user's sessions.
    TurnPassword {
        /// Whom.
        name: String,
        /// Which.
        password: PasswordHash,
    },
    /// Removes a user with the user's sessions.
    Remove(String),
    /// Makes a token.
    MakeToken(Token),
    /// Removes the token with this id.
    RemoveToken(String),
    /// Begins a session, and forgets those that are over.
    Begin {
        /// Which.
        session: Session,
        /// What the user's password was compared with.
        password: PasswordHash,
    },
    /// Ends the session with this digest, where it has not ended.
    End(Digest),
    /// Ends all sessions of a user but one.
    EndOthers {
        /// Whose.
        user: String,
        /// The one that goes on.
        kept: Digest,
    },
    /// Notes that a session or a token was used.
    See(Digest, Timestamp),
}

/// Why an edit does not fit what is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RollFault {
    /// Somebody was made before.
    #[error("there is a user already")]
    NotFirst,
    /// The name is taken.
    #[error("there is a user with this name already")]
    Taken,
    /// Nobody has this name.
    #[error("there is no user with this name")]
    NoUser,
    /// The user has another password by now.
    #[error("the password was changed meanwhile")]
    OldPassword,
    /// No token has this id.
    #[error("there is no token with this id")]
    NoToken,
    /// Nobody could decide who may do what any more.
    #[error("this is the last admin; make another one first")]
    LastAdmin,
    /// The bound is reached.
    #[error("there are as many as there may be; remove some first")]
    TooMany,
}

impl Roll {
    /// The user with a name; case aside, as people take such names for one another.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.values().find(|user| user.name.eq_ignore_ascii_case(name))
    }

    /// The roll after an edit.
    ///
    /// # Errors
    /// [`StorageError::Refused`] where the edit does not fit.
    pub fn with(&self, edit: AccountEdit) -> Result<Self, StorageError> {
        let mut next = self.clone();
        next.edit(edit).map_err(StorageError::Refused)?;
        let is_led = next.users.values().any(|user| user.role == Role::Admin);
        match is_led || next.users.is_empty() && self.users.is_empty() {
            true => Ok(next),
            false => Err(StorageError::Refused(RollFault::LastAdmin)),
        }
    }

    fn edit(&mut self, edit: AccountEdit) -> Result<(), RollFault> {
        match edit {
            AccountEdit::Found(_) if !self.users.is_empty() => return Err(RollFault::NotFirst),
            AccountEdit::Found(user) | AccountEdit::Make(user) => return self.make(user),
            AccountEdit::TurnRole { name, role } => self.named(&name)?.role = role,
            AccountEdit::TurnPassword { name, password } => {
                self.named(&name)?.password = password;
                self.sessions.retain(|_, session| session.user != name);
            }
            AccountEdit::Remove(name) => {
                self.users.remove(&name).ok_or(RollFault::NoUser)?;
                self.sessions.retain(|_, session| session.user != name);
            }
            AccountEdit::MakeToken(token) => {
                room(self.tokens.len(), limits::TOKENS_MAX)?;
                self.tokens.insert(token.digest, token);
            }
            AccountEdit::RemoveToken(id) => {
                let count = self.tokens.len();
                self.tokens.retain(|_, token| token.id != id);
                return if self.tokens.len() < count { Ok(()) } else { Err(RollFault::NoToken) };
            }
            AccountEdit::Begin { session, password } => return self.begin(session, &password),
            AccountEdit::End(digest) => drop(self.sessions.remove(&digest)),
            AccountEdit::EndOthers { user, kept } => {
                self.sessions.retain(|digest, one| one.user != user || *digest == kept);
            }
            AccountEdit::See(digest, at) => self.see(&digest, at),
        }
        Ok(())
    }

    fn named(&mut self, name: &str) -> Result<&mut User, RollFault> {
        self.users.get_mut(name).ok_or(RollFault::NoUser)
    }

    fn make(&mut self, user: User) -> Result<(), RollFault> {
        if self.user(&user.name).is_some() {
            return Err(RollFault::Taken);
        }
        room(self.users.len(), limits::USERS_MAX)?;
        self.users.insert(user.name.clone(), user);
        Ok(())
    }

    fn begin(&mut self, session: Session, password: &PasswordHash) -> Result<(), RollFault> {
        if self.named(&session.user)?.password != *password {
            return Err(RollFault::OldPassword);
        }
        self.sessions.retain(|_, one| one.is_alive(session.begun_at));
        let own = self.sessions.values().filter(|one| one.user == session.user);
        let mut own: Vec<_> = own.map(|one| (one.begun_at, one.digest)).collect();
        own.sort_unstable();
        let surplus = (own.len() + 1).saturating_sub(limits::SESSIONS_OF_USER_MAX);
        for (_, digest) in own.into_iter().take(surplus) {
            self.sessions.remove(&digest);
        }
        self.sessions.insert(session.digest, session);
        Ok(())
    }

    /// What has ended meanwhile is not seen any more.
    fn see(&mut self, digest: &Digest, at: Timestamp) {
        if let Some(session) = self.sessions.get_mut(digest) {
            session.seen_at = session.seen_at.max(at);
        } else if let Some(token) = self.tokens.get_mut(digest) {
            token.seen_at = token.seen_at.max(Some(at));
        }
    }
}

fn room(count: usize, most: usize) -> Result<(), RollFault> {
    if count < most { Ok(()) } else { Err(RollFault::TooMany) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> User {
        let (name, password) = (format!("user-{number}"), PasswordHash::new("$argon2id$1"));
        User { name, role: Role::Admin, password, made_at: Timestamp(0) }
    }

    fn token(number: usize) -> Token {
        Token {
            id: number.to_string(),
            name: "deploy".to_owned(),
            role: Role::Viewer,
            digest: Digest::of(&number.to_string()),
            made_by: "anna".to_owned(),
            made_at: Timestamp(0),
            expires_at: None,
            seen_at: None,
        }
    }

    #[test]
    fn there_are_so_many_users_and_tokens_and_no_more() {
        let users = (0..limits::USERS_MAX).map(user).map(|one| (one.name.clone(), one)).collect();
        let tokens = (0..limits::TOKENS_MAX).map(token).map(|one| (one.digest, one)).collect();
        let full = Roll { users, tokens, ..Roll::default() };
        for one_more in [
            AccountEdit::Make(user(limits::USERS_MAX)),
            AccountEdit::MakeToken(token(limits::TOKENS_MAX)),
        ] {
            let refused = full.with(one_more.clone());
            assert!(matches!(refused, Err(StorageError::Refused(RollFault::TooMany))));
            let fewer = full.with(AccountEdit::Remove("user-1".to_owned())).unwrap();
            let fewer = fewer.with(AccountEdit::RemoveToken("1".to_owned())).unwrap();
            assert!(fewer.with(one_more).is_ok());
        }
    }
}
