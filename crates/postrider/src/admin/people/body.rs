//! What people send about people, read member by member.

use domain::account::{Role, name_fault, password_fault};
use domain::time::Timestamp;

use crate::admin::body::{self, Mistakes};
use crate::admin::problem::Problem;
use crate::workspace_file::finding::Finding;
use crate::workspace_file::node::{Node, Object};
use crate::workspace_file::own_settings::moment;

/// The members of a body, and what is wrong with them.
pub struct Members<'a> {
    object: Option<Object<'a>>,
    mistakes: Mistakes,
}

impl<'a> Members<'a> {
    /// An object that has these members and no other.
    ///
    /// # Errors
    /// A problem where the body is no JSON.
    pub fn read(body: &'a [u8], names: &'static [&'static str]) -> Result<Self, Problem> {
        let root = Node::root(body::text(body)?);
        let mut mistakes = Mistakes::default();
        let object = mistakes.keep(root.object());
        if let Some(object) = &object {
            mistakes.add(object.unknown(names));
        }
        Ok(Self { object, mistakes })
    }

    /// A text that must be there.
    pub fn text(&mut self, name: &str) -> String {
        self.required(name, Node::string).unwrap_or_default()
    }

    /// A text that may be missing.
    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        self.optional(name, Node::string)
    }

    /// What people call something: a line of 1 to so many bytes.
    pub fn label(&mut self, bytes_max: usize) -> String {
        let label = self.required("name", |node| {
            let label = node.string()?;
            let is_line = !label.trim().is_empty() && !label.contains(char::is_control);
            let is_right = is_line && label.len() <= bytes_max;
            let wrong = || node.finding(format!("must be a line of 1 to {bytes_max} bytes"));
            if is_right { Ok(label) } else { Err(wrong()) }
        });
        label.unwrap_or_default()
    }

    /// A role.
    pub fn role(&mut self) -> Role {
        let role = self.required("role", |node| {
            let word = node.one_of(&Role::ALL.map(Role::as_str))?;
            Role::from_name(word).ok_or_else(|| node.finding("is no role"))
        });
        role.unwrap_or(Role::Viewer)
    }

    /// The name of a user to be made.
    pub fn new_name(&mut self) -> String {
        let name = self.required("name", |node| {
            let name = node.string()?;
            name_fault(&name).map_or(Ok(name), |fault| Err(node.finding(fault)))
        });
        name.unwrap_or_default()
    }

    /// A new password of the user with this name.
    pub fn new_password(&mut self, name: &str) -> String {
        let password = self.required("password", |node| {
            let password = node.string()?;
            password_fault(name, &password).map_or(Ok(password), |fault| Err(node.finding(fault)))
        });
        password.unwrap_or_default()
    }

    /// A moment that is to come.
    pub fn later(&mut self, name: &str, now: Timestamp) -> Option<Timestamp> {
        self.optional(name, |node| {
            let at = moment(node)?;
            if at > now { Ok(at) } else { Err(node.finding("is not in the future")) }
        })
    }

    /// Whether all was right.
    ///
    /// # Errors
    /// A problem with this code and every mistake.
    pub fn settle(self, code: &'static str) -> Result<(), Problem> {
        self.mistakes.settle(self.object.map(drop), code)
    }

    fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Node<'a>) -> Result<T, Finding>,
    ) -> Option<T> {
        let object = self.object.as_ref()?;
        let node = object.get(name).ok_or_else(|| object.missing(name));
        self.mistakes.keep(node.and_then(read))
    }

    fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Node<'a>) -> Result<T, Finding>,
    ) -> Option<T> {
        let node = self.object.as_ref()?.get(name)?;
        self.mistakes.keep(read(node))
    }
}
