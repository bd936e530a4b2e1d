//! People: set-up, logins, roles and tokens, and what is written down of them. Nothing that anybody
//! can read holds what somebody comes in with.

use std::collections::BTreeMap;

use postrider::config::{AdminAuth, Config, Secret};
use serde_json::{Value, json};
use testkit::{Answer, Client, Endpoint, Event, Reply, Request, Workspace, eventually, within};

use crate::harness::{Home, Server, problem};
use crate::process::Process;
use crate::sealed::readable;

const OPERATOR: &str = "the-token-of-the-operator";
const PASSWORD: &str = "blue cat on a roof";
const ORIGIN: &str = "http://localhost";

fn careful(config: &mut Config) {
    config.admin_auth = AdminAuth::Required;
    config.secrets.admin_token = Some(Secret::new(OPERATOR));
}

async fn start() -> Server {
    Server::tuned(&Workspace::of_app(), careful).await
}

/// Somebody who asks.
#[derive(Clone, Copy)]
enum Who<'a> {
    Nobody,
    Token(&'a str),
    /// A browser on our own page, with this cookie.
    Browser(&'a str),
}

impl Who<'_> {
    fn sends(self, request: Request) -> Request {
        match self {
            Self::Nobody => request,
            Self::Token(token) => request.header("authorization", &format!("Bearer {token}")),
            Self::Browser(cookie) => request.header("cookie", cookie).header("origin", ORIGIN),
        }
    }

    async fn asks(self, admin: &Client, method: &str, target: &str, body: &Value) -> Answer {
        let request = Request::new(method, target);
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        admin.send(&self.sends(request)).await
    }

    async fn gets(self, admin: &Client, target: &str) -> Answer {
        self.asks(admin, "GET", target, &Value::Null).await
    }
}

/// The name and value of the cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    let line = answer.get("set-cookie").expect("a cookie");
    for needed in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(line.contains(needed), "{line}");
    }
    line.split(';').next().unwrap_or_default().to_owned()
}

async fn log_in(admin: &Client, name: &str, password: &str) -> Answer {
    let body = json!({"name": name, "password": password});
    Who::Nobody.asks(admin, "POST", "/api/v1/session", &body).await
}

