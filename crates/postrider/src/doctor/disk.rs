//! The disk of the data directory: what kind it is, how long a sync takes, how much room it has.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Finding;
use crate::config::Config;

/// Syncs that are measured. Source: chosen; a disk that spins needs half a second for them.
const SYNCS: usize = 64;

/// Longest time for which is measured. Source: chosen.
const MEASURED_TIME_MAX: Duration = Duration::from_secs(3);

/// Bytes before each sync. Source: a page of the store.
const BYTES: usize = 4_096;

/// Below this no disk has written anything. Source: the fastest disks with a protected cache answer
/// in about 10 µs, of which the system needs some itself.
const SYNC_TIME_MIN: Duration = Duration::from_micros(8);

/// Above this every answer to an SDK is slow. Source: chosen; a disk that spins.
const SYNC_TIME_SLOW: Duration = Duration::from_millis(20);

/// Names of file systems by their numbers. Source: statfs(2).
const KINDS: [(u64, &str, Kind); 8] = [
    (0x0102_1994, "tmpfs", Kind::Memory),
    (0x8584_58f6, "ramfs", Kind::Memory),
    (0x794c_7630, "overlay", Kind::Layer),
    (0x6969, "nfs", Kind::Network),
    (0xff53_4d42, "cifs", Kind::Network),
    (0xfe53_4d42, "smb2", Kind::Network),
    (0x0102_1997, "9p", Kind::Network),
    (0x6573_5546, "fuse", Kind::Network),
];

/// What a file system does to files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// It keeps them.
    Disk,
    /// It forgets them when the machine restarts.
    Memory,
    /// It goes with its container.
    Layer,
    /// Another machine or process keeps them.
    Network,
}

/// Syncs that were measured, in order of their times; at least one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct SyncTimes {
    median: Duration,
    /// Of a hundred, the slowest but one.
    p99: Duration,
}

/// Looks at the directory, or at the one that it would be made in.
pub fn look(config: &Config) -> Vec<Finding> {
    let (dir, place) = (&config.data_dir, nearest(&config.data_dir));
    let mut findings = vec![kind(dir, number_of(&place))];
    findings.push(match measure(&place) {
        Ok(times) => speed(dir, times),
        Err(error) => Finding::bad(
            "disk",
            format!("cannot write in {}: {error}", place.display()),
            "give the directory to this user, or choose another one with --data-dir",
        ),
    });
    if let Ok(free) = crate::disk::free_of(&place)() {
        findings.push(room(free, config.intake.disk_free_min as u64));
    }
    findings
}

