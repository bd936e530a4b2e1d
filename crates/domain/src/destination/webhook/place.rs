//! Where the request of one event goes: the configured URL, or what the event makes of it.
//!
//! Whatever an event says, a request either goes to the configured scheme, host and port, or is
//! known to go elsewhere. Who sends it keeps to that and never reads a host out of the target.

use std::borrow::Cow;

use url::Url;

use super::dynamic::Dynamic;
use super::plan::Unsendable;
use super::reading::{Reading, Role, text_of};
use super::settings::WebhookSettings;
use super::target::{Target, endpoint, request_target};
use super::template::Setting;

/// Where the requests of a destination go by themselves.
pub(super) struct Home {
    url: Setting<String>,
    dynamic: Dynamic,
    target: Target,
    /// What is asked for.
    pub asked: String,
}

/// Where one request goes.
pub(super) struct Place<'h> {
    /// The URL, where it is of another origin than the configured one.
    pub elsewhere: Option<Box<Url>>,
    /// The path and query to ask for.
    pub asked: Cow<'h, str>,
}

/// A URL that an event has a say in.
struct Chosen<'t> {
    /// What chose it, as people know it.
    by: &'static str,
    text: Cow<'t, str>,
}

impl Home {
    /// Where these settings lead.
    ///
    /// # Errors
    /// Why the URL cannot be used.
    pub fn new(settings: &WebhookSettings) -> Result<Self, String> {
        let target = settings.target()?;
        let asked = target.request_target(settings.url.base());
        let (url, dynamic) = (settings.url.clone(), settings.dynamic.clone());
        Ok(Self { url, dynamic, target, asked })
    }

    /// Where the request of an event goes.
    ///
    /// # Errors
    /// Where the event asks for what the settings do not allow, or for what is no URL.
    pub fn place(&self, reading: &Reading<'_>) -> Result<Place<'_>, Unsendable> {
        let (chosen, appended) = (self.chosen(reading)?, self.appended(reading)?);
        if chosen.is_none() && appended.is_none() {
            return Ok(Place { elsewhere: None, asked: Cow::Borrowed(&self.asked) });
        }
        let base = match &chosen {
            Some(chosen) => self.allowed(chosen)?,
            None => None,
        };
        let own = chosen.as_ref().map_or(self.url.base().as_str(), |chosen| &chosen.text);
        let Some(appended) = appended else {
            return Ok(Place { elsewhere: base, asked: Cow::Owned(request_target(own)) });
        };
        self.append(base, own, &appended)
    }

    /// The URL that the event gives in the place of the configured one.
    fn chosen<'t>(&self, reading: &Reading<'t>) -> Result<Option<Chosen<'t>>, Unsendable> {
        if let Some(raw) = self.steering(reading, Role::FullPath, "fullPath") {
            return Ok(Some(Chosen { by: "fullPath", text: scalar("fullPath", raw)? }));
        }
        let template = self.url.template();
        let Some(raw) = template.and_then(|template| reading.at(template.path())) else {
            return Ok(None);
        };
        Ok(Some(Chosen { by: "webhookUrl", text: scalar("webhookUrl", raw)? }))
    }

    /// What the event appends to the URL.
    fn appended<'t>(&self, reading: &Reading<'t>) -> Result<Option<Cow<'t, str>>, Unsendable> {
        let raw = self.steering(reading, Role::AppendPath, "appendPath");
        let text = raw.map(|raw| scalar("appendPath", raw)).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn steering<'t>(&self, reading: &Reading<'t>, role: Role, name: &str) -> Option<&'t str> {
        if self.dynamic == Dynamic::Off { None } else { reading.steering(role, name) }
    }

    /// The URL that was chosen, where it leads elsewhere; none where it leads home.
    fn allowed(&self, chosen: &Chosen<'_>) -> Result<Option<Box<Url>>, Unsendable> {
        let by = chosen.by;
        let url =
            endpoint(&chosen.text).map_err(|reason| Unsendable::bad(format!("{by} {reason}")))?;
        if let Target::Endpoint(home) = &self.target
            && home.origin() == url.origin()
        {
            return Ok(None);
        }
        if self.dynamic.allows(&url) {
            return Ok(Some(Box::new(url)));
        }
        let (there, home) = (url.origin().ascii_serialization(), self.target.shown());
        let setting = self.dynamic.as_str();
        Err(Unsendable::refused(format!(
            "{by} leads to {there}, but \"dynamic\" is \"{setting}\", which allows {home}{}",
            if setting == "hosts" { " and \"hosts\"" } else { "; see \"hosts\"" }
        )))
    }

    /// Appends to a URL, within its origin.
    fn append(
        &self,
        base: Option<Box<Url>>,
        own: &str,
        appended: &str,
    ) -> Result<Place<'_>, Unsendable> {
        let origin = match (&base, &self.target) {
            (Some(url), _) => url.origin(),
            (None, Target::Endpoint(home)) => home.origin(),
            (None, Target::Playground(_)) => {
                let reason = "appendPath has no meaning on a playground, which has one URL";
                return Err(Unsendable::refused(reason.to_owned()));
            }
        };
        let whole = format!("{own}{appended}");
        let url = endpoint(&whole)
            .map_err(|reason| Unsendable::bad(format!("the URL with appendPath {reason}")))?;
        if url.origin() != origin {
            let there = url.origin().ascii_serialization();
            return Err(Unsendable::refused(format!(
                "appendPath leads to {there}, but cannot lead away from {}, \
                 whatever \"dynamic\" is",
                origin.ascii_serialization()
            )));
        }
        let asked = Cow::Owned(request_target(&whole));
        Ok(Place { elsewhere: base.map(|_| Box::new(url)), asked })
    }
}

/// A raw value that must be a text, a number or a boolean.
fn scalar<'t>(name: &str, raw: &'t str) -> Result<Cow<'t, str>, Unsendable> {
    match raw.as_bytes().first() {
        Some(b'{' | b'[') => Err(Unsendable::bad(format!("{name} is no text"))),
        _ => Ok(text_of(raw)),
    }
}