async fn make_user(admin: &Client, name: &str, role: &str) {
    let body = json!({"name": name, "role": role, "password": PASSWORD});
    let made = Who::Token(OPERATOR).asks(admin, "POST", "/api/v1/users", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
}

async fn make_token(admin: &Client, body: &Value) -> String {
    let made = Who::Token(OPERATOR).asks(admin, "POST", "/api/v1/tokens", body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["token"].as_str().expect("a token").to_owned()
}

/// What the link has behind its `#` that the server told.
async fn setup_code(server: &Server) -> String {
    let lines = told(server, "/setup#").await;
    let line = lines.iter().find_map(|line| line.split_once("/setup#"));
    line.expect("a link").1.to_owned()
}

/// What the terminal was told, once one line has this text.
async fn told(server: &Server, text: &str) -> Vec<String> {
    let mut lines = server.lines.clone();
    let is_there = |all: &Vec<String>| all.iter().any(|line| line.contains(text));
    within(text, lines.wait_for(is_there)).await.expect("the server runs").clone()
}

/// A moment that is to come, and soon over.
fn in_a_second() -> String {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock");
    let millis = i64::try_from(since.as_millis()).expect("a date of our time");
    domain::time::Timestamp(millis + 1_000).to_string()
}

/// Every pair of who and action in the audit log, oldest first.
async fn deeds(admin: &Client) -> Vec<String> {
    let list = Who::Token(OPERATOR).gets(admin, "/api/v1/audit").await.json();
    let records = list["records"].as_array().expect("records").iter().rev();
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let told = records.filter(|one| one["kind"] == "user" || one["kind"] == "token");
    told.map(|one| format!("{} {} {}", text(&one["by"]), text(&one["action"]), text(&one["kind"])))
        .collect()
}

#[tokio::test]
async fn the_link_of_the_log_makes_the_first_admin_once() {
    let server = start().await;
    let admin = server.admin.0;
    assert_eq!(Who::Nobody.gets(&admin, "/api/v1/setup").await.json()["needed"], true);
    assert_eq!(Who::Nobody.gets(&admin, "/setup").await.status, 200);
    let set_up = async |code: &str, name: &str, password: &str| {
        let body = json!({"code": code, "name": name, "password": password});
        Who::Nobody.asks(&admin, "POST", "/api/v1/setup", &body).await
    };
    let code = setup_code(&server).await;
    problem(&set_up("guess", "anna", PASSWORD).await, 403, "wrong_code");
    let weak = problem(&set_up(&code, "an na", "short").await, 422, "bad_user");
    assert_eq!(weak["mistakes"].as_array().map(Vec::len), Some(2), "{weak}");
    assert!(!weak.to_string().contains("short\""), "{weak}");

    let (one, two) =
        tokio::join!(set_up(&code, "anna", PASSWORD), set_up(&code, "berta", PASSWORD));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "only one is the first");
    let first = if one.status == 200 { one } else { two };
    let me = first.json();
    let rights = json!(["view", "payload", "edit", "admin"]);
    assert_eq!(
        (&me["role"], &me["auth"], &me["rights"]),
        (&"admin".into(), &"session".into(), &rights)
    );
    let cookie = cookie(&first);
    assert_eq!(Who::Browser(&cookie).gets(&admin, "/api/v1/me").await.json(), me);
    problem(&set_up(&code, "carla", PASSWORD).await, 409, "set_up_already");
    assert_eq!(Who::Nobody.gets(&admin, "/api/v1/setup").await.json()["needed"], false);

    let home = server.stop().await;
    let server = Server::at(home, careful).await;
    let lines = told(&server, "Dashboard").await;
    assert!(!lines.iter().any(|line| line.contains("/setup#")), "nothing to set up");
    let me = Who::Browser(&cookie).gets(&server.admin.0, "/api/v1/me").await;
    assert_eq!(me.status, 200, "a session survives a restart");
    server.stop().await;
}

#[tokio::test]
async fn sessions_begin_with_a_password_and_end_when_they_should() {
    let server = start().await;
    let admin = server.admin.0;
    make_user(&admin, "anna", "admin").await;
    make_user(&admin, "vera", "viewer").await;
    problem(&log_in(&admin, "vera", "red cat on a roof").await, 401, "wrong_login");
    problem(&log_in(&admin, "nobody-here", PASSWORD).await, 401, "wrong_login");
    let [one, two] =
        [log_in(&admin, "vera", PASSWORD).await, log_in(&admin, "Vera", PASSWORD).await];
    let [one, two] = [cookie(&one), cookie(&two)];
    assert_ne!(one, two, "each login is a session of its own");
    let status = async |cookie: &str| Who::Browser(cookie).gets(&admin, "/api/v1/me").await.status;
    assert_eq!([status(&one).await, status(&two).await], [200, 200]);
    assert_eq!(status("postrider_session=made-up").await, 401, "no session is what a browser says");

    let out = Who::Browser(&one).asks(&admin, "DELETE", "/api/v1/session", &Value::Null).await;
    assert_eq!(out.status, 204);
    assert_eq!([status(&one).await, status(&two).await], [401, 200]);

    let change = async |current: &str| {
        let body = json!({"password": "green cat on a roof", "current": current});
        Who::Browser(&two).asks(&admin, "POST", "/api/v1/users/vera/password", &body).await
    };
    problem(&change("guess").await, 401, "wrong_login");
    let changed = change(PASSWORD).await;
    assert_eq!((changed.status, status(&two).await), (200, 401), "sessions end with the password");
    let three = cookie(&changed);
    assert_eq!(status(&three).await, 200, "who changed it goes on");
    let body = json!({"password": "green cat on a roof"});
    let other = Who::Browser(&three).asks(&admin, "POST", "/api/v1/users/anna/password", &body);
    problem(&other.await, 403, "not_allowed");

    let operator = Who::Token(OPERATOR);
    let put = async |name: &str, role: &str| {
        let target = format!("/api/v1/users/{name}");
        operator.asks(&admin, "PUT", &target, &json!({"role": role})).await
    };
    assert_eq!(put("vera", "payload_viewer").await.status, 200);
    let me = Who::Browser(&three).gets(&admin, "/api/v1/me").await.json();
    assert_eq!(me["role"], "payload_viewer", "a role holds from the next request on");
    problem(&put("anna", "viewer").await, 409, "last_admin");
    let delete = async |target: &str| operator.asks(&admin, "DELETE", target, &Value::Null).await;
    problem(&delete("/api/v1/users/anna").await, 409, "last_admin");
    assert_eq!(delete("/api/v1/users/vera").await.status, 204);
    assert_eq!(status(&three).await, 401);
    let want = [
        "admin-token create user",
        "admin-token create user",
        "vera log_in user",
        "vera log_in user",
        "vera log_out user",
        "vera change_password user",
        "vera log_in user",
        "admin-token change user",
        "admin-token remove user",
    ];
    assert_eq!(deeds(&admin).await, want);
    server.stop().await;
}

#[tokio::test]
async fn users_see_where_they_are_logged_in_and_end_it_from_afar() {
    let server = start().await;
    let admin = server.admin.0;
    make_user(&admin, "anna", "admin").await;
    make_user(&admin, "vera", "viewer").await;
    let come = async |name: &str, agent: &str| {
        let body = json!({"name": name, "password": PASSWORD}).to_string();
        let login = Request::new("POST", "/api/v1/session").body(body);
        cookie(&admin.send(&login.header("user-agent", agent)).await)
    };
    let (old, lost) = (come("vera", "Old/1").await, come("vera", "Lost/2").await);
    let (own, of_anna) = (come("vera", &"x".repeat(900)).await, come("anna", "A").await);
    let list = async |cookie: &str| {
        let list = Who::Browser(cookie).gets(&admin, "/api/v1/sessions").await.json();
        list["sessions"].as_array().expect("sessions").clone()
    };
    let all = list(&own).await;
    let of = |member: &str| all.iter().map(|one| one[member].to_string()).collect::<Vec<_>>();
    assert_eq!(all.len(), 3, "anna's is not among them: {all:?}");
    assert!(of("address").iter().all(|address| address == "\"127.0.0.1\""), "{all:?}");
    let this = all.iter().filter(|one| one["is_this"] == true).collect::<Vec<_>>();
    let [this] = this[..] else { panic!("{all:?}") };
    assert_eq!(this["user_agent"].as_str().map(str::len), Some(256), "it is cut");
    let secret = own.split('=').nth(1).expect("a secret");
    assert!(!json!(all).to_string().contains(secret), "what a browser holds is told to nobody");

    let id_of = |agent: &str| {
        let found = all.iter().find(|one| one["user_agent"] == agent).expect("a session");
        format!("/api/v1/sessions/{}", found["id"].as_str().expect("an id"))
    };
    let delete = async |who: &str, target: &str| {
        Who::Browser(who).asks(&admin, "DELETE", target, &Value::Null).await
    };
    problem(&delete(&of_anna, &id_of("Lost/2")).await, 404, "no_session");
    assert_eq!(delete(&own, &id_of("Lost/2")).await.status, 204);
    problem(&delete(&own, &id_of("Lost/2")).await, 404, "no_session");
    let status = async |cookie: &str| Who::Browser(cookie).gets(&admin, "/api/v1/me").await.status;
    assert_eq!([status(&lost).await, status(&old).await, status(&own).await], [401, 200, 200]);
    assert_eq!(delete(&own, "/api/v1/sessions").await.status, 204);
    assert_eq!([status(&old).await, status(&own).await, status(&of_anna).await], [401, 200, 200]);
    assert_eq!(list(&own).await.len(), 1);

    let operator = Who::Token(OPERATOR);
    let none = operator.gets(&admin, "/api/v1/sessions").await.json();
    assert_eq!(none["sessions"], json!([]), "a token is no session");
    let end = operator.asks(&admin, "DELETE", "/api/v1/sessions", &Value::Null).await;
    assert_eq!((end.status, status(&own).await), (204, 200));
    let ended = deeds(&admin).await.into_iter().filter(|deed| deed.contains("end_session"));
    assert_eq!(ended.collect::<Vec<_>>(), ["vera end_session user"; 2]);
    let server = Server::at(server.stop().await, careful).await;
    let list = Who::Browser(&own).gets(&server.admin.0, "/api/v1/sessions").await.json();
    assert_eq!(list["sessions"][0]["address"], "127.0.0.1", "it is kept");
    server.stop().await;
}

#[tokio::test]
async fn a_session_is_for_our_own_pages_alone() {
    let server = start().await;
    let admin = server.admin.0;
    make_user(&admin, "anna", "admin").await;
    let cookie = cookie(&log_in(&admin, "anna", PASSWORD).await);
    let body = json!({"name": "x", "role": "viewer", "password": PASSWORD});
    let posts = async |lines: &[(&str, &str)]| {
        let request = Request::new("POST", "/api/v1/users").body(body.to_string());
        let request = request.header("cookie", &cookie);
        let request =
            lines.iter().fold(request, |request, (name, value)| request.header(name, value));
        admin.send(&request).await
    };
    let (origin, site, mode) = ("origin", "sec-fetch-site", "sec-fetch-mode");
    let foreign: [&[(&str, &str)]; 7] = [
        &[],
        &[(origin, "null")],
        &[(origin, "http://evil.test")],
        &[(origin, "http://localhost:3000")],
        &[(site, "same-site"), (mode, "navigate")],
        &[(site, "cross-site"), (mode, "navigate"), (origin, "http://localhost")],
        &[(site, "cross-site"), (mode, "cors"), (origin, "http://localhost")],
    ];
    for lines in foreign {
        problem(&posts(lines).await, 403, "cross_site");
    }
    let users = Who::Token(OPERATOR).gets(&admin, "/api/v1/users").await.json();
    assert_eq!(users["users"].as_array().map(Vec::len), Some(1), "{users}");
    assert_eq!(posts(&[(origin, ORIGIN), (site, "same-origin")]).await.status, 201);

    let login = json!({"name": "anna", "password": PASSWORD});
    let login = Request::new("POST", "/api/v1/session").body(login.to_string());
    let of_evil = admin.send(&login.clone().header(origin, "http://evil.test")).await;
    problem(&of_evil, 403, "cross_site");
    let secure = admin.send(&login.header(origin, "https://localhost")).await;
    assert!(self::cookie(&secure).starts_with("__Host-postrider_session="), "behind TLS");
    server.stop().await;
}

#[tokio::test]
async fn guessing_is_slowed_down_and_keeps_nobody_out_who_has_a_token() {
    let server = start().await;
    let admin = server.admin.0;
    make_user(&admin, "anna", "admin").await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(log_in(&admin, "anna", "a wrong password").await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    let refused = log_in(&admin, "anna", PASSWORD).await;
    problem(&refused, 429, "too_many_logins");
    let wait: u64 = refused.get("retry-after").expect("a wait").parse().expect("seconds");
    assert!((1..=12).contains(&wait), "{wait}");
    assert_eq!(Who::Token(OPERATOR).gets(&admin, "/api/v1/me").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_token_is_told_once_and_worth_nothing_after_its_end() {
    let server = start().await;
    let admin = server.admin.0;
    let secret = make_token(&admin, &json!({"name": "deploy", "role": "editor"})).await;
    let me = Who::Token(&secret).gets(&admin, "/api/v1/me").await.json();
    assert_eq!((&me["name"], &me["role"]), (&"token:deploy".into(), &"editor".into()));
    problem(&Who::Token(&secret).gets(&admin, "/api/v1/tokens").await, 403, "not_allowed");
    let list = Who::Token(OPERATOR).gets(&admin, "/api/v1/tokens").await;
    assert!(!list.text().contains(&secret), "{}", list.text());
    let id = list.json()["tokens"][0]["id"].as_str().expect("an id").to_owned();
    let listed = async || Who::Token(OPERATOR).gets(&admin, "/api/v1/tokens").await.json();
    eventually("its use is noted", listed, |list| list["tokens"][0]["used_at"].is_string()).await;
    let target = format!("/api/v1/tokens/{id}");
    let operator = Who::Token(OPERATOR);
    assert_eq!(operator.asks(&admin, "DELETE", &target, &Value::Null).await.status, 204);
    problem(&operator.asks(&admin, "DELETE", &target, &Value::Null).await, 404, "no_token");
    let gone = Who::Token(&secret).gets(&admin, "/api/v1/me").await;
    problem(&gone, 401, "login_needed");
    assert_eq!(gone.get("www-authenticate"), Some("Bearer"));

    for (name, value) in [("expires_at", json!("2020-01-01T00:00:00Z")), ("color", json!(1))] {
        let mut body = json!({"name": "x", "role": "viewer"});
        body[name] = value;
        let wrong = operator.asks(&admin, "POST", "/api/v1/tokens", &body).await;
        let told = problem(&wrong, 422, "bad_token");
        assert_eq!(told["mistakes"][0]["field"], name, "{told}");
    }
    let body = json!({"name": "short", "role": "viewer", "expires_at": in_a_second()});
    let short = make_token(&admin, &body).await;
    let status = async || Who::Token(&short).gets(&admin, "/api/v1/me").await.status;
    eventually("it has expired", status, |status| *status == 401).await;
    server.stop().await;
}

#[tokio::test]
async fn what_people_do_and_look_at_is_written_down() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, careful).await;
    let admin = server.admin.0;
    let editor = make_token(&admin, &json!({"name": "ed", "role": "editor"})).await;
    let ask = async |method: &str, target: &str| {
        Who::Token(&editor).asks(&admin, method, target, &Value::Null).await.status
    };
    assert_eq!(ask("POST", "/api/v1/destinations/hooks/try-now").await, 202);
    assert_eq!(ask("POST", "/api/v1/destinations/nowhere/try-now").await, 404);
    assert_eq!(ask("POST", "/api/v1/destinations/hooks/deliveries/7/skip").await, 404);
    for _ in 0..3 {
        assert_eq!(ask("GET", "/api/v1/playgrounds/demo/requests").await, 200);
    }
    let list = Who::Token(OPERATOR).gets(&admin, "/api/v1/audit?limit=9").await.json();
    let told = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("by"), text("action"), text("kind"), text("object"))
    };
    let records: Vec<_> = list["records"].as_array().expect("records").iter().map(told).collect();
    let want = ["token:ed view_payload playground demo", "token:ed try_now destination hooks"];
    assert_eq!(records[..2], want);
    assert_eq!(list["records"][0]["address"], "127.0.0.1");
    let files: Vec<_> = records.iter().filter(|one| one.starts_with("workspace file")).collect();
    assert!(files.contains(&&"workspace file create destination hooks".to_owned()), "{records:?}");
    let page =
        Who::Token(OPERATOR).gets(&admin, "/api/v1/audit?kind=playground&limit=1").await.json();
    assert_eq!(
        (&page["records"][0]["object"], &page["older_than"]),
        (&"demo".into(), &Value::Null)
    );
    server.stop().await;
}

