//! The origins that a destination's events lead to besides its own, each with a pool.
//!
//! Their number is bounded, as whoever writes events can invent hosts: where there is no room, the
//! one that was asked for least recently goes. Attempts under way keep its connections until they
//! end.

use std::cell::RefCell;
use std::rc::Rc;

use domain::limits;

use super::outlet::Origin;
use super::pool::Pool;

/// Pools by origin, the one asked for last at the end.
#[derive(Default)]
pub struct Origins(RefCell<Vec<Rc<Pool>>>);

impl Origins {
    /// The pool of an origin.
    pub fn pool(&self, origin: Origin) -> Rc<Pool> {
        let mut pools = self.0.borrow_mut();
        let pool = match pools.iter().position(|pool| *pool.origin() == origin) {
            Some(index) => pools.remove(index),
            None => Rc::new(Pool::new(origin)),
        };
        if pools.len() == limits::KEPT_ORIGINS_MAX {
            pools.remove(0);
        }
        pools.push(pool.clone());
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(number: usize) -> Origin {
        let url = format!("http://h{number}.test/").parse().expect("a URL");
        Origin::of(&url).expect("an origin")
    }

    #[test]
    fn pools_are_kept_for_the_origins_asked_for_last_and_no_more() {
        let origins = Origins::default();
        let first = origins.pool(origin(0));
        for number in 1..limits::KEPT_ORIGINS_MAX {
            origins.pool(origin(number));
            assert!(Rc::ptr_eq(&first, &origins.pool(origin(0))), "asked for again and again");
        }
        let second = Rc::downgrade(&origins.pool(origin(1)));
        assert!(Rc::ptr_eq(&first, &origins.pool(origin(0))));
        for number in 100..100 + limits::KEPT_ORIGINS_MAX - 1 {
            origins.pool(origin(number));
            assert!(origins.0.borrow().len() <= limits::KEPT_ORIGINS_MAX);
        }
        assert!(second.upgrade().is_none(), "the one asked for least recently is gone");
        assert!(Rc::ptr_eq(&first, &origins.pool(origin(0))));
    }
}
