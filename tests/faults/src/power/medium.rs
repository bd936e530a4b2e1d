//! What a disk holds: the files as programs see them, and what of them would outlive a power cut.
//!
//! - A file's changes are durable once that file is synced; its length is one of its changes.
//! - The names of files (made, renamed, removed) are durable once the directory is synced; syncing a
//!   file alone does not make its name durable, which is stricter than ext4.
//! - Where the power is cut, the dice says for each file what is left of its unsynced changes:
//!   nothing, a beginning, a beginning whose last write is torn between two sectors of 512 bytes,
//!   some of them block by block (4,096 bytes) as a disk that reorders leaves them, or all of them.
//!   Changes are left in the order in which they were made. What a file was grown over without being
//!   written is zeros.
//! - Where a sync fails, what was not synced may be taken for written all the same: programs go on seeing it,
//!   and no later sync writes it, as Linux has it. Only what is written again gets to the disk.
//! - Of unsynced names a beginning is left, in order, as a journalling file system leaves them; a
//!   rename is left whole or not at all. What has no durable name is gone, synced or not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::dice::Dice;

/// What a disk writes whole or not at all. Source: the sector size that drives promise.
const SECTOR: u64 = 512;

/// What a page cache writes back at a time. Source: the page size of Linux on x86-64.
const BLOCK: u64 = 4_096;

/// The number of a file.
pub type FileId = u64;

/// A disk's content: files in one directory.
#[derive(Clone, Debug, Default)]
pub struct Medium {
    files: BTreeMap<FileId, File>,
    names: BTreeMap<String, FileId>,
    durable_names: BTreeMap<String, FileId>,
    unsynced_names: Vec<Naming>,
    made: FileId,
}

#[derive(Clone, Debug, Default)]
struct File {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Resize(u64),
}

#[derive(Clone, Debug)]
enum Naming {
    Put(String, FileId),
    Move(String, String),
    Remove(String),
}

/// What a power cut took.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Loss {
    /// Changes of files that were not synced.
    pub unsynced: u64,
    /// How many of these are left as they were.
    pub kept: u64,
    /// How many are left in part.
    pub torn: u64,
    /// Changes of names that are gone.
    pub names: u64,
}

/// What is left of the unsynced changes of one file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Remains {
    Nothing,
    Beginning,
    TornBeginning,
    SomeBlocks,
    All,
}

impl Remains {
    const ANY: [Self; 5] =
        [Self::Nothing, Self::Beginning, Self::TornBeginning, Self::SomeBlocks, Self::All];
}

impl Loss {
    /// Adds another cut's.
    pub fn add(&mut self, other: Self) {
        self.unsynced += other.unsynced;
        self.kept += other.kept;
        self.torn += other.torn;
        self.names += other.names;
    }
}

impl Medium {
    /// The number of a file.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.names.get(name).copied()
    }

    /// The names and numbers of all files.
    pub fn list(&self) -> impl Iterator<Item = (&str, FileId)> {
        self.names.iter().map(|(name, id)| (name.as_str(), *id))
    }

    /// A name of a file; none where it has none any more.
    pub fn name(&self, id: FileId) -> Option<&str> {
        self.list().find_map(|(name, found)| (found == id).then_some(name))
    }

    /// What a file holds, as programs see it.
    pub fn content(&self, id: FileId) -> Option<&[u8]> {
        self.files.get(&id).map(|file| file.now.as_slice())
    }

    /// Makes an empty file, where there is none of this name.
    pub fn make(&mut self, name: &str) -> FileId {
        if let Some(id) = self.find(name) {
            return id;
        }
        self.made += 1;
        self.files.insert(self.made, File::default());
        self.rename_by(Naming::Put(name.to_owned(), self.made));
        self.made
    }

    /// Takes a name away; false where nothing has it.
    pub fn remove(&mut self, name: &str) -> bool {
        let is_there = self.names.contains_key(name);
        if is_there {
            self.rename_by(Naming::Remove(name.to_owned()));
        }
        is_there
    }

    /// Gives a file another name, which may be taken from another one; false where there is none.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        let is_there = self.names.contains_key(from);
        if is_there {
            self.rename_by(Naming::Move(from.to_owned(), to.to_owned()));
        }
        is_there
    }

    /// Writes to a file; false where there is none.
    pub fn write(&mut self, id: FileId, at: u64, bytes: &[u8]) -> bool {
        self.change(id, Change::Write { at, bytes: bytes.to_vec() })
    }

    /// Cuts a file or grows it; false where there is none.
    pub fn resize(&mut self, id: FileId, length: u64) -> bool {
        self.change(id, Change::Resize(length))
    }

    /// Makes a file's changes durable.
    pub fn sync(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id) {
            for change in std::mem::take(&mut file.unsynced) {
                change.apply(&mut file.durable);
            }
        }
    }

    /// Makes all names durable.
    pub fn sync_names(&mut self) {
        self.unsynced_names.clear();
        self.durable_names = self.names.clone();
    }

    /// A sync has failed, and what was not durable is taken for it; how many changes that are.
    pub fn believe(&mut self) -> u64 {
        let unsynced = self.files.values_mut().map(|file| std::mem::take(&mut file.unsynced));
        unsynced.map(|changes| changes.len() as u64).sum()
    }

    /// The power is cut: what was not durable is gone, or is there in part.
    pub fn lose(&mut self, dice: &mut Dice) -> Loss {
        let mut loss = Loss::default();
        let left = dice.roll(self.unsynced_names.len() as u64 + 1);
        for (naming, number) in self.unsynced_names.drain(..).zip(0..) {
            if number < left {
                naming.apply(&mut self.durable_names);
            } else {
                loss.names += 1;
            }
        }
        self.names = self.durable_names.clone();
        for file in self.files.values_mut() {
            let remains = Remains::ANY[dice.roll(Remains::ANY.len() as u64) as usize];
            file.lose(remains, dice, &mut loss);
        }
        self.files.retain(|id, _| self.names.values().any(|named| named == id));
        loss
    }

    /// Copies all files to a directory, for somebody to look at.
    pub fn copy_to(&self, dir: &Path) -> std::io::Result<()> {
        fs::create_dir_all(dir)?;
        for (name, id) in self.list() {
            fs::write(dir.join(name), self.content(id).unwrap_or_default())?;
        }
        Ok(())
    }

    fn rename_by(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.unsynced_names.push(naming);
    }

    fn change(&mut self, id: FileId, change: Change) -> bool {
        let Some(file) = self.files.get_mut(&id) else { return false };
        change.apply(&mut file.now);
        file.unsynced.push(change);
        true
    }
}