#[tokio::test]
async fn what_endpoints_answer_is_for_those_who_may_see_payloads() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, careful).await;
    let admin = server.admin.0;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    let seen = async |token: &str| {
        let list = Who::Token(token).gets(&admin, "/api/v1/attempts?details=1").await.json();
        (list["attempts"].as_array().map_or(0, Vec::len), list["attempts"][0]["answer"].is_object())
    };
    let on_page = async |token: &str| {
        let page = Who::Token(token).gets(&admin, "/api/v1/deliveries/hooks/1").await.json();
        (page["attempts"].as_array().map_or(0, Vec::len), page["attempts"][0]["answer"].is_object())
    };
    eventually("an attempt is written down", || seen(OPERATOR), |(count, _)| *count == 1).await;
    for (role, want) in [("viewer", false), ("payload_viewer", true)] {
        let token = make_token(&admin, &json!({"name": role, "role": role})).await;
        assert_eq!(seen(&token).await, (1, want), "{role}");
        assert_eq!(on_page(&token).await, (1, want), "{role}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_url_that_holds_a_secret_is_for_those_who_may_set_it() {
    let moved = "https://hooks.acme.test/planted-path?key=planted-query";
    let endpoint =
        Endpoint::start(move |_| Reply::Answer(Answer::of_status(302).header("location", moved)));
    let endpoint = endpoint.await;
    let url = endpoint.url("/planted-path?key=planted-query");
    let workspace = Workspace::of_app().posts_to("hooks", &url);
    let server = Server::tuned(&workspace, careful).await;
    let admin = server.admin.0;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    let operator = Who::Token(OPERATOR);
    let tried = async || operator.gets(&admin, "/api/v1/attempts").await.json();
    let tried = eventually("an attempt", tried, |list| list["attempts"][0].is_object()).await;
    let detail = &tried["attempts"][0]["detail"];
    assert_eq!(detail, "status 302, Location: https://hooks.acme.test/…");

    let mut tokens = BTreeMap::new();
    for role in ["viewer", "payload_viewer", "editor"] {
        tokens.insert(role, make_token(&admin, &json!({"name": role, "role": role})).await);
    }
    let viewer = Who::Token(&tokens["viewer"]);
    for path in readable(server.admin, "app").await {
        let answer = viewer.gets(&admin, &path).await;
        assert!(!answer.text().contains("planted"), "{path}: {}", answer.text());
    }
    let hidden = endpoint.url("/…");
    let config = "/api/v1/config";
    for (role, wanted) in [("viewer", &hidden), ("payload_viewer", &hidden), ("editor", &url)] {
        let who = Who::Token(&tokens[role]);
        let one = who.gets(&admin, "/api/v1/destinations/hooks").await.json();
        let all = who.gets(&admin, "/api/v1/destinations").await.json();
        let whole = who.gets(&admin, config).await.json();
        let versions = who.gets(&admin, "/api/v1/destinations/hooks/versions").await.json();
        let changes = versions["versions"][0]["changes"].as_array().expect("changes");
        let set = changes.iter().find(|one| one["field"] == "config.webhookUrl").expect("a URL");
        let list = [&all["destinations"][0], &whole["destinations"][0], &one];
        for told in list.map(|one| &one["config"]["webhookUrl"]).into_iter().chain([&set["after"]])
        {
            assert_eq!(told, wanted, "{role}");
        }
        let request = who.gets(&admin, "/api/v1/deliveries/hooks/1/attempts/1/request").await;
        match role {
            "viewer" => drop(problem(&request, 403, "not_allowed")),
            _ => assert_eq!(&request.json()["request"]["url"], wanted, "{role}"),
        }
    }

    // What a viewer has exported can be planned with: the mark stands for the stored URL, and no other.
    let mut exported = viewer.gets(&admin, config).await.json();
    let plan = async |workspace: &Value| {
        let body = json!({"workspace": workspace});
        Who::Token(&tokens["editor"]).asks(&admin, "POST", "/api/v1/config/plan", &body).await
    };
    assert_eq!(plan(&exported).await.json()["changes"], json!([]));
    exported["destinations"][0]["config"]["webhookUrl"] = json!("https://b.test/…");
    let told = problem(&plan(&exported).await, 422, "bad_workspace");
    let field = "workspace.destinations[0].config.webhookUrl";
    assert_eq!(told["mistakes"][0]["field"], field, "{told}");
    server.stop().await;
}

#[tokio::test]
async fn a_stream_ends_when_its_viewer_may_not_see_it_any_more() {
    let server = start().await;
    let admin = server.admin.0;
    let follows = async |target: &str, who: Who<'_>| {
        admin.follow_by(&who.sends(Request::new("GET", target))).await
    };
    make_user(&admin, "anna", "admin").await;
    make_user(&admin, "vera", "payload_viewer").await;
    let cookie = cookie(&log_in(&admin, "vera", PASSWORD).await);
    let token = make_token(&admin, &json!({"name": "watch", "role": "viewer"})).await;
    let mut of_token = follows("/api/v1/live", Who::Token(&token)).await;
    let mut of_role = follows("/api/v1/live", Who::Browser(&cookie)).await;

    let list = Who::Token(OPERATOR).gets(&admin, "/api/v1/tokens").await.json();
    let target = format!("/api/v1/tokens/{}", list["tokens"][0]["id"].as_str().expect("an id"));
    let asks = async |method: &str, target: &str, body: Value| {
        Who::Token(OPERATOR).asks(&admin, method, target, &body).await.status
    };
    assert_eq!(asks("DELETE", &target, Value::Null).await, 204);
    let role = json!({"role": "viewer"});
    assert_eq!(asks("PUT", "/api/v1/users/vera", role).await, 200);
    for feed in [&mut of_token, &mut of_role] {
        let ended = within("the end of a stream", async {
            while feed.try_next().await.is_ok_and(|row| row.is_some()) {}
        });
        ended.await;
    }
    server.stop().await;
}

