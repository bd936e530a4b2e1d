//! The nearest known name to an unknown one.

/// The candidate that was probably meant; none where nothing is near.
///
/// A candidate whose last part is the unknown name counts as near: `timeout` means
/// `delivery.timeout`.
pub fn nearest<'a>(unknown: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance_to(unknown, candidate), candidate))
        .filter(|(distance, _)| *distance <= unknown.chars().count().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn distance_to(unknown: &str, candidate: &str) -> usize {
    match candidate.rsplit_once('.') {
        Some((_, last)) if last == unknown => 1,
        _ => edit_distance(unknown, candidate),
    }
}

/// How many letters must be added, removed or replaced (Levenshtein).
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_nothing() {
        let check = |unknown: &str, expected: Option<&str>| {
            let known = ["data_dir", "gateway", "delivery.timeout", "intake.body_timeout"];
            assert_eq!(nearest(unknown, known.into_iter()), expected, "{unknown:?}");
        };
        check("datadir", Some("data_dir"));
        check("gatway", Some("gateway"));
        check("delivery.timout", Some("delivery.timeout"));
        check("timeout", Some("delivery.timeout"));
        check("zebra", None);
        check("", None);
    }

    #[test]
    fn distances_count_edits() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("same", "same"), 0);
    }
}
