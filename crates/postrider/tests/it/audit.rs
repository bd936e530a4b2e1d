//! The audit as scripts use it: its exit code tells.

use testkit::Workspace;

use crate::harness::Home;
use crate::process::{Ended, Process};

const ANSWERED: &str =
    "{\"messageId\":\"m1\",\"userId\":\"u\"}\n{\"messageId\":\"m2\",\"userId\":\"u\"}\n";

async fn audit(arrived: &str, flags: &[&str]) -> Ended {
    compare(ANSWERED, arrived, flags).await
}

async fn compare(answered: &str, arrived: &str, flags: &[&str]) -> Ended {
    let home = Home::new(&Workspace::of_app());
    for (name, text) in [("answered", answered), ("arrived", arrived)] {
        std::fs::write(home.path(name), text).expect("a file");
    }
    Process::run(&home, &["audit", "answered", "arrived"], flags).await
}

#[tokio::test]
async fn the_exit_code_of_an_audit_says_what_was_found() {
    let check = async |arrived: &str, code: i32, text: &str| {
        let ended = audit(arrived, &[]).await;
        assert_eq!(ended.code, Some(code), "{arrived}: {}", ended.stderr);
        assert!([ended.stdout, ended.stderr].concat().contains(text), "{arrived}");
    };
    check("messageId\nm1\nm2\nm1\nm3\n", 0, "nothing lost, nothing reordered").await;
    check("messageId\nm1\n", 1, "lost: line 2, messageId m2").await;
    check("messageId\nm2\nm1\n", 1, "reordered: line 1, messageId m1").await;
    check("m1\nm2\n", 2, "arrived, line 1: neither a JSON object").await;
}

#[tokio::test]
async fn an_audit_that_could_find_nothing_does_not_say_that_all_is_well() {
    let empty = compare("", "messageId\nm1\n", &[]).await;
    assert_eq!((empty.code, empty.stdout.as_str()), (Some(2), ""));
    assert!(empty.stderr.contains("answered has no events"), "{}", empty.stderr);
    let nobody = compare("messageId\nm1\nm2\n", "messageId\nm2\nm1\n", &[]).await;
    assert_eq!(nobody.code, Some(0), "{}", nobody.stderr);
    assert!(nobody.stdout.contains("nothing lost, order not checked"), "{}", nobody.stdout);
}

#[tokio::test]
async fn an_audit_for_programs_is_an_object() {
    let ended = audit("messageId\nm2\nm1\n", &["--json"]).await;
    let object: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((ended.code, &object["clean"]), (Some(1), &false.into()));
}
