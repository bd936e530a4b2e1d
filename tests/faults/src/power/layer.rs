//! The medium as a mounted file system, whose power goes, or whose changes fail, at a given moment.
//!
//! Whatever a program writes is here at once: the kernel keeps copies to read from, and none that it
//! would write later, but for files that are mapped into memory (SQLite's `-shm`).

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem,
    FopenFlags, Generation, INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request,
    TimeOrNow, WriteFlags,
};
use tokio::sync::watch;

use super::medium::{FileId, Medium};

/// How long the kernel may remember what it was told. Source: chosen; nothing changes behind it.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// The directory's number; files have theirs after it.
const ROOT: u64 = INodeNo::ROOT.0;

/// Size of a block, as programs are told.
const BLOCK: u32 = 4_096;

/// What is to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The power goes with the change after so many; from then on nothing works.
    PowerCut { after: u64 },
    /// From the change after so many on, syncs fail; everything else goes on.
    FailedSync { after: u64 },
    /// From the change after so many on, changes of files whose names begin so fail.
    Refusal { after: u64, files: &'static str, error: Refused },
}

/// How changes fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The device does not answer as it should.
    Io,
    /// The file system has been made read-only.
    ReadOnly,
    /// There is no room.
    NoRoom,
}

/// A mounted medium; unmounted where it is dropped.
pub struct Disk {
    at: PathBuf,
    session: Option<BackgroundSession>,
    shared: Arc<Shared>,
    trouble: watch::Receiver<bool>,
}

struct Shared(Mutex<State>);

struct State {
    medium: Medium,
    trouble: Option<Trouble>,
    has_come: watch::Sender<bool>,
}

struct Layer(Arc<Shared>);

impl Refused {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Io, Self::ReadOnly, Self::NoRoom];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Io => "EIO",
            Self::ReadOnly => "EROFS",
            Self::NoRoom => "ENOSPC",
        }
    }

    fn errno(self) -> Errno {
        match self {
            Self::Io => Errno::EIO,
            Self::ReadOnly => Errno::EROFS,
            Self::NoRoom => Errno::ENOSPC,
        }
    }
}

