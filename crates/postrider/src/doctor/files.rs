//! The limit of open files, which bounds connections.

use domain::limits;

use super::Finding;

/// Looks at what a server that is started from here would get.
pub fn look() -> Finding {
    match rlimit::Resource::NOFILE.get() {
        Ok((_, most)) => judge(most),
        Err(error) => Finding::doubtful(
            "limits",
            format!("cannot tell how many files may be open: {error}"),
            "look at `ulimit -Hn`",
        ),
    }
}

fn judge(most: u64) -> Finding {
    let wanted = limits::OPEN_FILES_WANTED;
    let seen = format!("{most} files may be open");
    let fix = format!("LimitNOFILE={wanted} in the systemd unit, or `ulimit -n {wanted}`");
    if most < limits::OPEN_FILES_RESERVED * 2 {
        return Finding::bad("limits", format!("{seen}: too few for files and connections"), fix);
    }
    if most < wanted {
        let connections = most - limits::OPEN_FILES_RESERVED;
        let what = format!("{seen}, so at most {connections} connections of clients");
        return Finding::doubtful("limits", what, fix);
    }
    Finding::good("limits", seen)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict::{Bad, Doubtful, Good};
    use super::*;

    #[test]
    fn few_files_are_few_connections() {
        let check = |most, want| assert_eq!(judge(most).verdict, want, "{most}");
        check(256, Bad);
        check(limits::OPEN_FILES_WANTED - 1, Doubtful);
        check(limits::OPEN_FILES_WANTED, Good);
    }
}