impl File {
    fn lose(&mut self, remains: Remains, dice: &mut Dice, loss: &mut Loss) {
        let changes = std::mem::take(&mut self.unsynced);
        let count = changes.len() as u64;
        let left = match remains {
            Remains::Nothing => 0,
            Remains::All | Remains::SomeBlocks => count,
            Remains::Beginning | Remains::TornBeginning => dice.roll(count + 1),
        };
        loss.unsynced += count;
        for (number, change) in (0..).zip(&changes) {
            let parts = match remains {
                Remains::SomeBlocks => change.some_blocks(dice),
                _ if number < left => vec![change.clone()],
                Remains::TornBeginning if number == left => change.torn(dice),
                _ => Vec::new(),
            };
            match parts.as_slice() {
                [part] if part == change => loss.kept += 1,
                [] => {}
                _ => loss.torn += 1,
            }
            parts.iter().for_each(|part| part.apply(&mut self.durable));
        }
        self.now = self.durable.clone();
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let at = *at as usize;
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[at..end].copy_from_slice(bytes);
            }
            Self::Resize(length) => content.resize(*length as usize, 0),
        }
    }

    /// The change up to a border of sectors in the midst of it.
    fn torn(&self, dice: &mut Dice) -> Vec<Self> {
        let Self::Write { at, bytes } = self else { return Vec::new() };
        let end = at + bytes.len() as u64;
        let borders = end.div_ceil(SECTOR) - at / SECTOR;
        let border = (at / SECTOR + dice.roll(borders)) * SECTOR;
        self.part(*at..border.min(end)).into_iter().collect()
    }

    /// Some blocks of the change; where it is a new length, that or nothing.
    fn some_blocks(&self, dice: &mut Dice) -> Vec<Self> {
        let Self::Write { at, bytes } = self else {
            return (0..dice.roll(2)).map(|_| self.clone()).collect();
        };
        let end = at + bytes.len() as u64;
        let mut parts: Vec<Self> = Vec::new();
        let mut begin = *at;
        while begin < end {
            let border = ((begin / BLOCK + 1) * BLOCK).min(end);
            if dice.roll(2) == 0 {
                parts.extend(self.part(begin..border));
            }
            begin = border;
        }
        let is_whole = parts.iter().map(Self::len).sum::<usize>() == bytes.len();
        if is_whole { vec![self.clone()] } else { parts }
    }

    fn part(&self, range: std::ops::Range<u64>) -> Option<Self> {
        let Self::Write { at, bytes } = self else { return None };
        let from = range.start.checked_sub(*at)? as usize;
        let to = range.end.checked_sub(*at)? as usize;
        let bytes = bytes.get(from..to).filter(|bytes| !bytes.is_empty())?.to_vec();
        Some(Self::Write { at: range.start, bytes })
    }

    fn len(&self) -> usize {
        match self {
            Self::Write { bytes, .. } => bytes.len(),
            Self::Resize(_) => 0,
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, FileId>) {
        match self {
            Self::Put(name, id) => {
                names.insert(name.clone(), *id);
            }
            Self::Move(from, to) => {
                if let Some(id) = names.remove(from) {
                    names.insert(to.clone(), id);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ones(count: usize) -> Vec<u8> {
        vec![1; count]
    }

    /// What may be left of a file whose synced content is 8,192 zeros, after these changes.
    fn remains(of: impl Fn(&mut Medium, FileId)) -> Vec<Vec<u8>> {
        let losses = (0..400).map(|seed| {
            let mut medium = Medium::default();
            let id = medium.make("file");
            medium.resize(id, 8_192);
            medium.sync(id);
            medium.sync_names();
            of(&mut medium, id);
            medium.lose(&mut Dice::new(seed, 0));
            medium.content(id).map(<[u8]>::to_vec).unwrap_or_default()
        });
        let mut all: Vec<_> = losses.collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn what_is_taken_for_written_is_seen_and_not_there_before_it_is_written_again() {
        let mut medium = Medium::default();
        let id = medium.make("file");
        medium.sync_names();
        medium.write(id, 0, &ones(10));
        assert_eq!(medium.believe(), 1);
        medium.write(id, 10, &[2]);
        medium.sync(id);
        assert_eq!(medium.content(id), Some([&ones(10)[..], &[2]].concat().as_slice()));
        let after_a_cut = |mut medium: Medium| {
            medium.lose(&mut Dice::new(1, 0));
            medium.content(id).map(<[u8]>::to_vec)
        };
        assert_eq!(after_a_cut(medium.clone()), Some([&[0; 10][..], &[2]].concat()));
        medium.write(id, 0, &ones(10));
        medium.sync(id);
        assert_eq!(after_a_cut(medium), Some([&ones(10)[..], &[2]].concat()));
    }

    #[test]
    fn what_is_synced_is_never_lost_and_the_rest_may_be() {
        let write = |medium: &mut Medium, id| {
            medium.write(id, 0, &ones(10));
            medium.sync(id);
        };
        let synced = [ones(10), vec![0; 8_182]].concat();
        assert_eq!(remains(write), std::slice::from_ref(&synced));
        let more = |medium: &mut Medium, id| {
            write(medium, id);
            medium.write(id, 8_192, &ones(10));
        };
        assert_eq!(remains(more), [synced.clone(), [synced, ones(10)].concat()]);
    }

    #[test]
    fn what_is_not_synced_is_torn_between_sectors_and_left_by_blocks() {
        let all = remains(|medium, id| {
            medium.write(id, 100, &ones(8_000));
        });
        let lengths = |content: &Vec<u8>| {
            let (first, last) = content.split_at(4_096);
            let count = |half: &[u8]| half.iter().map(|byte| usize::from(*byte)).sum::<usize>();
            (count(first), count(last))
        };
        let found: Vec<_> = all.iter().map(lengths).collect();
        for wanted in [(0, 0), (412, 0), (3_996, 0), (0, 4_004), (3_996, 512), (3_996, 4_004)] {
            assert!(found.contains(&wanted), "{wanted:?} of {found:?}");
        }
        assert!(found.len() <= 18, "a tear at another place: {found:?}");
    }

    #[test]
    fn later_changes_may_be_left_without_earlier_ones() {
        let all = remains(|medium, id| {
            medium.write(id, 0, &ones(10));
            medium.write(id, 5_000, &ones(10));
            medium.resize(id, 6_000);
        });
        let found = |length, first, second| {
            all.iter().any(|one| (one.len(), one[0], one[5_000]) == (length, first, second))
        };
        assert!(found(8_192, 0, 1) && found(6_000, 0, 1) && found(6_000, 0, 0));
        assert!(found(8_192, 1, 0) && found(6_000, 1, 1) && found(8_192, 0, 0));
    }

    #[test]
    fn names_are_durable_with_their_directory_and_lost_from_the_last_on() {
        let mut seen = Vec::new();
        for seed in 0..100 {
            let mut medium = Medium::default();
            let kept = medium.make("kept");
            medium.sync_names();
            let new = medium.make("new");
            medium.write(new, 0, b"x");
            medium.sync(new);
            medium.rename("new", "kept");
            medium.lose(&mut Dice::new(seed, 0));
            let names: Vec<_> = medium.list().map(|(name, id)| (name.to_owned(), id)).collect();
            assert_eq!(medium.content(kept).is_some(), names.iter().any(|one| one.1 == kept));
            seen.push(names);
        }
        seen.sort();
        seen.dedup();
        let one = |name: &str, id| (name.to_owned(), id);
        let both = vec![one("kept", 1), one("new", 2)];
        assert_eq!(seen, [vec![one("kept", 1)], both, vec![one("kept", 2)]]);
    }
}
