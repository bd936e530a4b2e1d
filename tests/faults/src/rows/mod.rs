//! The rows, a file each. In comes an order; out goes a row of the table.

mod aftermath;
mod kills;
mod power;
mod order;
mod isolation;
mod backlog;
mod replay;
mod full_disk;
mod syncs;
mod errors;

use anyhow::bail;

use crate::row::{Order, Row};

/// Carries out the row with this name.
pub async fn run(name: &str, order: &Order) -> anyhow::Result<Row> {
    match name {
        "kills" => kills::run(order).await,
        "power" => power::run(order).await,
        "order" => order::run(order).await,
        "isolation" => isolation::run(order).await,
        "backlog" => backlog::run(order).await,
        "replay" => replay::run(order).await,
        "full_disk" => full_disk::run(order).await,
        "syncs" => syncs::run(order).await,
        "errors" => errors::run(order).await,
        other => bail!("no row {other:?}"),
    }
}
