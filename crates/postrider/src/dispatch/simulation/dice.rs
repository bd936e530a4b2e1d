//! Dice: the same seed throws the same numbers.

use std::cell::Cell;

/// A small generator, splitmix64.
#[derive(Debug)]
pub struct Dice(Cell<u64>);

impl Dice {
    /// Dice for one purpose of a life.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(Cell::new(seed.wrapping_add(purpose << 56)))
    }

    /// A number below this one, which is above zero.
    pub fn roll(&self, below: u64) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut mixed = self.0.get();
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    /// Whether something happens that happens so often of a hundred times.
    pub fn percent(&self, chance: u64) -> bool {
        self.roll(100) < chance
    }

    /// One of several.
    pub fn pick<T: Copy>(&self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize]
    }
}
