//! A disk whose power can be cut, and whose writes can be made to fail.
//!
//! In come the requests that the kernel makes of a file system (FUSE), a dice, and what trouble is
//! to come; out goes what a disk would give back. [`Medium`] is the model of what is durable,
//! [`Disk`] mounts it. Deliberately unknown here: who uses the disk, and what its files mean.

mod medium;
mod layer;

pub use layer::{Disk, Refused, Trouble};
pub use medium::{Loss, Medium};
