//! The `config` of a webhook destination.

use domain::destination::webhook::{
    HeaderSetting, Method, Setting, SettingsError, WebhookSettings,
};

use super::finding::Finding;
use super::node::{Node, Object};
use super::requests::OwnRequests;
use super::source::Reader;

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
        self.keep(node.string().and_then(|text| text_setting(node, &text)))
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
        let rows = self.keep(list.elements())?;
        let mut headers = Vec::with_capacity(rows.len());
        let mut whole = true;
        for row in rows {
            match header(&row) {
                // Files made elsewhere hold such rows, and nothing was ever sent for them.
                Ok(Some(header)) if header.is_reserved() => {
                    let name = header.name.base().to_ascii_lowercase();
                    let reason =
                        format!("header {name} belongs to the connection: the row is skipped");
                    self.warnings.push(row.finding(reason));
                }
                Ok(Some(header)) => headers.push((row, header)),
                // The dashboard leaves an empty row behind where nobody filled it in.
                Ok(None) => {}
                Err(mistake) => {
                    self.mistakes.push(mistake);
                    whole = false;
                }
            }
        }
        whole.then_some(headers)
    }
}

fn text_setting(node: &Node<'_>, text: &str) -> Result<Setting<String>, Finding> {
    Setting::parse(text).map_err(|reason| node.finding(reason))
}

/// The header of a row; none where the row has no name.
fn header(row: &Node<'_>) -> Result<Option<HeaderSetting>, Finding> {
    if row.is_null() {
        return Ok(None);
    }
    let row = row.object()?;
    let Some(from) = row.get("from") else { return Ok(None) };
    let name = from.string()?;
    if name.is_empty() {
        return Ok(None);
    }
    let name = text_setting(from, &name)?;
    let value = match row.get("to") {
        Some(node) => text_setting(node, &header_value(node)?)?,
        None => Setting::Fixed(String::new()),
    };
    Ok(Some(HeaderSetting { name, value }))
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
