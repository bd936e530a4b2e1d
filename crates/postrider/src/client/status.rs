//! `postrider status`: how a running server fares, on one screen.
//!
//! In comes what the API says, out go lines for people, and whether something needs a look.
//! Deliberately unknown here: everything but the API.

use serde::Deserialize;

use super::{Desk, STATUS};
use crate::console::{Cell, Ending, Failure, Palette, Shape, Table, Tint, thousands};
use crate::terminal::plain;

#[derive(Debug, Deserialize)]
struct Status {
    version: String,
    started_at: String,
    gateway_url: String,
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    is_disk_low: bool,
    destinations: Vec<Destination>,
}

#[derive(Debug, Deserialize)]
struct Destination {
    id: String,
    state: String,
    waiting: u64,
    retrying: u64,
    delivered_first_try: u64,
    delivered_on_retry: u64,
    gave_up: u64,
    expired: u64,
    target: String,
    flow: Option<Flow>,
}

#[derive(Debug, Deserialize)]
struct Flow {
    failing_since: Option<String>,
    sentence: Option<String>,
}

/// Asks a server how it fares, and shows it.
///
/// # Errors
/// Where it cannot be asked.
pub async fn show(desk: &Desk<'_>) -> Result<Ending, Failure> {
    let shown = desk.remote.get(STATUS).await?;
    let json = format!("{shown}\n");
    let status: Status = desk.remote.read(shown)?;
    let palette = desk.console.palette;
    let troubles = status.troubles();
    desk.show(&match desk.shape {
        Shape::Json => json,
        Shape::Lines => status.lines(palette) + &marked(&troubles, palette),
    });
    Ok(if troubles.is_empty() { Ending::Well } else { Ending::NeedsLook })
}

fn marked(troubles: &[String], palette: Palette) -> String {
    troubles.iter().map(|trouble| palette.tinted(Tint::Bad, &plain(trouble)) + "\n").collect()
}

impl Status {
    fn lines(&self, palette: Palette) -> String {
        let Self { version, started_at, gateway_url, .. } = self;
        let [accepted, duplicates, rejected] =
            [self.accepted, self.duplicates, self.rejected].map(thousands);
        let text = format!(
            "postrider {version} at {gateway_url}, since {started_at}\n\
             {accepted} events accepted since then, {duplicates} that were stored already, \
             {rejected} refused\n"
        );
        if self.destinations.is_empty() {
            return text + "no destinations\n";
        }
        let head = ["DESTINATION", "STATE", "WAITING", "RETRYING", "DELIVERED", "LOST", "TARGET"];
        let mut table = Table::new(head);
        for destination in &self.destinations {
            table.row(destination.cells());
        }
        text + &table.lines(palette)
    }

    /// What needs a look, a line each.
    fn troubles(&self) -> Vec<String> {
        let disk = self
            .is_disk_low
            .then(|| "the disk is nearly full: no events are taken until there is room".to_owned());
        let sick = self.destinations.iter().filter(|one| one.takes_nothing());
        disk.into_iter().chain(sick.map(Destination::trouble)).collect()
    }
}

impl Destination {
    /// One row; what was given up and what expired are one column.
    fn cells(&self) -> [Cell; 7] {
        let delivered = self.delivered_first_try + self.delivered_on_retry;
        let lost = self.gave_up + self.expired;
        let state = Cell::text(&self.state);
        let state = match self.state.as_str() {
            "active" => state.tinted(Tint::Good),
            "retrying" => state.tinted(Tint::Poor),
            _ if self.takes_nothing() => state.tinted(Tint::Bad),
            _ => state.tinted(Tint::Faint),
        };
        let loss = Cell::number(thousands(lost));
        [
            Cell::text(&self.id),
            state,
            Cell::number(thousands(self.waiting)),
            Cell::number(thousands(self.retrying)),
            Cell::number(thousands(delivered)),
            if lost > 0 { loss.tinted(Tint::Poor) } else { loss },
            Cell::text(&self.target),
        ]
    }

    fn takes_nothing(&self) -> bool {
        matches!(self.state.as_str(), "holding" | "stopped")
    }

    fn trouble(&self) -> String {
        let flow = self.flow.as_ref();
        let since = flow.and_then(|flow| flow.failing_since.as_deref()).unwrap_or("a while ago");
        let sentence = flow.and_then(|flow| flow.sentence.as_deref()).unwrap_or_default();
        format!("{}: {} since {since}. {sentence}", self.id, self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(id: &str, state: &str) -> Destination {
        Destination {
            id: id.to_owned(),
            state: state.to_owned(),
            waiting: 12,
            retrying: 3,
            delivered_first_try: 1_000,
            delivered_on_retry: 1,
            gave_up: 1,
            expired: 1,
            target: "https://acme.test".to_owned(),
            flow: Some(Flow {
                failing_since: Some("2026-01-31T09:30:00.000Z".to_owned()),
                sentence: Some("Nobody listens there.".to_owned()),
            }),
        }
    }

    fn status(destinations: Vec<Destination>) -> Status {
        Status {
            version: "1.2.3".to_owned(),
            started_at: "2026-01-31T09:00:00.000Z".to_owned(),
            gateway_url: "http://127.0.0.1:8080".to_owned(),
            accepted: 7,
            duplicates: 1,
            rejected: 0,
            is_disk_low: false,
            destinations,
        }
    }

    #[test]
    fn a_status_is_one_screen() {
        let all = vec![destination("a", "active"), destination("orders-hook", "holding")];
        let want = "\
postrider 1.2.3 at http://127.0.0.1:8080, since 2026-01-31T09:00:00.000Z
7 events accepted since then, 1 that were stored already, 0 refused
DESTINATION  STATE    WAITING  RETRYING  DELIVERED  LOST  TARGET
a            active        12         3      1,001     2  https://acme.test
orders-hook  holding       12         3      1,001     2  https://acme.test
";
        assert_eq!(status(all).lines(Palette::Plain), want);
        assert!(status(Vec::new()).lines(Palette::Plain).ends_with("no destinations\n"));
    }

    #[test]
    fn what_takes_nothing_and_a_full_disk_need_a_look() {
        let well =
            ["active", "retrying", "paused", "disabled"].map(|state| destination("a", state));
        assert!(status(well.into()).troubles().is_empty());
        let mut sick = status(vec![destination("a", "holding"), destination("b", "stopped")]);
        sick.is_disk_low = true;
        let want = [
            "the disk is nearly full: no events are taken until there is room",
            "a: holding since 2026-01-31T09:30:00.000Z. Nobody listens there.",
            "b: stopped since 2026-01-31T09:30:00.000Z. Nobody listens there.",
        ];
        assert_eq!(sick.troubles(), want);
    }
}
