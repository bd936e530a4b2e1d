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
    /// The pool of an origin, made where there is none.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn pool(
        &self,
        origin: Origin,
        make: impl FnOnce(Origin) -> Result<Rc<Pool>, String>,
    ) -> Result<Rc<Pool>, String> {
        let mut pools = self.0.borrow_mut();
        let pool = match pools.iter().position(|pool| *pool.origin() == origin) {
            Some(index) => pools.remove(index),
            None => make(origin)?,
        };
        if pools.len() == limits::KEPT_ORIGINS_MAX {
            pools.remove(0);
        }
        pools.push(pool.clone());
        Ok(pool)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::excerpt::Excerpts;
    use super::super::outlet::{Outlet, OutletSettings};
    use super::super::secrets::Secrets;
    use super::*;

    fn origin(number: usize) -> Origin {
        let url = format!("http://h{number}.test/").parse().expect("a URL");
        Origin::of(&url).expect("an origin")
    }

    #[test]
    fn pools_are_kept_for_the_origins_asked_for_last_and_no_more() {
        let origins = Origins::default();
        let settings = OutletSettings {
            egress: Arc::default(),
            name_servers: Vec::new(),
            timeout: Duration::from_secs(1),
            playground: SocketAddr::from(([127, 0, 0, 1], 1)),
            own: Vec::new(),
        };
        let outlet = Rc::new(Outlet::new(settings).expect("an outlet"));
        let make = |origin| {
            let excerpts = Excerpts::new(Secrets::among(std::iter::empty()));
            Pool::new(origin, outlet.tls(), outlet.clone(), excerpts)
        };
        let pool = |origin| origins.pool(origin, make).expect("a pool");
        let first = pool(origin(0));
        for number in 1..limits::KEPT_ORIGINS_MAX {
            pool(origin(number));
            assert!(Rc::ptr_eq(&first, &pool(origin(0))), "asked for again and again");
        }
        let second = Rc::downgrade(&pool(origin(1)));
        assert!(Rc::ptr_eq(&first, &pool(origin(0))));
        for number in 100..100 + limits::KEPT_ORIGINS_MAX - 1 {
            pool(origin(number));
            assert!(origins.0.borrow().len() <= limits::KEPT_ORIGINS_MAX);
        }
        assert!(second.upgrade().is_none(), "the one asked for least recently is gone");
        assert!(Rc::ptr_eq(&first, &pool(origin(0))));
    }
}
