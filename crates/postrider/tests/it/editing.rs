//! `postrider source`, `destination` and `connection`: a workspace made by hand, and taken apart.

use serde_json::Value;
use testkit::{Endpoint, Event, Workspace};

use crate::harness::{Home, Server};
use crate::process::{Ended, Process};

async fn ask(server: &Server, line: &str, flags: &[&str]) -> Ended {
    let admin = server.admin.0.address.to_string();
    let words: Vec<&str> = line.split(' ').collect();
    Process::run(&server.home, &words, &[&["--admin", &admin], flags].concat()).await
}

#[tokio::test]
async fn a_workspace_is_made_by_hand_and_taken_apart() {
    let endpoint = Endpoint::ok().await;
    let server =
        Server::at(Home::new(&Workspace::of_app()), |config| config.workspace = None).await;
    let made = ask(&server, "source add Web --json", &[]).await;
    let source: Value = serde_json::from_str(&made.stdout).expect("JSON");
    let key = source["writeKey"].as_str().expect("a key");
    let url = endpoint.url("/in");
    let add = format!("destination add Orders --url {url} --header X-Key=a=b --from web");
    let made = ask(&server, &add, &[]).await;
    let want = "destination orders is made\nconnected to web\n";
    assert_eq!((made.code, made.stdout.as_str()), (Some(0), want), "{made:?}");
    let posted = server.gateway.post("/v1/track", key, Event::track("x").user("u")).await;
    assert_eq!(posted.status, 200);
    let arrived = endpoint.wait_for(1).await;
    assert_eq!((arrived[0].target.as_str(), arrived[0].header("x-key")), ("/in", Some("a=b")));

    let listed = ask(&server, "destination ls", &[]).await;
    let row = listed.stdout.lines().find(|line| line.starts_with("orders ")).expect("a row");
    assert!(row.contains("enabled") && row.ends_with(&url), "{listed:?}");
    let shown = ask(&server, "connection show web-orders --json", &[]).await;
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(shown["destination"], "orders");
    let wrong = ask(&server, "connection add web nowhere", &[]).await;
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(1), ""), "{wrong:?}");
    assert!(wrong.stderr.contains("destination: "), "the field is named: {wrong:?}");
    for line in ["connection rm web-orders", "destination rm orders", "source rm web"] {
        let removed = ask(&server, line, &[]).await;
        assert_eq!(removed.code, Some(0), "{line}: {removed:?}");
        let says_more = removed.stdout.contains("`postrider destination restore orders`");
        assert_eq!(says_more, line == "destination rm orders", "{removed:?}");
    }
    let restored = ask(&server, "destination restore orders", &[]).await;
    assert_eq!(restored.stdout, "destination orders is restored\n", "{restored:?}");
    let gone = ask(&server, "source show web", &[]).await;
    assert_eq!(gone.code, Some(1), "{gone:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_destination_is_made_whole_or_not_at_all_and_says_how_it_is() {
    let server =
        Server::at(Home::new(&Workspace::of_app()), |config| config.workspace = None).await;
    let of = async |line: &str| ask(&server, line, &[]).await;
    assert_eq!(of("source add Web").await.code, Some(0));
    let wrong = of("destination add Hook --url http://a.test/ --from web --from nope").await;
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(1), ""), "{wrong:?}");
    assert_eq!(of("destination show hook").await.code, Some(1), "nothing is left behind");

    let add = "destination add Hook --url http://169.254.169.254/x --from web \
               --set postrider.delivery.paused=true";
    let warned = of(add).await;
    assert_eq!(warned.code, Some(0), "{warned:?}");
    assert!(warned.stderr.starts_with("warning: nothing will be delivered there: "), "{warned:?}");
    let listed = of("destination ls").await;
    let row = listed.stdout.lines().find(|line| line.starts_with("hook ")).expect("a row");
    assert!(row.contains("paused"), "{listed:?}");
    let refused = of("destination try-now hook").await;
    assert!(refused.stderr.contains("is paused"), "{refused:?}");
    let other = of("destination add Other --url http://a.test/").await;
    assert_eq!((other.code, other.stderr.as_str()), (Some(0), ""), "{other:?}");
    let asked = of("destination try-now other").await;
    assert_eq!(asked.code, Some(0), "{asked:?}");
    server.stop().await;
}

#[tokio::test]
async fn what_a_file_leads_is_not_edited_and_says_so() {
    let server = Server::start(&Workspace::of_app()).await;
    let refused = ask(&server, "source add Web", &[]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
    assert!(
        refused.stderr.starts_with("error: ") && refused.stderr.contains("file"),
        "{refused:?}"
    );
    server.stop().await;
}
