//! Rows and variables about people: who may come in, and what is kept of what they did.

use super::kind::{Bounds, Choice, Kind};
use super::table::Row;
use super::types::{AdminAuth, Secret, Secrets};
use super::units::{Fault, HOUR, YEAR};

/// Whether people must say who they are.
pub const ADMIN_AUTH: Row = Row {
    key: "admin_auth",
    kind: Kind::Choice(&[
        Choice {
            word: "required",
            meaning: "people log in, programs have a token",
            pick: |config| config.admin_auth = AdminAuth::Required,
        },
        Choice {
            word: "off",
            meaning: "whoever reaches the listener may do everything",
            pick: |config| config.admin_auth = AdminAuth::Off,
        },
    ]),
    default: "required",
    help: "Whether the dashboard and the API ask who somebody is",
    more: "At the first start the log has a link that makes the first admin. The command line of the \
           same machine comes in by the file admin.cookie of the data directory. Switch it off only \
           where nobody else can reach the listener, which must then be on a loopback address.",
};

/// What is kept of what people did.
pub const AUDIT: &[Row] = &[
    Row {
        key: "audit.retention",
        kind: Kind::Duration(
            |config| &mut config.audit.retention,
            Bounds { least: HOUR, most: YEAR.saturating_mul(100) },
        ),
        default: "400d",
        help: "How long the audit log keeps what people did",
        more: "What is older goes when the next record is made.",
    },
    Row {
        key: "audit.records_max",
        kind: Kind::Count(
            |config| &mut config.audit.records_max,
            Bounds { least: 100, most: 10_000_000 },
        ),
        default: "100000",
        help: "Records that the audit log keeps of changes, and as many of logins and views",
        more: "The oldest go first. The two kinds are counted apart, so that looking at payloads never \
               pushes out who changed what.",
    },
];

/// A variable that holds a secret: it has no flag, which others on the machine could read, and no
/// key in the file, and is never printed.
pub struct SecretVariable {
    /// Its name.
    pub name: &'static str,
    /// What it is for: one sentence without its full stop.
    pub help: &'static str,
    /// Where it goes.
    pub field: fn(&mut Secrets) -> &mut Option<Secret>,
    /// Characters it must have.
    pub length_min: usize,
}

/// Every such variable, in reading order.
pub const SECRETS: &[SecretVariable] = &[
    SecretVariable {
        name: "POSTRIDER_ADMIN_TOKEN",
        help: "A token of the role admin that the server takes, for setting it up by a program",
        field: |secrets| &mut secrets.admin_token,
        length_min: 20,
    },
    SecretVariable {
        name: "POSTRIDER_TOKEN",
        help: "The token by which commands such as `postrider status` come in",
        field: |secrets| &mut secrets.token,
        length_min: 1,
    },
    SecretVariable {
        name: "POSTRIDER_SECRETS_KEY",
        help: "The key that secrets of destinations are sealed with, in the place of `secrets.key_file`",
        field: |secrets| &mut secrets.sealing_key,
        length_min: 43,
    },
    SecretVariable {
        name: "POSTRIDER_OTEL_HEADERS",
        help: "Headers for the collector of `otel.endpoint`, as `name=value,name=value`; `%20` is a space",
        field: |secrets| &mut secrets.otel_headers,
        length_min: 1,
    },
];

impl SecretVariable {
    /// Reads its value.
    ///
    /// # Errors
    /// Where it cannot be sent in a header, or is easily guessed; the value is not told.
    pub fn read(&self, value: &std::ffi::OsStr) -> Result<Secret, Fault> {
        let text = value.to_str().unwrap_or_default();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.len() < self.length_min {
            let what = "this is no token that will do";
            let hint = format!("take {} or more letters, digits and signs", self.length_min);
            return Err(Fault::new(what, hint));
        }
        Ok(Secret::new(text))
    }
}