/// Every route × (nobody, each role, another origin), as the API's own description has the rights.
#[tokio::test]
async fn every_route_lets_in_whom_it_says_and_nobody_else() {
    let server = start().await;
    let admin = server.admin.0;
    let mut tokens = BTreeMap::new();
    let roles = ["viewer", "payload_viewer", "editor", "admin"];
    for role in roles {
        tokens.insert(role, make_token(&admin, &json!({"name": role, "role": role})).await);
    }
    let document = Who::Nobody.gets(&admin, "/api/v1/openapi.json").await.json();
    let mut walked = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let about = operation["description"].as_str().expect("a description");
            let rights = ["open", "view", "payload", "edit", "admin"];
            let needs = rights.iter().position(|right| about.contains(&format!("right `{right}`")));
            let needs = needs.unwrap_or(0);
            assert!(needs > 0 || about.contains("Everybody may ask"), "{method} {path}: {about}");
            let method = method.to_uppercase();
            let target = path.replace("{id}", "7").replace("{event}", "7").replace(['{', '}'], "");
            let is_live = path.ends_with("/live");
            let ask = async |who: Who<'_>| who.asks(&admin, &method, &target, &Value::Null).await;
            if needs > 0 {
                problem(&ask(Who::Nobody).await, 401, "login_needed");
                problem(&ask(Who::Token("pr_made-up")).await, 401, "login_needed");
            }
            for (rank, role) in (1..).zip(roles) {
                if rank < needs {
                    problem(&ask(Who::Token(&tokens[role])).await, 403, "not_allowed");
                } else if !is_live {
                    let answer = ask(Who::Token(&tokens[role])).await;
                    let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                    let code = &told["code"];
                    assert!(answer.status != 401, "{role} {method} {path}: {}", answer.text());
                    assert!(*code != "not_allowed" || path.ends_with("/password"), "{role} {path}");
                    let kept = ["cache-control", "x-content-type-options"].map(|it| answer.get(it));
                    assert_eq!(kept, [Some("no-store"), Some("nosniff")], "{method} {path}");
                }
            }
            if method != "GET" {
                let request = Who::Token(&tokens["admin"]).sends(Request::new(&method, &target));
                let answer = admin.send(&request.header("origin", "http://localhost:3000")).await;
                problem(&answer, 403, "cross_site");
            }
            walked += 1;
        }
    }
    assert!(walked > 30, "{walked}");
    server.stop().await;
}