/// The directory itself, or the nearest one above it that is there.
fn nearest(dir: &Path) -> PathBuf {
    let above = dir.ancestors().find(|above| above.is_dir());
    above.filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn number_of(dir: &Path) -> u64 {
    // The number is as wide as the machine makes it, and means its lower half.
    rustix::fs::statfs(dir).map_or(0, |found| found.f_type as u64 & 0xffff_ffff)
}

fn kind(dir: &Path, number: u64) -> Finding {
    let dir = dir.display();
    let known = KINDS.iter().find(|(known, ..)| *known == number);
    let (name, kind) = known.map_or(("a disk", Kind::Disk), |(_, name, kind)| (*name, *kind));
    match kind {
        Kind::Disk => Finding::good("disk", format!("{dir} is on a file system that keeps files")),
        Kind::Memory => Finding::bad(
            "disk",
            format!("{dir} is in memory ({name}): a restart of the machine loses every event"),
            "choose a directory on a disk with --data-dir",
        ),
        Kind::Layer => Finding::doubtful(
            "disk",
            format!("{dir} is in a container's own layer ({name}), which goes with the container"),
            "mount a volume, and choose a directory on it with --data-dir",
        ),
        Kind::Network => Finding::doubtful(
            "disk",
            format!("{dir} is kept by somebody else ({name}): locks and syncs may not hold"),
            "choose a directory on a disk of this machine with --data-dir",
        ),
    }
}

/// Measures with a file of its own, which is gone afterwards.
fn measure(dir: &Path) -> io::Result<SyncTimes> {
    let path = dir.join(format!(".postrider-doctor-{}", std::process::id()));
    let mut file = File::options().write(true).create_new(true).open(&path)?;
    let measured = sync_times(&mut file);
    std::fs::remove_file(&path)?;
    measured
}

fn sync_times(file: &mut File) -> io::Result<SyncTimes> {
    let (start, mut times) = (Instant::now(), Vec::with_capacity(SYNCS));
    while times.len() < SYNCS && (times.is_empty() || start.elapsed() < MEASURED_TIME_MAX) {
        file.write_all(&[b'.'; BYTES])?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    Ok(SyncTimes { median: at(50), p99: at(99) })
}

fn speed(dir: &Path, SyncTimes { median, p99 }: SyncTimes) -> Finding {
    let seen = format!("a sync in {} takes {}, at worst {}", dir.display(), ms(median), ms(p99));
    if median < SYNC_TIME_MIN {
        return Finding::doubtful(
            "disk",
            format!("{seen}: too fast for anything to be written"),
            "make sure that syncs reach the disk: no option like nobarrier, no cache that lies",
        );
    }
    if median > SYNC_TIME_SLOW {
        return Finding::doubtful(
            "disk",
            format!("{seen}: every answer to an SDK waits for one"),
            "choose a directory on a faster disk, one with flash, with --data-dir",
        );
    }
    Finding::good("disk", seen)
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

/// Bytes in the largest unit of which there is one at least.
fn shown(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let fitting = units.into_iter().find(|(_, factor)| bytes >= *factor);
    match fitting {
        Some((unit, factor)) => format!("{:.1} {unit}", bytes as f64 / factor as f64),
        None => format!("{bytes} B"),
    }
}

fn room(free: u64, free_min: u64) -> Finding {
    let seen = format!("{} are free", shown(free));
    if free < free_min {
        let least = shown(free_min);
        return Finding::bad(
            "disk",
            format!("{seen}, below intake.disk_free_min ({least}): no event would be taken"),
            "make room, or bound the journal with --journal-size-max",
        );
    }
    Finding::good("disk", seen)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict::{Bad, Doubtful, Good};
    use super::*;

    #[test]
    fn what_a_file_system_does_to_files_is_told() {
        let check = |number, want, text: &str| {
            let found = kind(Path::new("data"), number);
            assert_eq!(found.verdict, want, "{found:?}");
            assert!(found.what.contains(text), "{found:?}");
        };
        check(0xef53, Good, "keeps files");
        check(0x0102_1994, Bad, "loses every event");
        check(0x794c_7630, Doubtful, "container");
        check(0x6969, Doubtful, "nfs");
    }

    #[test]
    fn syncs_that_are_too_fast_or_slow_are_doubted() {
        let check = |micros, want| {
            let median = Duration::from_micros(micros);
            assert_eq!(speed(Path::new("data"), SyncTimes { median, p99: median }).verdict, want);
        };
        check(2, Doubtful);
        check(700, Good);
        check(50_000, Doubtful);
    }

    #[test]
    fn too_little_room_is_bad() {
        assert_eq!(room(99, 100).verdict, Bad);
        assert_eq!(room(100, 100).verdict, Good);
    }

    #[test]
    fn room_is_told_in_a_unit_that_fits() {
        for (bytes, want) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (4_096, "4.0 KiB"),
            (268_435_456, "256.0 MiB"),
            (1_610_612_736, "1.5 GiB"),
        ] {
            assert_eq!(shown(bytes), want);
        }
    }

    #[test]
    fn measuring_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("a directory");
        let times = measure(dir.path()).expect("times");
        assert!(times.median <= times.p99);
        assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 0);
        assert!(measure(&dir.path().join("nothing")).is_err());
    }

    #[test]
    fn a_directory_that_is_yet_to_be_made_is_looked_at_where_it_will_be() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(nearest(&dir.path().join("a/b")), dir.path());
        assert_eq!(nearest(dir.path()), dir.path());
        assert_eq!(nearest(Path::new("no-such-directory")), Path::new("."));
    }
}
