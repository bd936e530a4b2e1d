//! Members of an object by their names. In comes an object that was checked at intake; out go raw values.

use super::{Scanner, key_is};
use crate::limits::STORED_SCAN;

/// The raw values of the members with these names of an object that has been checked before, the last
/// one of each; none of what is no object.
pub fn named<'t, const N: usize>(
    object: &'t str,
    names: [&str; N],
) -> Option<[Option<&'t str>; N]> {
    let mut found = [None; N];
    let scanned = Scanner::new(object, STORED_SCAN).members(|scanner, key| {
        let value = scanner.leap()?.of(object);
        let key = key.of(object);
        if let Some(place) = names.iter().position(|name| key_is(key, name)) {
            found[place] = Some(value);
        }
        Ok(())
    });
    scanned.ok().map(|_| found)
}
