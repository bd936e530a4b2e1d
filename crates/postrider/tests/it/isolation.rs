//! One sick destination harms nobody else.

use testkit::{Endpoint, Event, Refusing, Reply, Workspace, batch, eventually};

use crate::harness::{Server, ms};

const EVENTS: usize = 300;

#[tokio::test]
async fn a_dead_endpoint_does_not_delay_a_healthy_one() {
    let silent = Endpoint::start(|_| Reply::Never).await;
    let closing = Endpoint::closing_at_once().await;
    let refusing = Refusing::new();
    let healthy = Endpoint::ok().await;
    let workspace = Workspace::of_app()
        .posts_to("silent", &silent.url("/"))
        .posts_to("refusing", &refusing.url("/"))
        .posts_to("closing", &closing.url("/"))
        .posts_to("healthy", &healthy.url("/"));
    let server = Server::tuned(&workspace, |config| {
        config.shutdown.grace = ms(0);
        // Nothing of the silent one may end before the assertions are done.
        config.delivery.timeout = ms(120_000);
    })
    .await;
    let events = |round: usize| {
        (0..EVENTS / 3).map(move |number| {
            let user = format!("u-{}", number % 20);
            Event::track("x").user(&user).id(&format!("m-{round}-{number}"))
        })
    };
    for round in 0..3 {
        server.accept("/v1/batch", batch(events(round))).await;
    }
    healthy.wait_for(EVENTS).await;
    let well = server.admin.wait_until_finished("healthy", EVENTS).await;
    assert_eq!(well.delivered_first_try, EVENTS as u64);
    for sick in ["silent", "refusing", "closing"] {
        let what = format!("all events wait for {sick}");
        let all = |one: &crate::harness::DestinationStatus| one.waiting == EVENTS as u64;
        let state = eventually(&what, || server.admin.destination(sick), all).await;
        assert_eq!((state.delivered_first_try, state.delivered_on_retry), (0, 0), "{sick}");
        assert_eq!(state.gave_up, 0, "{sick}");
    }
    assert!(silent.received().len() <= 20, "one event of each user at a time");
    let refused = server.admin.wait_for_attempts("destination=refusing", 1).await;
    assert_eq!(refused[0].gist(), (1, 0, "retry", "connect_refused"));
    let closed = server.admin.wait_for_attempts("destination=closing", 1).await;
    assert_eq!(closed[0].gist(), (1, 0, "retry", "reset"));
    server.stop().await;
}
