//! How commands print: colours for terminals only, data apart from everything else, and JSON.

use domain::delivery::policy::Preset;
use serde_json::{Value, json};
use testkit::{Endpoint, Event, Refusing, Reply, Workspace};

use crate::harness::{Home, Server};
use crate::process::Process;

#[tokio::test]
async fn colour_is_for_terminals_and_for_those_who_want_it() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let admin = server.admin.0.address.to_string();
    let words = ["status", "--admin", &admin];
    let shown = Process::run_on_terminal(&server.home, &words, ("TERM", "xterm")).await;
    assert!(shown.contains("\u{1b}[32mactive"), "{shown:?}");
    let shown = Process::run_on_terminal(&server.home, &words, ("NO_COLOR", "1")).await;
    assert!(shown.contains("active") && !shown.contains('\u{1b}'), "{shown:?}");
    let piped = Process::run(&server.home, &words, &[]).await;
    assert!(piped.stdout.contains("active") && !piped.stdout.contains('\u{1b}'), "{piped:?}");
    server.stop().await;
    let nobody = Refusing::new();
    let url = nobody.url("");
    let words = ["status", "--admin", url.trim_start_matches("http://")];
    let shown = Process::run_on_terminal(&Home::new(&Workspace::of_app()), &words, ("X", "")).await;
    assert!(shown.starts_with("\u{1b}[31merror:\u{1b}[0m cannot ask the server"), "{shown:?}");
}

#[tokio::test]
async fn every_finding_is_told_to_programs_too() {
    let home = Home::new(&Workspace::of_app());
    Server::at(home, |_| {}).await.stop().await;
    let home = Home::new(&Workspace::of_app());
    let home = Server::at(home, |_| {}).await.stop().await;
    let (copy, new) = (home.text_path("copy"), home.text_path("new"));
    let commands: [&[&str]; 10] = [
        &["config", "check"],
        &["config", "print"],
        &["config", "reference"],
        &["metrics"],
        &["reasons"],
        &["reasons", "connect_refused"],
        &["check"],
        &["backup", &copy],
        &["restore", &copy, "--data-dir", &new],
        &["audit", "workspace.json", "workspace.json"],
    ];
    for words in commands {
        let ended = Process::run(&home, words, &["--json"]).await;
        if words[0] == "audit" {
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
            assert!(ended.stderr.starts_with("error: "), "{ended:?}");
            continue;
        }
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{words:?}: {ended:?}");
        let lines: Vec<&str> = ended.stdout.lines().collect();
        let [line] = lines[..] else { panic!("{words:?}: {lines:?}") };
        let read: Value = serde_json::from_str(line).expect("JSON");
        assert!(read.is_object(), "{words:?}: {line}");
    }
}

#[tokio::test]
async fn who_wants_it_quiet_gets_data_and_errors_alone() {
    let endpoint = Endpoint::start(|received| {
        Reply::status(if received.id() == "refused" { 400 } else { 200 })
    });
    let endpoint = endpoint.await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        config.delivery.retry_preset = Preset::Rudderstack;
    });
    let server = server.await;
    server.accept("/v1/track", Event::track("x").user("u").id("refused")).await;
    server.admin.wait_until_finished("hooks", 1).await;
    let admin = server.admin.0.address.to_string();
    let of = ["--destination", "hooks", "--intent", "recover_failed", "--admin", &admin];
    let again = [&["replay"][..], &of].concat();
    let told = Process::run(&server.home, &again, &[]).await;
    assert!(told.stderr.contains("is made; it goes on"), "{told:?}");
    let quiet = Process::run(&server.home, &again, &["--quiet"]).await;
    assert_eq!((quiet.code, quiet.stderr.as_str()), (told.code, ""), "{quiet:?}");
    assert!(quiet.stdout.starts_with("replay 2: done, 0"), "{quiet:?}");

    let lines = server.home.text_path("events.ndjson");
    let event = json!({"type": "track", "userId": "u", "event": "x"});
    std::fs::write(&lines, format!("{event}\n{{\n{event}\n")).expect("a file");
    let gateway = format!("http://{}", server.gateway.address);
    let send = ["send", "-f", &lines, "--to", &gateway, "--key", "key-app", "--admin", &admin];
    let drawn = Process::run_on_terminal(&server.home, &send, ("TERM", "xterm")).await;
    assert!(drawn.contains('\r') && drawn.contains("2 accepted, 1 refused"), "{drawn:?}");
    let quiet = [&["--quiet"][..], &send].concat();
    let plain = Process::run_on_terminal(&server.home, &quiet, ("TERM", "xterm")).await;
    assert!(!plain.contains("\r\u{1b}") && plain.contains("line 2 is not sent"), "{plain:?}");
    assert!(plain.contains("2 accepted, 1 refused"), "{plain:?}");
    server.stop().await;
}

#[tokio::test]
async fn nobody_who_stops_reading_is_told_of_an_error() {
    let home = Home::new(&Workspace::of_app());
    let shell = "\"$0\" config reference 2>&1 | head -n 1; echo \"${PIPESTATUS[0]}\"";
    let shown = tokio::process::Command::new("bash")
        .args(["-c", shell, env!("CARGO_BIN_EXE_postrider")])
        .current_dir(home.path(""))
        .output()
        .await
        .expect("a shell");
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert!(shown.ends_with("\n0\n"), "{shown}");
}
