//! Inboxes: bounded queues between callers that never wait and a thread that does.
//!
//! The bound is in bytes. Whoever puts something in wakes the thread only if it sleeps, so under
//! load an entry costs one uncontended lock and no system call.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::StorageError;

/// A bounded queue with one or more threads taking from it.
pub struct Inbox<T> {
    name: &'static str,
    bytes_max: usize,
    state: Mutex<State<T>>,
    arrived: Condvar,
}

struct State<T> {
    entries: VecDeque<(T, usize)>,
    bytes: usize,
    closed: bool,
    /// Threads that sleep and were not woken yet.
    sleeping: usize,
    /// How many bytes must wait before they want to be woken.
    wake_at: usize,
}

impl<T> Inbox<T> {
    /// An empty inbox; `name` appears in the error when it is full.
    pub fn new(name: &'static str, bytes_max: usize) -> Self {
        let entries = VecDeque::new();
        let state = State { entries, bytes: 0, closed: false, sleeping: 0, wake_at: 1 };
        Self { name, bytes_max, state: Mutex::new(state), arrived: Condvar::new() }
    }

    /// Puts an entry in; an empty inbox takes one of any size.
    ///
    /// # Errors
    /// `Full` and `Closed`; the entry is then dropped.
    pub fn push(&self, entry: T, bytes: usize) -> Result<(), StorageError> {
        self.push_within(entry, bytes, self.bytes_max)
    }

    /// Puts an entry in that may only use half of the inbox: what nobody waits for must not take
    /// the room of what somebody does.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_minor(&self, entry: T, bytes: usize) -> Result<(), StorageError> {
        self.push_within(entry, bytes, self.bytes_max / 2)
    }

    fn push_within(&self, entry: T, bytes: usize, bytes_max: usize) -> Result<(), StorageError> {
        let mut state = self.lock();
        if state.closed {
            return Err(StorageError::Closed);
        }
        let bytes = bytes.max(1);
        if state.bytes > 0 && state.bytes + bytes > bytes_max {
            return Err(StorageError::Full { inbox: self.name });
        }
        state.entries.push_back((entry, bytes));
        state.bytes += bytes;
        if state.sleeping > 0 && state.bytes >= state.wake_at {
            state.sleeping -= 1;
            drop(state);
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Sleeps until something waits; false once the inbox is closed and empty.
    pub fn wait(&self) -> bool {
        let mut state = self.lock();
        while state.entries.is_empty() && !state.closed {
            state.sleeping += 1;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        !state.entries.is_empty()
    }

    /// Sleeps for `span`, or until `bytes` wait or the inbox is closed; only for an inbox that one
    /// thread takes from.
    pub fn linger(&self, span: Duration, bytes: usize) {
        let deadline = Instant::now() + span;
        let mut state = self.lock();
        while state.bytes < bytes && !state.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (state.sleeping, state.wake_at) = (1, bytes);
            let woken = self.arrived.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        (state.sleeping, state.wake_at) = (0, 1);
    }

    /// Whether it takes nothing more in.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Whether it is closed and empty, so that nothing more will come.
    pub fn is_finished(&self) -> bool {
        let state = self.lock();
        state.closed && state.entries.is_empty()
    }

    /// Takes what waits, in order: one entry of any size, then more while they fit in `bytes_max`.
    pub fn take(&self, bytes_max: usize) -> Vec<T> {
        let mut state = self.lock();
        let mut taken = Vec::new();
        let mut bytes = 0;
        while let Some((_, size)) = state.entries.front() {
            if !taken.is_empty() && bytes + size > bytes_max {
                break;
            }
            let Some((entry, size)) = state.entries.pop_front() else { break };
            bytes += size;
            state.bytes -= size;
            taken.push(entry);
        }
        taken
    }

    /// Takes the oldest entry, sleeping until there is one; none once closed and empty.
    pub fn take_one(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some((entry, size)) = state.entries.pop_front() {
                state.bytes -= size;
                return Some(entry);
            }
            if state.closed {
                return None;
            }
            state.sleeping += 1;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing more in; what waits may still be taken out.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes an inbox when its thread ends for whatever reason, and drops what still waits there, so
/// that nobody waits for an answer which never comes.
pub struct ClosesInbox<'a, T>(pub &'a Inbox<T>);

impl<T> Drop for ClosesInbox<'_, T> {
    fn drop(&mut self) {
        self.0.close();
        let mut state = self.0.lock();
        state.bytes = 0;
        let entries = std::mem::take(&mut state.entries);
        drop(state);
        drop(entries);
    }
}
