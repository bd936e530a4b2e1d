//! The crowd: how many connections each address has, over all threads.
//!
//! One address must not take all room. Proxies that are trusted speak for many clients and count
//! for none; an IPv6 client owns a whole network of addresses, which count as one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use crate::address::Site;

/// Connections by address.
#[derive(Debug)]
pub struct Crowd {
    per_address_max: usize,
    exempt: Vec<IpNet>,
    counts: Mutex<HashMap<Site, usize>>,
}

/// One connection in the crowd, until it is dropped.
#[derive(Debug)]
pub struct Guest {
    crowd: Arc<Crowd>,
    /// None where it does not count.
    site: Option<Site>,
}

impl Crowd {
    /// Nobody yet; addresses in `exempt` do not count.
    pub fn new(per_address_max: usize, exempt: Vec<IpNet>) -> Self {
        Self { per_address_max, exempt, counts: Mutex::default() }
    }

    /// Takes in a connection; none where its address has as many as it may have.
    pub fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Guest> {
        let peer = peer.to_canonical();
        if self.exempt.iter().any(|network| network.contains(&peer)) {
            return Some(Guest { crowd: self.clone(), site: None });
        }
        let site = Site::of(peer);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(site).or_default();
        if *count >= self.per_address_max {
            return None;
        }
        *count += 1;
        Some(Guest { crowd: self.clone(), site: Some(site) })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(site) = self.site else { return };
        let mut counts = self.crowd.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&site) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&site);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_share() {
        let trusted = "10.0.0.0/8".parse().unwrap();
        let crowd = Arc::new(Crowd::new(2, vec![trusted]));
        let enter = |text: &str| crowd.enter(text.parse().unwrap());
        let guests = [enter("192.0.2.1"), enter("192.0.2.1"), enter("192.0.2.2")];
        assert!(guests.iter().all(Option::is_some));
        assert!(enter("192.0.2.1").is_none() && enter("::ffff:192.0.2.1").is_none());
        let proxied: Vec<_> = (0..9).map(|_| enter("10.1.2.3")).collect();
        assert!(proxied.iter().all(Option::is_some), "a trusted proxy speaks for many");
        let six = [enter("2001:db8::1"), enter("2001:db8::ffff:2")];
        assert!(six.iter().all(Option::is_some) && enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::1").is_some(), "another network");
        drop(guests);
        assert!(enter("192.0.2.1").is_some(), "whoever leaves makes room");
        drop((six, proxied));
        assert!(crowd.counts.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
