//! Bytes out are bytes in, whatever JSON allows.

use serde_json::Value;
use testkit::{Endpoint, Workspace};

use crate::harness::{Server, ms};

/// All that a parser and a printer would change, in one event; its own times are as they must be.
const HOSTILE: &str = concat!(
    r#"{ "zeta":9007199254740993, "alpha": 1.0,"exp":1e400, "tiny" : -0.0e-7,"#,
    "\n\t",
    r#""long":123456789012345678901234567890.123456789012345678901234567890,"#,
    r#""messageId":"m-1","userId":"u-é","type":"track","event":"Käufe 🛒 \ud83d\ude00","#,
    r#""lone":"\ud800","nul":"a\u0000b","slash":"\/","nested":{"b":1,"a":2,"b":3,"":{},"#,
    r#""deep":[[[{"k":[ ]}]]],"no":null,"yes":true},"#,
    r#""u64":18446744073709551616,"minus":-0,"tinier":1e-400,"digits":0.1234567890123456789012345,"#,
    r#""twice":1,"twice":"2","n\u0000l":1,"\ud800":2,"\ud83d\ude00":3,"😀":4,"":5,"#,
    r#""context":{"ip":"203.0.113.7","traits":{"z":1,"a":[1.10,2.20]}},"#,
    r#""originalTimestamp":"2024-02-29T12:00:00.000Z","sentAt":"2024-02-29T12:00:01.000Z","#,
    r#""timestamp":"2024-02-29T12:00:00.000Z","last":[1,  2]"#,
);

#[tokio::test]
async fn what_the_gateway_does_not_own_arrives_byte_for_byte() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    // The same event comes twice, in two shapes.
    let server = Server::tuned(&workspace, |config| config.intake.dedup_window = ms(0)).await;
    server.accept("/v1/track", format!("{HOSTILE} }}")).await;
    server.accept("/v1/batch", format!("{{\"batch\": [ {HOSTILE} }} ]}}")).await;
    for received in endpoint.wait_for(2).await {
        let body = received.text();
        let rest = body.strip_prefix(HOSTILE);
        let rest = rest.unwrap_or_else(|| panic!("{body}\ndoes not begin with\n{HOSTILE}"));
        let owned = rest.trim().strip_prefix(',').expect("more members");
        let owned: Value = serde_json::from_str(&format!("{{{owned}")).expect("JSON");
        let names: Vec<_> = owned.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["receivedAt", "request_ip", "rudderId"]);
        assert_eq!(received.header("content-length"), Some(&*body.len().to_string()));
    }
    server.stop().await;
}

/// Texts of so many pairs of letters, all different, and all with one hash where a hash adds up
/// letters times 31.
fn colliding(pairs: u32) -> Vec<String> {
    let bit = |number: u32, at: u32| if number >> at & 1 == 1 { "Aa" } else { "BB" };
    (0..1 << pairs).map(|number| (0..pairs).map(|at| bit(number, at)).collect()).collect()
}

#[tokio::test]
async fn keys_that_were_chosen_to_collide_arrive_byte_for_byte() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let keys: String = colliding(13).iter().map(|key| format!(",\"{key}\":null")).collect();
    let event =
        format!("{{\"userId\":\"u\",\"messageId\":\"m-1\",\"properties\":{{\"a\":1{keys}}}");
    server.accept("/v1/track", format!("{event}}}")).await;
    assert!(endpoint.wait_for(1).await[0].text().starts_with(&event));
    server.stop().await;
}
