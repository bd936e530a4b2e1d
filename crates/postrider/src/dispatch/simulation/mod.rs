//! Lives of a dispatcher: its whole loop on the memory engine, with seeded time, luck and trouble.
//!
//! In comes a seed; out goes what was not as it should be, or nothing. A life is a number of steps:
//! events come, the endpoint changes its manner, people edit and wish, storage is slow or refuses,
//! the clock jumps, the process is killed or ended, the power is cut. Then everything is well again,
//! and everything has to arrive. What must hold meanwhile is in [`truth`]. Weeks pass in milliseconds.
//!
//! `SIMULATION_SEEDS=10000` runs so many lives, `SIMULATION_SEED=7` one of them, a hundred times: what
//! the loop does first of things that are ready at the same moment is the runtime's choice.

pub mod dice;
mod truth;
mod endpoint;
mod stores;
mod life;

use std::env;
use std::thread;
use std::time::Instant;

use life::{Sums, live};

/// Lives of one run of the tests. Source: chosen; a few seconds in a build for tests.
const SEEDS: u64 = 1_000;

/// How often a seed is tried that somebody asks for.
const AGAIN: u64 = 100;

#[test]
fn whatever_happens_nothing_is_lost_reordered_or_sent_again_without_a_cause() {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds: Vec<u64> = match number("SIMULATION_SEED") {
        Some(seed) => vec![seed; AGAIN as usize],
        None => (0..number("SIMULATION_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    let began = Instant::now();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut sums = Sums::default();
    thread::scope(|scope| {
        let lives = |share| move || live_all(share);
        let shares = seeds.chunks(seeds.len().div_ceil(threads).max(1));
        let threads: Vec<_> = shares.map(|share| scope.spawn(lives(share))).collect();
        for thread in threads {
            sums.add(thread.join().unwrap());
        }
    });
    let per_second = seeds.len() as f64 / began.elapsed().as_secs_f64();
    eprintln!("{} lives, {per_second:.0} a second: {sums:?}", seeds.len());
}

fn live_all(seeds: &[u64]) -> Sums {
    let mut sums = Sums::default();
    for seed in seeds {
        match live(*seed) {
            Ok(one) => sums.add(one),
            Err(fault) => panic!("seed {seed}: {fault}\nagain with SIMULATION_SEED={seed}"),
        }
    }
    sums
}