impl Disk {
    /// Why nothing can be mounted on this machine; none where it can.
    pub fn impossible() -> Option<&'static str> {
        if !Path::new("/dev/fuse").exists() {
            return Some("no /dev/fuse");
        }
        let dir = tempfile::tempdir().ok()?;
        let mounted = Self::mount(dir.path(), Medium::default(), None);
        mounted.and_then(Self::unmount).err().map(|_| "no right to mount by /dev/fuse")
    }

    /// Mounts a medium at an empty directory.
    pub fn mount(at: &Path, medium: Medium, trouble: Option<Trouble>) -> anyhow::Result<Self> {
        std::fs::create_dir_all(at)?;
        let (has_come, receiver) = watch::channel(false);
        let shared = Arc::new(Shared(Mutex::new(State { medium, trouble, has_come })));
        let layer = Layer(shared.clone());
        let session = fuser::spawn_mount(layer, at, &Config::default());
        let session = session.context("nothing can be mounted by /dev/fuse")?;
        Ok(Self { at: at.to_owned(), session: Some(session), shared, trouble: receiver })
    }

    /// Waits until the trouble has come.
    pub async fn trouble(&self) {
        let mut trouble = self.trouble.clone();
        // It is told by what this disk holds itself.
        let _ = trouble.wait_for(|has_come| *has_come).await;
    }

    /// Whether the trouble has come.
    pub fn is_in_trouble(&self) -> bool {
        *self.trouble.borrow()
    }

    /// Ends the trouble.
    pub fn mend(&self) {
        self.shared.lock().trouble = None;
    }

    /// Unmounts the medium, which nobody uses any more.
    pub fn unmount(mut self) -> anyhow::Result<Medium> {
        if let Some(session) = self.session.take() {
            match session.umount_and_join() {
                // It is unmounted, and its last request was being read as it was.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                unmounted => unmounted.context("the disk is in use")?,
            }
        }
        Ok(std::mem::take(&mut self.shared.lock().medium))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.session.is_some() {
            // A server that is still at work there does not keep it from being taken away.
            let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether anything works.
    fn powered(&self) -> Result<(), Errno> {
        let is_cut = matches!(self.trouble, Some(Trouble::PowerCut { .. }));
        if is_cut && *self.has_come.borrow() { Err(Errno::EIO) } else { Ok(()) }
    }

    /// Whether a change may be made to a file of this name; counts it.
    fn may_change(&mut self, name: Option<&str>) -> Result<(), Errno> {
        self.powered()?;
        let Some(trouble) = &mut self.trouble else { return Ok(()) };
        let (Trouble::PowerCut { after }
        | Trouble::FailedSync { after }
        | Trouble::Refusal { after, .. }) = trouble;
        if *after > 0 {
            *after -= 1;
            return Ok(());
        }
        match *trouble {
            Trouble::Refusal { files, .. } if !name.is_some_and(|name| name.starts_with(files)) => {
                Ok(())
            }
            Trouble::Refusal { error, .. } => Err(self.comes(error.errno())),
            Trouble::PowerCut { .. } => Err(self.comes(Errno::EIO)),
            Trouble::FailedSync { .. } => Ok(()),
        }
    }

    fn comes(&self, error: Errno) -> Errno {
        self.has_come.send_if_modified(|has_come| !std::mem::replace(has_come, true));
        error
    }

    fn may_change_file(&mut self, id: FileId) -> Result<(), Errno> {
        let name = self.medium.name(id).map(str::to_owned);
        self.may_change(name.as_deref())
    }

    fn attributes(&self, number: INodeNo) -> Result<FileAttr, Errno> {
        if number == INodeNo::ROOT {
            return Ok(attributes(ROOT, 0, FileType::Directory));
        }
        let content = self.medium.content(file_id(number)).ok_or(Errno::ENOENT)?;
        Ok(attributes(number.0, content.len() as u64, FileType::RegularFile))
    }

    fn found(&self, id: FileId) -> Result<FileAttr, Errno> {
        self.attributes(INodeNo(id + ROOT))
    }

    fn look_up(&self, name: &OsStr) -> Result<FileAttr, Errno> {
        self.powered()?;
        self.found(self.medium.find(text(name)?).ok_or(Errno::ENOENT)?)
    }

    fn read(&self, number: INodeNo, offset: u64, size: u32) -> Result<&[u8], Errno> {
        self.powered()?;
        let content = self.medium.content(file_id(number)).ok_or(Errno::ENOENT)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        Ok(&content[from..content.len().min(from + size as usize)])
    }

    fn write(&mut self, number: INodeNo, offset: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.may_change_file(file_id(number))?;
        exists(self.medium.write(file_id(number), offset, bytes))
    }

    fn resize(&mut self, number: INodeNo, length: u64) -> Result<(), Errno> {
        self.may_change_file(file_id(number))?;
        exists(self.medium.resize(file_id(number), length))
    }

    fn make(&mut self, name: &OsStr) -> Result<FileAttr, Errno> {
        let name = text(name)?;
        self.may_change(Some(name))?;
        let id = self.medium.make(name);
        self.found(id)
    }

    fn remove(&mut self, name: &OsStr) -> Result<(), Errno> {
        let name = text(name)?;
        self.may_change(Some(name))?;
        exists(self.medium.remove(name))
    }

    fn rename(&mut self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        let (from, to) = (text(from)?, text(to)?);
        self.may_change(Some(from))?;
        exists(self.medium.rename(from, to))
    }

    fn sync(&mut self, number: INodeNo) -> Result<(), Errno> {
        if let Some(Trouble::FailedSync { after: 0 }) = self.trouble {
            return Err(self.comes(Errno::EIO));
        }
        // What was taken has its room already: a full disk refuses what is new.
        if !self.is_full() {
            self.may_change_file(file_id(number))?;
        }
        self.medium.sync(file_id(number));
        Ok(())
    }

    fn is_full(&self) -> bool {
        matches!(self.trouble, Some(Trouble::Refusal { error: Refused::NoRoom, .. }))
    }

    fn sync_names(&mut self) -> Result<(), Errno> {
        self.may_change(None)?;
        self.medium.sync_names();
        Ok(())
    }
}

impl Filesystem for Layer {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.0.lock().look_up(name) {
            Ok(found) => reply.entry(&REMEMBERED, &found, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.0.lock().attributes(number) {
            Ok(found) => reply.attr(&REMEMBERED, &found),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut state = self.0.lock();
        let resized = size.map_or(Ok(()), |length| state.resize(number, length));
        match resized.and_then(|()| state.attributes(number)) {
            Ok(found) => reply.attr(&REMEMBERED, &found),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        _: &Request,
        _: INodeNo,
        name: &OsStr,
        _: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let flags = FopenFlags::FOPEN_KEEP_CACHE;
        match self.0.lock().make(name) {
            Ok(made) => reply.created(&REMEMBERED, &made, Generation(0), FileHandle(0), flags),
            Err(error) => reply.error(error),
        }
    }

    fn unlink(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.0.lock().remove(name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        _: INodeNo,
        from: &OsStr,
        _: INodeNo,
        to: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        answer(self.0.lock().rename(from, to), reply);
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        // What the kernel holds of a file is what is here: it need not be read again.
        match self.0.lock().powered() {
            Ok(()) => reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.0.lock().read(number, offset, size) {
            Ok(bytes) => reply.data(bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        bytes: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.0.lock().write(number, offset, bytes) {
            Ok(()) => reply.written(u32::try_from(bytes.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer(self.0.lock().sync(number), reply);
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer(self.0.lock().sync_names(), reply);
    }

    fn readdir(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let state = self.0.lock();
        if let Err(error) = state.powered() {
            return reply.error(error);
        }
        let dots = [(".", ROOT, FileType::Directory), ("..", ROOT, FileType::Directory)];
        let files = state.medium.list().map(|(name, id)| (name, id + ROOT, FileType::RegularFile));
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        for (place, (name, number, kind)) in (1..).zip(dots.into_iter().chain(files)).skip(skipped)
        {
            if reply.add(INodeNo(number), place, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        // A tebibyte, all of it free.
        let blocks = (1 << 40) / u64::from(BLOCK);
        reply.statfs(blocks, blocks, blocks, 0, 1 << 20, BLOCK, 255, BLOCK);
    }
}

fn answer(done: Result<(), Errno>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn exists(is_there: bool) -> Result<(), Errno> {
    if is_there { Ok(()) } else { Err(Errno::ENOENT) }
}

fn text(name: &OsStr) -> Result<&str, Errno> {
    name.to_str().ok_or(Errno::EINVAL)
}

fn file_id(number: INodeNo) -> FileId {
    number.0.saturating_sub(ROOT)
}

fn attributes(number: u64, size: u64, kind: FileType) -> FileAttr {
    FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm: if kind == FileType::Directory { 0o755 } else { 0o644 },
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: BLOCK,
        flags: 0,
    }
}
