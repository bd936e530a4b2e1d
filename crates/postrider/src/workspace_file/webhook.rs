//! The `config` of a webhook destination.

use std::net::IpAddr;

use domain::address::Egress;
use domain::destination::webhook::{
    HeaderSetting, Method, Setting, SettingsError, Target, WebhookSettings,
};
use url::Host;

use super::finding::Finding;
use super::node::{Node, Object};
use super::requests::OwnRequests;
use super::secrets::{Draft, Kind, header_label};
use super::source::{Form, Reader};

impl Reader {
    /// Reads and checks the settings; none where they have mistakes.
    pub(super) fn webhook(&mut self, destination: &Object<'_>) -> Option<WebhookSettings> {
        let own = self.own_requests(destination);
        let Some(config) = destination.get("config") else {
            self.mistakes.push(destination.missing("config"));
            return None;
        };
        let config = self.keep(config.object())?;
        let url = self.url(&config);
        let method = self.method(&config);
        let rows = self.header_rows(&config);
        let (nodes, headers): (Vec<Node<'_>>, Vec<HeaderSetting>) = rows?.into_iter().unzip();
        let OwnRequests { dynamic, get_extras, signing, tls } = own?;
        let (url, method) = (url?, method?);
        let settings = WebhookSettings { url, method, headers, dynamic, get_extras, signing, tls };
        let errors = settings.check();
        for error in &errors {
            self.mistakes.push(place(error, (destination, &config), &nodes));
        }
        errors.is_empty().then_some(settings)
    }

    fn url(&mut self, config: &Object<'_>) -> Option<Setting<String>> {
        let Some(node) = config.get("webhookUrl") else {
            self.mistakes.push(config.missing("webhookUrl"));
            return None;
        };
        let text = self.keep(node.string())?;
        let text = self.url_of(node, text)?;
        let warning = never_called(&text);
        self.warnings.extend(warning.map(|warning| node.finding(warning)));
        self.keep(text_setting(node, &text))
    }

    fn method(&mut self, config: &Object<'_>) -> Option<Setting<Method>> {
        let Some(node) = config.get("webhookMethod") else {
            return Some(Setting::Fixed(Method::Post));
        };
        let name = self.keep(node.string())?;
        self.keep(Setting::parse(&name).map_err(|reason| node.finding(reason)))
    }

    /// Headers with the rows they come from; none where a row has a mistake.
    fn header_rows<'a>(&mut self, config: &Object<'a>) -> Option<Vec<(Node<'a>, HeaderSetting)>> {
        let Some(list) = config.get("headers") else { return Some(Vec::new()) };
        let before = self.mistakes.len();
        let rows = self.keep(list.elements())?;
        let drafts = rows.into_iter().filter_map(|row| self.header(&row));
        let (rows, values): (Vec<_>, Vec<_>) = drafts.collect::<Vec<_>>().into_iter().unzip();
        let settled = self.settle(Kind::Header, &values);
        let value = |(draft, value): (&Draft<'_>, Option<String>)| {
            let value = value?;
            self.keep(text_setting(&draft.node, &value))
        };
        let values: Vec<_> = values.iter().zip(settled).map(value).collect();
        let headers = rows.into_iter().zip(values);
        let headers = headers
            .filter_map(|((row, name), value)| Some((row, HeaderSetting { name, value: value? })));
        let headers = headers.collect();
        (self.mistakes.len() == before).then_some(headers)
    }

    /// The header of a row; none where the row is passed over or has a mistake.
    fn header<'a>(&mut self, row: &Node<'a>) -> Option<HeaderDraft<'a>> {
        // The dashboard leaves an empty row behind where nobody filled it in.
        if row.is_null() {
            return None;
        }
        let object = self.keep(row.object())?;
        if self.form == Form::Own {
            self.mistakes.extend(object.unknown(&["from", "to"]));
        }
        let name = match object.get("from") {
            Some(from) => self.keep(from.string().and_then(|text| text_setting(from, &text)))?,
            None => Setting::Fixed(String::new()),
        };
        let (node, text) = match object.get("to") {
            Some(node) => (node.clone(), self.keep(header_value(node))?),
            None => (row.clone(), String::new()),
        };
        let is_nameless = name.text().is_empty();
        if is_nameless && self.form == Form::Own && !text.is_empty() {
            self.mistakes.push(object.missing("from"));
        }
        let is_passed = is_nameless || self.is_passed(row, &name);
        let said = (!is_passed).then(|| self.said(&node, text)).flatten()?;
        let draft = Draft { node, name: header_label(name.text()), said };
        Some(((row.clone(), name), draft))
    }

    /// Whether a row is skipped, with a warning: files made elsewhere hold names that belong to the
    /// connection, and nothing was ever sent for them.
    fn is_passed(&mut self, row: &Node<'_>, name: &Setting<String>) -> bool {
        let is_reserved =
            HeaderSetting { name: name.clone(), value: Setting::Fixed(String::new()) }
                .is_reserved();
        if !is_reserved || self.form == Form::Own {
            return false;
        }
        let name = name.base().to_ascii_lowercase();
        let reason = format!("header {name} belongs to the connection: the row is skipped");
        self.warnings.push(row.finding(reason));
        true
    }
}

/// Why requests never go to a URL, whatever is allowed; none where they may. Of names that is known only
/// when they are resolved.
pub fn never_called(url: &str) -> Option<String> {
    let setting = Setting::<String>::parse(url).ok()?;
    let Target::Endpoint(url) = Target::parse(setting.base()).ok()? else { return None };
    let address = match url.host()? {
        Host::Ipv4(address) => IpAddr::from(address),
        Host::Ipv6(address) => IpAddr::from(address),
        Host::Domain(_) => return None,
    };
    let refused = Egress::wide().check(address).err()?;
    Some(format!("nothing will be delivered there: {refused}"))
}

/// A row, the header's name, and what stands in the place of its value.
type HeaderDraft<'a> = ((Node<'a>, Setting<String>), Draft<'a>);

fn text_setting(node: &Node<'_>, text: &str) -> Result<Setting<String>, Finding> {
    Setting::parse(text).map_err(|reason| node.finding(reason))
}

/// A string, or the text of a number or boolean.
fn header_value(node: &Node<'_>) -> Result<String, Finding> {
    match node.kind() {
        "a number" | "a boolean" => Ok(node.raw().to_owned()),
        _ => node.string(),
    }
}

/// Where in the file an error of the settings is.
fn place(
    error: &SettingsError,
    (destination, config): (&Object<'_>, &Object<'_>),
    rows: &[Node<'_>],
) -> Finding {
    if let Some(own) = destination.get("postrider").and_then(|node| node.object().ok())
        && let Some(node) = own.get(&error.field)
    {
        return node.finding(error.reason.clone());
    }
    let row = error
        .field
        .strip_prefix("headers[")
        .and_then(|rest| rest.split(']').next())
        .and_then(|index| index.parse::<usize>().ok())
        .and_then(|index| rows.get(index));
    let node = row.or_else(|| config.get(&error.field)).unwrap_or_else(|| config.node());
    node.finding(error.reason.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_no_setting_opens_is_told() {
        for url in [
            "http://169.254.169.254/latest",
            "http://[::ffff:169.254.169.254]/",
            "{{ event.x || \"http://169.254.169.254/\" }}",
        ] {
            assert!(never_called(url).is_some_and(|told| told.contains("metadata")), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://localhost/", "https://a.test/", "playground://a"] {
            assert_eq!(never_called(url), None, "{url}");
        }
    }
}
