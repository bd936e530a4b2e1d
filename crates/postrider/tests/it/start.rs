//! Starts that are refused: each says what is wrong, and changes nothing.

use std::collections::BTreeMap;

use testkit::{Endpoint, Event, Workspace};

use crate::harness::{Home, Server};
use crate::process::{Ended, Process};

/// A home with data in it, whose server has ended.
async fn lived_in() -> Home {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    for number in 0..50 {
        let event = Event::track("x").user("u").id(&format!("m-{number}"));
        server.accept("/v1/track", event).await;
    }
    server.admin.wait_until_finished("hooks", 50).await;
    server.stop().await
}

/// Every file of the data directory with its content.
fn content(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(home.path("data")).expect("a directory");
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let bytes = std::fs::read(entry.path()).expect("a file");
        (entry.file_name().to_string_lossy().into_owned(), bytes)
    };
    entries.map(file).collect()
}

#[track_caller]
fn check(ended: &Ended, code: i32, texts: &[&str]) {
    assert_eq!(ended.code, Some(code), "{}", ended.stderr);
    assert_eq!(ended.stdout, "", "nothing was started");
    for text in texts {
        assert!(ended.stderr.contains(text), "{text:?} is not in {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_second_server_on_the_same_data_directory_is_refused() {
    let home = Home::new(&Workspace::of_app());
    let first = Process::start(&home, &[]).await;
    let holder = format!("is in use by process {}", first.id());
    let second = Process::serve(&home, &[]).await;
    check(&second, 1, &[&holder, &home.text_path("data")]);
    let event = Event::track("x").user("u");
    assert_eq!(first.gateway.post("/v1/track", "key-app", event).await.status, 200);
    first.kill().await;
    let third = Process::start(&home, &[]).await;
    third.signal("TERM").await;
    assert_eq!(third.exit_code().await, Some(0), "a killed server holds nothing");
}

#[tokio::test]
async fn a_port_in_use_names_the_setting() {
    let home = Home::new(&Workspace::of_app());
    let taken = Endpoint::ok().await;
    let address = taken.address().to_string();
    for (flag, setting) in [("--gateway", "(gateway)"), ("--admin", "(admin)")] {
        let ended = Process::serve(&home, &[flag, &address]).await;
        check(&ended, 1, &[&address, setting, "another process has the port"]);
    }
    assert!(!home.path("data").exists(), "a taken port costs nothing");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_named() {
    let home = Home::new(&Workspace::of_app());
    std::fs::write(home.path("file"), "").expect("a file");
    for place in ["file", "file/data"] {
        let place = home.text_path(place);
        let ended = Process::serve(&home, &["--data-dir", &place]).await;
        check(&ended, 1, &["cannot open storage", &place, "Not a directory"]);
    }
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_left_alone() {
    let home = Home::new(&Workspace::of_app());
    std::fs::create_dir(home.path("data")).expect("a directory");
    std::fs::write(home.path("data").join("thesis.tex"), "years of work").expect("a file");
    let before = content(&home);
    let ended = Process::serve(&home, &[]).await;
    check(&ended, 1, &["is not a Postrider data directory", "thesis.tex"]);
    assert_eq!(content(&home), before);
}

#[tokio::test]
async fn a_format_that_is_not_ours_or_newer_is_left_untouched() {
    let home = lived_in().await;
    for (format, text) in [
        ("something else\n", "is not a Postrider data directory"),
        ("", "is not a Postrider data directory"),
        ("postrider-data x\n", "is not a Postrider data directory"),
        ("postrider-data 999\n", "has format 999, this version reads up to"),
    ] {
        std::fs::write(home.path("data").join("format"), format).expect("a file");
        let before = content(&home);
        let ended = Process::serve(&home, &[]).await;
        check(&ended, 1, &[text, &home.text_path("data")]);
        assert_eq!(content(&home), before, "{format:?}");
    }
}

#[tokio::test]
async fn a_database_that_is_none_is_named() {
    for name in ["journal.db", "state.db", "catalog.db"] {
        let home = lived_in().await;
        let path = home.path("data").join(name);
        std::fs::write(&path, "this is no database, whatever its name says".repeat(500))
            .expect("a file");
        let ended = Process::serve(&home, &[]).await;
        let advice = "restore the directory from a backup";
        check(&ended, 1, &["cannot open storage", &path.display().to_string(), advice]);
        let text = std::fs::read_to_string(&path).expect("it is still there");
        assert!(text.starts_with("this is no database"), "{name} is left for somebody to look at");
    }
}

#[tokio::test]
async fn a_database_that_is_lost_is_missed_and_not_made_anew() {
    for name in ["journal.db", "state.db", "catalog.db"] {
        let home = lived_in().await;
        let path = home.path("data").join(name);
        std::fs::remove_file(&path).expect("it was there");
        let ended = Process::serve(&home, &[]).await;
        let missing = format!("{} is missing", path.display());
        check(&ended, 1, &["cannot open storage", &missing, "put the file back"]);
        assert!(!path.exists(), "nothing is made in its place");
    }
}

#[tokio::test]
async fn every_mistake_in_the_configuration_is_told_at_once() {
    let home = Home::new(&Workspace::of_app());
    let file = "dta_dir = \"x\"\n[delivery]\ntimeout = \"10\"\n[intake]\nmixed_batches = 3\n";
    std::fs::write(home.path("postrider.toml"), file).expect("a file");
    let ended = Process::serve(&home, &["--log-level", "loud"]).await;
    let wanted = ["4 mistakes", "dta_dir", "timeout", "mixed_batches", "--log-level"];
    check(&ended, 2, &wanted);
    assert!(!home.path("data").exists());
    std::fs::write(home.path("postrider.toml"), "[delivery\n").expect("a file");
    let ended = Process::serve(&home, &[]).await;
    check(&ended, 2, &["postrider.toml"]);
    let ended = Process::serve(&home, &["--data-dri", "x"]).await;
    check(&ended, 2, &["--data-dir"]);
}

#[tokio::test]
async fn a_broken_workspace_file_at_the_start_names_line_and_path() {
    let home = Home::new(&Workspace::of_app());
    let path = home.text_path("workspace.json");
    home.write("{\n \"sources\": [\n  { \"id\": \"a\", \"writeKey\": \"\" },\n  7 ]\n}\n");
    let ended = Process::serve(&home, &[]).await;
    let key = format!("{path}:3: sources[0].writeKey: is empty");
    let number = format!("{path}:4: sources[1]: is a number");
    check(&ended, 1, &["2 mistakes", &key, &number]);
    home.write("{\n nonsense");
    check(&Process::serve(&home, &[]).await, 1, &[&format!("{path}:2: ")]);
    std::fs::remove_file(&path).expect("it was there");
    check(&Process::serve(&home, &[]).await, 1, &["cannot read workspace file", &path]);
}
