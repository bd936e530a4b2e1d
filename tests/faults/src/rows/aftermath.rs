//! The aftermath: what the last server makes of a disk whose troubles are over.

use crate::ground::{Ground, Verdict};
use crate::load::Load;
use crate::power::{Disk, Medium};
use crate::row::Row;

/// What is left, and what it is worth.
pub struct Aftermath {
    medium: Medium,
    /// Whether a check of the directory finds nothing.
    pub is_sound: bool,
    /// What the auditor says.
    pub verdict: Verdict,
}

impl Aftermath {
    /// Starts a server on what is left, lets it take something more and deliver all, and ends it and
    /// the load.
    pub async fn of(ground: &mut Ground, medium: Medium, load: Load) -> anyhow::Result<Self> {
        let disk = Disk::mount(&ground.data(), medium, None)?;
        let server = ground.start().await?;
        let before = ground.answered.lines();
        ground.until_answered(before + 1).await?;
        load.stop().await?;
        ground.drain(&server).await?;
        server.stop().await?;
        let is_sound = ground.check().await?;
        let verdict = ground.audit(0).await?;
        let medium = disk.unmount()?;
        Ok(Self { medium, is_sound, verdict })
    }

    /// Ends the row; where it failed, what is left stays where it can be looked at.
    pub fn end(self, ground: Ground, row: Row) -> anyhow::Result<Row> {
        if row.has_failed() {
            self.medium.copy_to(&ground.data())?;
        }
        Ok(ground.end(row))
    }
}
