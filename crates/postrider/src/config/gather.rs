//! From all faces to one config: defaults, then the file, then the environment, then flags.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::environment;
use super::file;
use super::mistake::{ConfigMistake, ConfigMistakes, Origin};
use super::table::{self, FILE_DEFAULT, FILE_VARIABLE, RULES, Rule, Setting};
use super::types::Config;
use super::units::Fault;

/// What a config is gathered from.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The file that `--config` names.
    pub file: Option<PathBuf>,
    /// The settings that flags give.
    pub flags: Vec<Setting>,
    /// The whole environment.
    pub variables: Vec<(OsString, OsString)>,
    /// Where `postrider.toml` and relative names of files are looked for.
    pub dir: PathBuf,
}

/// A config, and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The values.
    pub config: Config,
    /// One setting per row, in the order of the table.
    pub settings: Vec<Setting>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// Reads every face, checks every value, also those that another face overrides.
///
/// # Errors
/// All mistakes at once.
pub fn gather(inputs: Inputs) -> Result<Gathered, ConfigMistakes> {
    let mut mistakes = Vec::new();
    let mut of_environment = Vec::new();
    let environment = environment::read(&inputs.variables, &mut of_environment);
    let named = named_file(&inputs, environment.file.as_ref());
    let text = read_file(&inputs.dir, named, &mut mistakes);
    let mut given = Vec::new();
    if let Some((path, text)) = &text {
        given = file::read(path, text, &mut mistakes);
    }
    mistakes.append(&mut of_environment);
    let secrets = environment.secrets;
    given.extend(environment.settings);
    given.extend(inputs.flags);

    let mut layers = Layers::defaults();
    for setting in given {
        layers.put(setting, &mut mistakes);
    }
    layers.check_rules(&mut mistakes);
    if mistakes.is_empty() {
        let file = text.map(|(path, _)| path);
        layers.config.secrets = secrets;
        return Ok(Gathered { config: layers.config, settings: layers.settings, file });
    }
    // By origin, but within one origin in the order found.
    mistakes.sort_by(|a, b| a.origin.cmp(&b.origin));
    Err(ConfigMistakes(mistakes))
}

/// The file that somebody named, and who.
fn named_file(inputs: &Inputs, variable: Option<&OsString>) -> Option<(PathBuf, Origin)> {
    let by_flag = || Some((inputs.file.clone()?, Origin::Flag("--config".into())));
    let by_variable = || Some((variable?.into(), Origin::Environment(FILE_VARIABLE.into())));
    by_flag().or_else(by_variable)
}

fn read_file(
    dir: &Path,
    named: Option<(PathBuf, Origin)>,
    mistakes: &mut Vec<ConfigMistake>,
) -> Option<(PathBuf, String)> {
    let by_chance = named.is_none();
    let (path, origin) = named.unwrap_or_else(|| {
        let path = PathBuf::from(FILE_DEFAULT);
        (path.clone(), Origin::File { path, line: None })
    });
    match std::fs::read_to_string(dir.join(&path)) {
        Ok(text) => Some((path, text)),
        Err(error) if by_chance && error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let what = format!("cannot read {}: {error}", path.display());
            let fault = Fault::new(what, "name a TOML file that this user may read");
            mistakes.push(ConfigMistake::new(origin, fault));
            None
        }
    }
}

/// The config while settings are put over each other.
struct Layers {
    config: Config,
    settings: Vec<Setting>,
    /// Keys with a refused value: rules about them would only add noise.
    refused: BTreeSet<&'static str>,
}

impl Layers {
    fn defaults() -> Self {
        let settings = table::rows()
            .map(|row| Setting { row, text: row.default.to_owned(), origin: Origin::Default })
            .collect();
        Self { config: Config::default(), settings, refused: BTreeSet::new() }
    }

