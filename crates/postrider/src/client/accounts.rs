//! `postrider admin`: makes a user or gives one another password, through a running server or, where
//! none runs, in its data directory.
//!
//! The password is asked for first. Where no server runs, this is the one wish that is carried out
//! without the API: nobody might be left to ask it.

use std::path::{Path, PathBuf};

use domain::account::{Role, User, name_fault, password_fault};
use http::Method;
use serde_json::{Value, json};
use storage::embedded::{self, Options};
use storage::error::OpenError;
use storage::{AccountEdit, Author, Deed, DeedClass, RollFault, StorageError, Store};

use super::Desk;
use crate::admin::hash_now;
use crate::console::{Ending, Failure, Shape};
use crate::terminal::chain;
use crate::{clock, password_prompt};

/// What is asked for, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountsOrder {
    /// The server's data directory.
    pub data_dir: PathBuf,
    /// What to do.
    pub wish: AccountsWish,
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AccountsWish {
    /// Make a user.
    Create {
        /// The name.
        name: String,
        /// What the user may do.
        role: Role,
    },
    /// Give a user another password.
    Reset {
        /// The name.
        name: String,
    },
}

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// Such a name no user may have.
    #[error("the name {0}")]
    Name(&'static str),
    /// Such a password no user may have.
    #[error("the password {0}")]
    Password(&'static str),
    /// The machine does not hash it.
    #[error("cannot hash the password")]
    Hash,
    /// No server runs, and the data directory does not open.
    #[error("cannot open the data directory")]
    Open(#[source] OpenError),
    /// It does not fit who is there.
    #[error(transparent)]
    Fault(#[from] RollFault),
    /// The data directory does not take it.
    #[error("cannot change who may come in")]
    Storage(#[source] StorageError),
}

impl AccountsWish {
    /// Whom it is about.
    pub fn name(&self) -> &str {
        match self {
            Self::Create { name, .. } | Self::Reset { name } => name,
        }
    }

    /// Whether it can be right, whatever the password.
    ///
    /// # Errors
    /// Where a user cannot have such a name.
    pub fn check(&self) -> Result<(), AccountsError> {
        match self {
            Self::Create { name, .. } => {
                name_fault(name).map_or(Ok(()), |fault| Err(AccountsError::Name(fault)))
            }
            Self::Reset { .. } => Ok(()),
        }
    }

    fn done(&self) -> String {
        match self {
            Self::Create { name, role } => {
                format!("{name} is made, with the role {}", role.as_str())
            }
            Self::Reset { name } => {
                format!("{name} has another password, and is logged out everywhere")
            }
        }
    }
}

/// Carries an order out.
///
/// # Errors
/// Where there is no password that will do, or the server or the data directory does not take it.
pub async fn carry_out(desk: &Desk<'_>, order: &AccountsOrder) -> Result<Ending, Failure> {
    let AccountsOrder { data_dir, wish } = order;
    wish.check()?;
    let password = password_prompt::new_password();
    let password = password.map_err(|error| Failure::new(error.to_string(), ""))?;
    if !edit_directory(data_dir, wish, &password).await? {
        let (path, body) = asked(wish, &password)?;
        desk.remote.ask(Method::POST, &path, &body).await?;
    }
    desk.show(&match desk.shape {
        Shape::Json => format!("{}\n", json!({"name": wish.name()})),
        Shape::Lines => format!("{}\n", wish.done()),
    });
    Ok(Ending::Well)
}

/// Changes the data directory itself, unless a server holds it.
async fn edit_directory(
    dir: &Path,
    wish: &AccountsWish,
    password: &str,
) -> Result<bool, AccountsError> {
    if let Some(fault) = password_fault(wish.name(), password) {
        return Err(AccountsError::Password(fault));
    }
    match embedded::open(dir, Options::default()) {
        Ok((store, engine)) => {
            let edited = edit(&store, wish, password).await;
            drop(store);
            engine.close().map_err(AccountsError::Storage)?;
            edited.map(|()| true)
        }
        Err(OpenError::InUse { .. }) => Ok(false),
        Err(error) => Err(AccountsError::Open(error)),
    }
}

/// What the API is asked for.
fn asked(wish: &AccountsWish, password: &str) -> Result<(String, Value), AccountsError> {
    match wish {
        AccountsWish::Create { name, role } => {
            let body = json!({"name": name, "role": role.as_str(), "password": password});
            Ok(("/api/v1/users".to_owned(), body))
        }
        AccountsWish::Reset { name } => {
            // Whatever stands in a path must be a name.
            name_fault(name).map_or(Ok(()), |_| Err(RollFault::NoUser))?;
            Ok((format!("/api/v1/users/{name}/password"), json!({"password": password})))
        }
    }
}

impl From<AccountsError> for Failure {
    fn from(error: AccountsError) -> Self {
        Self::new(chain(&error), "")
    }
}

async fn edit(store: &Store, wish: &AccountsWish, password: &str) -> Result<(), AccountsError> {
    let roll = store.accounts.watch().borrow().clone();
    let password = hash_now(password).ok_or(AccountsError::Hash)?;
    let author = Author { at: clock::now(), by: "local".to_owned(), address: None };
    let does = |action: &str, name: &str| author.does(DeedClass::Change, action, "user", name);
    let (edit, deed) = match wish {
        AccountsWish::Create { name, role } => {
            let after = Some(json!({"role": role.as_str()}).to_string());
            let user = User { name: name.clone(), role: *role, password, made_at: author.at };
            let edit = match roll.users.is_empty() {
                true => AccountEdit::Found(user),
                false => AccountEdit::Make(user),
            };
            (edit, Deed { after, ..does("create", name) })
        }
        AccountsWish::Reset { name } => {
            let name = roll.user(name).ok_or(RollFault::NoUser)?.name.clone();
            let deed = does("change_password", &name);
            (AccountEdit::TurnPassword { name, password }, deed)
        }
    };
    match store.accounts.edit(edit, vec![deed]).await {
        Ok(_) => Ok(()),
        Err(StorageError::Refused(fault)) => Err(fault.into()),
        Err(error) => Err(AccountsError::Storage(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_no_server_runs_the_data_directory_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        let create = |name: &str, role| AccountsWish::Create { name: name.to_owned(), role };
        let told = async |wish: AccountsWish, password| {
            wish.check().map_err(|error| error.to_string())?;
            let done = edit_directory(dir.path(), &wish, password).await;
            done.map_err(|error| error.to_string())
        };
        let password = "blue cat on a roof";
        let first = told(create("anna", Role::Viewer), password).await;
        assert!(first.unwrap_err().contains("last admin"), "the first one must be an admin");
        assert_eq!(told(create("anna", Role::Admin), password).await, Ok(true));
        assert!(told(create("Anna", Role::Viewer), password).await.is_err());
        assert!(told(create("an na", Role::Viewer), password).await.is_err());
        assert!(told(create("berta", Role::Viewer), "short").await.is_err());
        let reset = |name: &str| AccountsWish::Reset { name: name.to_owned() };
        assert!(told(reset("anna"), "green cat on a roof").await.is_ok());
        assert_eq!(
            told(reset("berta"), password).await.unwrap_err(),
            "there is no user with this name"
        );
        let (store, _engine) = embedded::open(dir.path(), Options::default()).unwrap();
        let roll = store.accounts.watch().borrow().clone();
        assert_eq!(roll.users.keys().collect::<Vec<_>>(), ["anna"]);
        let held = told(reset("anna"), password).await;
        assert_eq!(held, Ok(false), "its holder is to be asked");
        let query = storage::AuditQuery { rows_max: 9, ..storage::AuditQuery::default() };
        let records = store.audit.list(query).await.unwrap().records;
        let actions: Vec<_> = records.iter().map(|one| one.deed.action.as_str()).collect();
        assert_eq!(actions, ["change_password", "create"]);
    }
}
