//! Faults against the real binary: it is killed, its endpoints fail, its disk fills and its syncs
//! fail, while a load generator logs what was answered and an endpoint logs what arrived.
//!
//! In come a binary (`POSTRIDER_BIN`), a form (`short` or `long`), rows and a seed; out goes a line
//! for each row, `what | goal | measured | pass`, and all of it as JSON. What counts is said by
//! `postrider audit`, over the two logs. Everything is bounded in time, on loopback, and ends only
//! the processes that it has started.

mod dice;
mod notes;
mod people;
mod load;
mod sink;
mod server;
mod ground;
mod trace;
mod power;
mod row;
mod rows;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;
use tokio::task::LocalSet;

use row::{Form, Order, Row};

/// Every row, in order.
const ROWS: [&str; 9] =
    ["kills", "power", "order", "isolation", "backlog", "replay", "full_disk", "syncs", "errors"];

/// Longest time of a row. Source: chosen; several times what it needs on two busy cores.
const SHORT_MAX: Duration = Duration::from_secs(900);
const LONG_MAX: Duration = Duration::from_secs(4 * 3_600);

fn main() -> anyhow::Result<ExitCode> {
    let (order, names) = order(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = LocalSet::new().block_on(&runtime, run(&order, &names));
    say(&serde_json::to_string(&json!({
        "form": order.form.name(), "seed": order.seed, "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
    }))?);
    let failed = rows.iter().filter(|row| row.has_failed()).count();
    let skipped = rows.iter().filter(|row| row.is_skipped()).count();
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    let passed = rows.len() - failed - rows.iter().filter(|row| row.is_skipped()).count();
    say(&format!("{passed} passed, {failed} failed{skipped}"));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(order: &Order, names: &[String]) -> Vec<Row> {
    let time_max = match order.form {
        Form::Short => SHORT_MAX,
        Form::Long => LONG_MAX,
    };
    let mut all = Vec::new();
    say("what | goal | measured | pass");
    for name in names {
        let row = tokio::time::timeout(time_max, rows::run(name, order)).await;
        let row = row.context("it takes too long").and_then(|row| row);
        let row = row.unwrap_or_else(|error| Row::broken(name, &error));
        say(&row.line());
        all.push(row);
    }
    all
}

/// Reads `short|long [--seed N] [ROW…]`.
fn order(words: impl Iterator<Item = String>) -> anyhow::Result<(Order, Vec<String>)> {
    let (mut form, mut seed, mut names) = (Form::Short, None, Vec::new());
    let mut words = words;
    while let Some(word) = words.next() {
        match word.as_str() {
            "short" => form = Form::Short,
            "long" => form = Form::Long,
            "--seed" => seed = Some(words.next().context("--seed needs a number")?.parse()?),
            name if ROWS.contains(&name) => names.push(word),
            other => bail!("{other:?} is no form and no row; rows are {ROWS:?}"),
        }
    }
    if names.is_empty() {
        names = ROWS.map(str::to_owned).to_vec();
    }
    let binary = std::env::var("POSTRIDER_BIN").context("POSTRIDER_BIN is not set")?;
    let binary = std::fs::canonicalize(&binary).with_context(|| format!("no binary {binary}"))?;
    let seed = seed.unwrap_or_else(dice::any_seed);
    Ok((Order { binary, form, seed }, names))
}

#[allow(clippy::print_stdout, reason = "whoever started it reads the result")]
fn say(line: &str) {
    println!("{line}");
}