    fn put(&mut self, setting: Setting, mistakes: &mut Vec<ConfigMistake>) {
        let key = setting.row.key;
        if let Err(mut fault) = setting.row.kind.set(&mut self.config, &setting.text) {
            self.refused.insert(key);
            if matches!(setting.origin, Origin::File { .. }) {
                fault.what = format!("{key}: {}", fault.what);
            }
            mistakes.push(ConfigMistake::new(setting.origin, fault));
            return;
        }
        if let Some(known) = self.settings.iter_mut().find(|known| known.row.key == key) {
            *known = setting;
        }
    }

    fn check_rules(&self, mistakes: &mut Vec<ConfigMistake>) {
        let broken = RULES.iter().filter(|rule| {
            let known = [rule.first, rule.second].iter().all(|key| !self.refused.contains(key));
            known && !(rule.holds)(&self.config)
        });
        mistakes.extend(broken.filter_map(|rule| self.explain(rule)));
    }

    /// Blames the setting that somebody gave, not a default.
    fn explain(&self, rule: &Rule) -> Option<ConfigMistake> {
        let find = |key: &str| self.settings.iter().find(|setting| setting.row.key == key);
        let (first, second) = (find(rule.first)?, find(rule.second)?);
        let show = |setting: &Setting| {
            format!("{} ({}, {})", setting.row.key, setting.text.trim(), setting.origin)
        };
        let what = format!("{} {} {}", show(first), rule.relation, show(second));
        let hint = format!("{}: change one of them", rule.because);
        let origin = first.origin.clone().max(second.origin.clone());
        Some(ConfigMistake { origin, what, hint })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn flag(key: &str, text: &str) -> Setting {
        let row = table::row(key).expect("a known key");
        Setting { row, text: text.into(), origin: Origin::Flag(row.flag()) }
    }

    fn inputs(file: &str) -> (tempfile::TempDir, Inputs) {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join(FILE_DEFAULT), file).expect("a file");
        let inputs = Inputs { dir: dir.path().to_owned(), ..Inputs::default() };
        (dir, inputs)
    }

