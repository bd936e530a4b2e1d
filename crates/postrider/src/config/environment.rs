//! The environment's face: which variables are ours, and what they say.

use std::ffi::{OsStr, OsString};

use super::mistake::{ConfigMistake, Origin};
use super::people::SECRETS;
use super::suggest::nearest;
use super::table::{self, FILE_VARIABLE, Row, Setting, VARIABLE_PREFIX};
use super::types::Secrets;
use super::units::Fault;

/// What the environment says.
#[derive(Debug, Default)]
pub struct Environment {
    /// The file it names.
    pub file: Option<OsString>,
    /// The settings it gives.
    pub settings: Vec<Setting>,
    /// The secrets it holds.
    pub secrets: Secrets,
}

/// Reads the variables whose names begin with `POSTRIDER_`; mistakes are added to `mistakes`.
pub fn read(variables: &[(OsString, OsString)], mistakes: &mut Vec<ConfigMistake>) -> Environment {
    let mut found = Environment::default();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| is_ours(name)) else { continue };
        if name == FILE_VARIABLE {
            found.file = Some(value.clone());
            continue;
        }
        if let Err(fault) = read_one(name, value, &mut found) {
            mistakes.push(ConfigMistake::new(Origin::Environment(name.to_owned()), fault));
        }
    }
    found
}

fn read_one(name: &str, value: &OsStr, found: &mut Environment) -> Result<(), Fault> {
    if let Some(secret) = SECRETS.iter().find(|secret| secret.name == name) {
        *(secret.field)(&mut found.secrets) = Some(secret.read(value)?);
        return Ok(());
    }
    let row = table::rows().find(|row| row.variable() == name).ok_or_else(|| unknown(name))?;
    let text = value
        .to_str()
        .ok_or_else(|| Fault::new("the value is not UTF-8", "write it in UTF-8"))?
        .to_owned();
    found.settings.push(Setting { row, text, origin: Origin::Environment(name.to_owned()) });
    Ok(())
}

fn unknown(name: &str) -> Fault {
    let others = [FILE_VARIABLE].into_iter().chain(SECRETS.iter().map(|secret| secret.name));
    let known: Vec<String> =
        table::rows().map(Row::variable).chain(others.map(str::to_owned)).collect();
    let hint = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => "unset it, or see `postrider config reference` for every variable".into(),
    };
    Fault::new("there is no such setting", hint)
}

fn is_ours(name: &str) -> bool {
    name.strip_prefix(VARIABLE_PREFIX).is_some_and(|rest| !is_service_link(rest))
}

/// Whether Kubernetes made the variable for a service that is called `postrider`.
///
/// Pods get `POSTRIDER_SERVICE_HOST`, `POSTRIDER_PORT_8080_TCP_ADDR` and the like without anybody
/// having asked: nobody's mistake.
fn is_service_link(rest: &str) -> bool {
    rest == "PORT"
        || rest == "SERVICE_HOST"
        || rest.starts_with("SERVICE_PORT")
        || rest
            .strip_prefix("PORT_")
            .is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn read_pairs(pairs: &[(&str, &str)]) -> (Environment, Vec<String>) {
        let variables: Vec<(OsString, OsString)> =
            pairs.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let mut mistakes = Vec::new();
        let found = read(&variables, &mut mistakes);
        (found, mistakes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn known_variables_become_settings_and_foreign_ones_are_left_alone() {
        let (found, mistakes) = read_pairs(&[
            ("PATH", "/bin"),
            ("POSTRIDER_CONFIG", "p.toml"),
            ("POSTRIDER_DELIVERY_TIMEOUT", "5s"),
        ]);
        assert_eq!(found.file, Some("p.toml".into()));
        assert_eq!(found.settings.len(), 1);
        assert_eq!(found.settings[0].row.key, "delivery.timeout");
        assert_eq!(found.settings[0].text, "5s");
        assert!(mistakes.is_empty());
    }

    #[test]
    fn secrets_are_taken_and_told_to_nobody() {
        let long = "a-token-of-27-characters-at";
        let (found, mistakes) =
            read_pairs(&[("POSTRIDER_ADMIN_TOKEN", long), ("POSTRIDER_TOKEN", "pr_1")]);
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(found.secrets.admin_token.as_ref().map(Secret::reveal), Some(long));
        assert_eq!(found.secrets.token.as_ref().map(Secret::reveal), Some("pr_1"));
        assert!(!format!("{found:?}").contains("27"));
        for wrong in ["guessable", "a token of 27 characters in", ""] {
            let (found, mistakes) = read_pairs(&[("POSTRIDER_ADMIN_TOKEN", wrong)]);
            assert_eq!(found.secrets.admin_token, None);
            let want = "POSTRIDER_ADMIN_TOKEN: this is no token that will do; take 20 or more \
                        letters, digits and signs";
            assert_eq!(mistakes, [want]);
        }
    }

    #[test]
    fn unknown_variables_are_mistakes_with_the_nearest_name() {
        let (_, mistakes) = read_pairs(&[("POSTRIDER_DATADIR", "x"), ("POSTRIDER_QQQ", "x")]);
        assert_eq!(
            mistakes[0],
            "POSTRIDER_DATADIR: there is no such setting; did you mean POSTRIDER_DATA_DIR?"
        );
        assert!(mistakes[1].contains("config reference"), "{}", mistakes[1]);
    }

    #[test]
    fn variables_that_kubernetes_makes_are_nobodys_mistake() {
        let (found, mistakes) = read_pairs(&[
            ("POSTRIDER_SERVICE_HOST", "10.0.0.1"),
            ("POSTRIDER_SERVICE_PORT_HTTP", "8080"),
            ("POSTRIDER_PORT", "tcp://10.0.0.1:8080"),
            ("POSTRIDER_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ]);
        assert!(found.settings.is_empty());
        assert!(mistakes.is_empty(), "{mistakes:?}");
    }
}