#[tokio::test]
async fn commands_of_the_same_machine_come_in_by_the_data_directory() {
    let server = start().await;
    let admin = server.admin.0;
    let address = admin.address.to_string();
    let flags = ["--admin", &address];
    let well = Process::run(&server.home, &["status"], &flags).await;
    assert_eq!(well.code, Some(0), "{well:?}");
    let made = Process::told(&server.home, &["admin", "create", "anna"], &flags, PASSWORD).await;
    assert_eq!((made.code, &*made.stdout), (Some(0), "anna is made, with the role admin\n"));
    assert_eq!(log_in(&admin, "anna", PASSWORD).await.status, 200);
    let reset =
        Process::told(&server.home, &["admin", "reset", "anna"], &flags, "another cat here");
    assert_eq!(reset.await.code, Some(0));
    assert_eq!(log_in(&admin, "anna", "another cat here").await.status, 200);

    let elsewhere = [&flags[..], &["--data-dir", "/nowhere"]].concat();
    let stranger = Process::run(&server.home, &["status"], &elsewhere).await;
    assert_eq!(stranger.code, Some(1));
    assert!(stranger.stderr.contains("POSTRIDER_TOKEN"), "{stranger:?}");
    let with_token = [&elsewhere[..], &["--token", OPERATOR]].concat();
    let known = Process::run(&server.home, &["status"], &with_token).await;
    assert_eq!(known.code, Some(0), "{known:?}");
    assert!(server.home.path("data/admin.cookie").exists());
    let home: Home = server.stop().await;
    assert!(!home.path("data/admin.cookie").exists(), "it goes with the server");
}