    fn mistakes(result: Result<Gathered, ConfigMistakes>) -> Vec<String> {
        let mistakes = result.err().unwrap_or_default();
        mistakes.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_anything_said_the_defaults_hold() {
        let dir = tempfile::tempdir().expect("a directory");
        let inputs = Inputs { dir: dir.path().to_owned(), ..Inputs::default() };
        let gathered = gather(inputs).expect("a config");
        assert_eq!(gathered.config, Config::default());
        assert_eq!(gathered.config.gateway.to_string(), "0.0.0.0:8080");
        assert_eq!(gathered.config.admin.to_string(), "127.0.0.1:7800");
        assert_eq!(gathered.config.workspace, None);
        assert_eq!(gathered.config.intake.trusted_proxies.len(), 6);
        assert_eq!(gathered.config.delivery.retry_max_age, Duration::from_secs(72 * 3600));
        assert_eq!(gathered.file, None);
        assert_eq!(gathered.settings.len(), table::rows().count());
    }

    #[test]
    fn flags_beat_the_environment_which_beats_the_file() {
        let (_dir, mut inputs) =
            inputs("[delivery]\ntimeout = \"1s\"\nconcurrency = 1\nretry_max_age = \"1h\"\n");
        inputs.variables = vec![
            ("POSTRIDER_DELIVERY_TIMEOUT".into(), "2s".into()),
            ("POSTRIDER_DELIVERY_CONCURRENCY".into(), "2".into()),
        ];
        inputs.flags = vec![flag("delivery.timeout", "3s")];
        let gathered = gather(inputs).expect("a config");
        assert_eq!(gathered.config.delivery.timeout, Duration::from_secs(3));
        assert_eq!(gathered.config.delivery.concurrency, 2);
        assert_eq!(gathered.config.delivery.retry_max_age, Duration::from_secs(3600));
        let origins: Vec<String> = gathered
            .settings
            .iter()
            .filter(|setting| setting.origin != Origin::Default)
            .map(|setting| setting.origin.to_string())
            .collect();
        let file_line = "postrider.toml:4";
        let expected = [file_line, "--delivery-timeout", "POSTRIDER_DELIVERY_CONCURRENCY"];
        assert_eq!(origins, expected);
    }

    #[test]
    fn every_mistake_of_every_face_is_reported_at_once() {
        let (_dir, mut inputs) =
            inputs("tiemout = 1\n[delivery]\nconcurrency = 0\ntimeout = \"10\"\n");
        inputs.variables = vec![
            ("POSTRIDER_LOG_LEVEL".into(), "loud".into()),
            ("POSTRIDER_DATADIR".into(), "x".into()),
        ];
        inputs.flags = vec![flag("admin", "7800"), flag("delivery.timeout", "1s")];
        assert_eq!(
            mistakes(gather(inputs)),
            [
                "postrider.toml:1: tiemout: there is no such setting; \
                 see `postrider config reference` for every setting",
                "postrider.toml:3: delivery.concurrency: \"0\" is too small; the least is 1",
                "postrider.toml:4: delivery.timeout: \"10\" is not a duration; \
                 add a unit, for example 10s",
                "POSTRIDER_DATADIR: there is no such setting; did you mean POSTRIDER_DATA_DIR?",
                "POSTRIDER_LOG_LEVEL: \"loud\" is not known here; \
                 use error, warn, info, debug, trace",
                "--admin: \"7800\" is not an address to listen on; write 127.0.0.1:7800, \
                 or 0.0.0.0:7800 for every address",
            ]
        );
    }

    #[test]
    fn settings_that_disagree_are_blamed_on_what_was_given() {
        let (_dir, mut inputs) = inputs("[delivery]\nretry_min_backoff = \"1h\"\n");
        inputs.flags = vec![flag("intake.request_bytes_max", "128MiB")];
        assert_eq!(
            mistakes(gather(inputs)),
            [
                "postrider.toml:2: delivery.retry_min_backoff (1h, postrider.toml:2) must not be \
                 more than delivery.retry_max_backoff (5m, default); \
                 waits grow from the one to the other: change one of them",
                "--intake-request-bytes-max: intake.request_bytes_max (128MiB, \
                 --intake-request-bytes-max) must not be more than intake.inbox_bytes_max \
                 (64MiB, default); a request waits for the disk as a whole: change one of them",
            ]
        );
    }

    #[test]
    fn a_named_file_must_be_there_and_a_flag_names_it_before_the_environment() {
        let (dir, mut given) = inputs("");
        std::fs::write(dir.path().join("other.toml"), "data_dir = \"o\"").expect("a file");
        given.file = Some("other.toml".into());
        given.variables = vec![(FILE_VARIABLE.into(), "missing.toml".into())];
        let gathered = gather(given).expect("a config");
        assert_eq!(gathered.config.data_dir, PathBuf::from("o"));
        assert_eq!(gathered.file, Some("other.toml".into()));

        let (_dir, mut given) = inputs("");
        given.variables = vec![(FILE_VARIABLE.into(), "missing.toml".into())];
        let mistakes = mistakes(gather(given));
        assert!(mistakes[0].starts_with("POSTRIDER_CONFIG: cannot read missing.toml"));
    }

    #[test]
    fn what_is_given_up_when_its_event_may_be_gone_is_warned_of() {
        let config = |text: &str| {
            let (_dir, inputs) = inputs(text);
            gather(inputs).unwrap().config
        };
        let warnings = |text: &str| config(text).warnings();
        assert_eq!(warnings(""), <[String; 0]>::default());
        assert_eq!(warnings("[delivery]\nretry_max_age = \"167h\"\n"), <[String; 0]>::default());
        let told = "delivery.retry_max_age (72h) is not below journal.retention (72h): what is given \
                    up for its age may be gone at once, and cannot be delivered again";
        assert_eq!(warnings("[journal]\nretention = \"72h\"\n"), [told]);
        let config = config("");
        let of_one = |hours: u64| {
            config.too_old_to_replay(Some("hooks"), Duration::from_secs(hours * 3_600))
        };
        assert!(of_one(167).is_none());
        let told = of_one(168).unwrap();
        assert!(told.starts_with("maxAge of destination \"hooks\" (168h)"), "{told}");
    }
}
