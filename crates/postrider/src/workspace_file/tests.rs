//! What a workspace file becomes, and how its mistakes read.

use domain::destination::DestinationSettings;
use domain::destination::webhook::{Method, WebhookSettings};
use domain::id::{Seq, SourceId};
use domain::source::{AllowedOrigin, Source};

use super::*;

const SAMPLE: &str = include_str!("sample.json");

fn webhook(file: &WorkspaceFile, index: usize) -> &WebhookSettings {
    let DestinationSettings::Webhook(settings) = &file.workspace.destinations[index].settings;
    settings
}

/// A file with one source and these destinations.
fn one_source(destinations: &str) -> String {
    format!(r#"{{"sources":[{{"id":"s","writeKey":"k","destinations":[{destinations}]}}]}}"#)
}

/// A destination with this `config`.
fn one_webhook(config: &str) -> String {
    let definition = r#""destinationDefinition":{"name":"WEBHOOK"}"#;
    one_source(&format!(r#"{{"id":"d",{definition},"config":{config}}}"#))
}

#[track_caller]
fn check_mistakes(text: &str, expected: &[&str]) {
    let mistakes = parse(text).expect_err("the file has mistakes");
    let shown: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

#[track_caller]
fn check_warnings(text: &str, expected: &[&str]) {
    let file = parse(text).expect("the file has no mistakes");
    let shown: Vec<String> = file.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_self_hosters_file_becomes_a_workspace() {
    let file = parse(SAMPLE).expect("the sample is right");
    let workspace = &file.workspace;
    let sources: Vec<(&str, &str, bool)> = workspace
        .sources
        .iter()
        .map(|source| (source.name.as_str(), source.write_keys[0].key.as_str(), source.enabled))
        .collect();
    assert_eq!(
        sources,
        [
            ("Old app", "1xAcmeOldWriteKey00000000000", false),
            ("Shop (server)", "1xAcmeServerWriteKey00000000", true),
            ("Shop (web)", "1xAcmeWebWriteKey00000000000", true),
        ]
    );
    let destinations: Vec<(&str, bool)> =
        workspace.destinations.iter().map(|it| (it.name.as_str(), it.enabled)).collect();
    assert_eq!(destinations, [("Audit", false), ("Events to the hub", true)]);
}

#[test]
fn a_destination_under_two_sources_is_one_with_two_connections() {
    let file = parse(SAMPLE).expect("the sample is right");
    let connections: Vec<(&str, bool, Seq)> = file
        .workspace
        .connections
        .iter()
        .map(|connection| (connection.id.as_str(), connection.enabled, connection.since))
        .collect();
    assert_eq!(
        connections,
        [
            ("1xAcmeServerSource0000000000-1xAcmeAudit00000000000000000", true, Seq::FIRST),
            ("1xAcmeServerSource0000000000-1xAcmeHooks00000000000000000", false, Seq::FIRST),
            ("1xAcmeWebSource0000000000000-1xAcmeHooks00000000000000000", true, Seq::FIRST),
        ]
    );
}

#[test]
fn a_destination_of_an_unknown_type_is_skipped_with_a_warning() {
    check_warnings(
        SAMPLE,
        &["line 69: sources[0].destinations[1]: \
           destination \"Analytics\" is skipped: type \"GA\" is not known, only WEBHOOK is"],
    );
}

#[test]
fn promises_that_are_not_kept_are_warned_of() {
    let config = "{\"webhookUrl\":\"http://a.test/\",\n\"consentManagement\":[{}]}";
    let text = one_webhook(config).replace("\"id\":\"d\"", "\"id\":\"d\",\"transformations\":[{}]");
    check_warnings(
        &text,
        &["line 1: sources[0].destinations[0].transformations: \
           transformations are not run: events are delivered as they came"],
    );
}

#[test]
fn settings_are_read_as_the_dashboard_wrote_them() {
    let file = parse(SAMPLE).expect("the sample is right");
    let audit = webhook(&file, 0);
    assert_eq!((*audit.method.base(), audit.headers.len()), (Method::Post, 0));
    let hub = webhook(&file, 1);
    assert_eq!(hub.url.base(), "https://hooks.acme.example/events?tenant=7");
    let headers: Vec<(&str, &str)> = hub
        .headers
        .iter()
        .map(|header| (header.name.text(), header.value.base().as_str()))
        .collect();
    assert_eq!(headers, [("Authorization", "Bearer sample-token"), ("X-Team", "42")]);
}

#[test]
fn header_values_may_be_null_numbers_or_booleans() {
    let check = |row: &str, expected: &[(&str, &str)]| {
        let config = format!(r#"{{"webhookUrl":"http://a.test/","headers":[{row}]}}"#);
        let file = parse(&one_webhook(&config)).expect("a file");
        let headers: Vec<(&str, &str)> = webhook(&file, 0)
            .headers
            .iter()
            .map(|header| (header.name.text(), header.value.base().as_str()))
            .collect();
        assert_eq!(headers, expected, "{row}");
    };
    check(r#"{"from":"a","to":null}"#, &[("a", "")]);
    check(r#"{"from":"a"}"#, &[("a", "")]);
    check(r#"{"from":"a","to":1.50}"#, &[("a", "1.50")]);
    check(r#"{"from":"a","to":true}"#, &[("a", "true")]);
    check(r#"{"from":"","to":"x"}, {"to":"x"}, {}, null, {"from":null}"#, &[]);
}

#[test]
fn a_flag_that_is_false_disables_the_connection_only() {
    let check = |flags: &str, enabled: bool| {
        let config = format!(r#"{{"webhookUrl":"http://a.test/"}},{flags}"#);
        let text = one_webhook(&config);
        let file = parse(&text).expect("a file");
        assert_eq!(file.workspace.connections[0].enabled, enabled, "{flags}");
        assert!(file.workspace.destinations[0].enabled);
    };
    check(r#""isProcessorEnabled":true,"isConnectionEnabled":true"#, true);
    check(r#""isProcessorEnabled":false"#, false);
    check(r#""isConnectionEnabled":false"#, false);
    check(r#""isProcessorEnabled":null"#, true);
}

#[test]
fn a_text_that_is_not_json_names_line_and_column() {
    check_mistakes(
        "{\n  \"sources\": [\n}",
        &["line 3: column 1: the file is not JSON: expected value"],
    );
    check_mistakes("", &["line 1: column 0: the file is not JSON: EOF while parsing a value"]);
    check_mistakes("{} x", &["line 1: column 4: the file is not JSON: trailing characters"]);
}

#[test]
fn a_byte_order_mark_and_nesting_without_end_do_no_harm() {
    assert!(parse("\u{feff}{\"sources\":[]}").is_ok());
    let deep = format!("{{\"sources\":[],\"x\":{}{}}}", "[".repeat(9_999), "]".repeat(9_999));
    assert!(parse(&deep).is_ok());
}

#[test]
fn every_mistake_is_found_at_once_with_line_and_path() {
    let text = r#"{
  "sources": [
    { "id": "a", "writeKey": "", "enabled": "yes" },
    { "writeKey": "k", "destinations": [
      { "id": "d\u0000", "destinationDefinition": { "name": "WEBHOOK" },
        "config": {
          "webhookUrl": "ftp://acme.test",
          "webhookMethod": "POST",
          "headers": [
            { "from": "", "to": "" },
            { "from": "X Y", "to": "x" } ] } },
      7
    ] }
  ]
}"#;
    check_mistakes(
        text,
        &[
            "line 3: sources[0].enabled: is a string, but must be a boolean",
            "line 3: sources[0].writeKey: is empty",
            "line 4: sources[1].id: is missing",
            "line 5: sources[1].destinations[0].id: holds a control character",
            "line 7: sources[1].destinations[0].config.webhookUrl: \
             scheme ftp cannot be used, only http and https",
            "line 11: sources[1].destinations[0].config.headers[1]: \
             header name has a character that is not allowed at 1",
            "line 12: sources[1].destinations[1]: is a number, but must be an object",
        ],
    );
}

/// The file of [`one_webhook`], with its destination disabled.
fn one_draft(config: &str) -> String {
    one_webhook(config).replace("\"id\":\"d\"", "\"id\":\"d\",\"enabled\":false")
}

#[track_caller]
fn check_skipped(text: &str, expected: &[&str]) {
    check_warnings(text, expected);
    let workspace = parse(text).expect("the file has no mistakes").workspace;
    assert_eq!(workspace.sources.len(), 1);
    assert_eq!((workspace.destinations, workspace.connections), (vec![], vec![]));
}

#[test]
fn a_url_that_is_never_called_is_warned_of() {
    let file = parse(&one_webhook("{\"webhookUrl\":\"http://169.254.169.254/\"}")).expect("a file");
    assert!(file.warnings[0].reason.starts_with("nothing will be delivered there: "));
    assert_eq!(file.workspace.destinations.len(), 1);
}

#[test]
fn header_rows_of_the_connection_are_skipped_with_a_warning() {
    let config = "{\"webhookUrl\":\"http://a.test/\",\"headers\":[
        {\"from\":\"Host\",\"to\":\"b.test\"},
        {\"from\":\"X-Team\",\"to\":\"42\"},
        {\"from\":\"Content-Length\",\"to\":7}]}";
    let text = one_webhook(config);
    let path = "sources[0].destinations[0].config.headers";
    let reason = "belongs to the connection: the row is skipped";
    check_warnings(
        &text,
        &[
            &format!("line 2: {path}[0]: header host {reason}"),
            &format!("line 4: {path}[2]: header content-length {reason}"),
        ],
    );
    let file = parse(&text).expect("a file");
    let names: Vec<&str> =
        webhook(&file, 0).headers.iter().map(|header| header.name.text()).collect();
    assert_eq!(names, ["X-Team"]);
}

#[test]
fn mistakes_are_placed_also_where_rows_before_them_are_skipped() {
    let rows = r#"{"from":"Host","to":"x"},{"from":""},{"from":"a","to":"\u0000"}"#;
    check_mistakes(
        &one_webhook(&format!(r#"{{"webhookUrl":"http://a.test/","headers":[{rows}]}}"#)),
        &["line 1: sources[0].destinations[0].config.headers[2]: \
           value of header a has a character that is not allowed at 0"],
    );
}

#[test]
fn url_method_and_headers_may_be_templates() {
    let config = r#"{"webhookUrl":" {{ event.properties.url  || \"http://a.test\" }} ",
        "webhookMethod":"{{message.context.how||PUT}}",
        "headers":[{"from":"x","to":"{{a.b||1}}"},{"from":"{{ c || Y }}","to":"2"}]}"#;
    let file = parse(&one_webhook(config)).expect("a file");
    assert_eq!(file.warnings, []);
    let settings = webhook(&file, 0);
    assert_eq!(settings.url.template().expect("a template").path(), ["properties", "url"]);
    assert_eq!(settings.url.base(), "http://a.test");
    assert_eq!(settings.method.template().expect("a template").path(), ["context", "how"]);
    assert_eq!(*settings.method.base(), Method::Put);
    let value = &settings.headers[0].value;
    assert_eq!(value.template().expect("a template").path(), ["a", "b"]);
    assert_eq!(value.base(), "1");
    let name = &settings.headers[1].name;
    assert_eq!(
        (name.template().expect("a template").path(), name.base().as_str()),
        (&["c".to_owned()][..], "Y")
    );
}

#[test]
fn the_defaults_of_templates_are_checked() {
    let check = |config: &str, expected: &str| {
        let path = "line 1: sources[0].destinations[0].config";
        check_mistakes(&one_webhook(config), &[&format!("{path}.{expected}")]);
    };
    check(
        r#"{"webhookUrl":"{{ a.b || }}"}"#,
        "webhookUrl: the template's default is empty; give the endpoint's http or https URL",
    );
    check(
        r#"{"webhookUrl":"http://a.test/","webhookMethod":"{{ a.b || get }}"}"#,
        "webhookMethod: default is \"get\", but must be one of POST, PUT, PATCH, GET, DELETE",
    );
    check(
        r#"{"webhookUrl":"http://a.test/","headers":[{"from":"x","to":"{{ a || é }}"}]}"#,
        "headers[0]: value of header x has a character that is not allowed at 0",
    );
    check(
        r#"{"webhookUrl":"http://a.test/","headers":[{"from":"{{ a || Host }}","to":"1"}]}"#,
        "headers[0]: header host belongs to the connection and cannot be set",
    );
}

#[test]
fn braces_alone_make_no_template() {
    let rows = ["{{a.b}}", "{{ || x}}", "{{a.b || x}} y", "{a.b || x}"];
    let rows = rows.map(|value| format!(r#"{{"from":"x","to":"{value}"}}"#)).join(",");
    let config = format!(r#"{{"webhookUrl":"http://a.test/","headers":[{rows}]}}"#);
    let file = parse(&one_webhook(&config)).expect("a file");
    let headers = &webhook(&file, 0).headers;
    assert!(headers.len() == 4 && headers.iter().all(|one| one.value.template().is_none()));
}

#[test]
fn a_disabled_draft_is_skipped_with_its_connection() {
    let path = "line 1: sources[0].destinations[0]";
    let skipped = "; destination \"d\" is disabled, so it is skipped";
    let check = |config: &str, expected: &str| {
        check_skipped(&one_draft(config), &[&format!("{path}.{expected}{skipped}")]);
    };
    check("{}", "config.webhookUrl: is missing");
    check("null", "config: is missing");
    check(
        r#"{"webhookUrl":""}"#,
        "config.webhookUrl: is empty; give the endpoint's http or https URL",
    );
    check(
        r#"{"webhookUrl":"ftp://a.test/"}"#,
        "config.webhookUrl: scheme ftp cannot be used, only http and https",
    );
    let usable = r#"{"webhookUrl":"http://a.test/"}"#;
    let file = parse(&one_draft(usable)).expect("a file");
    assert_eq!(file.warnings, []);
    assert_eq!((file.workspace.destinations.len(), file.workspace.connections.len()), (1, 1));
}

#[test]
fn a_repeat_of_a_skipped_destination_must_be_skipped_too() {
    let destination = |url: &str| {
        format!(
            r#"{{"id":"d","enabled":false,"destinationDefinition":{{"name":"WEBHOOK"}},
            "config":{{"webhookUrl":"{url}"}}}}"#
        )
    };
    let two = |first: &str, second: &str| {
        let (first, second) = (destination(first), destination(second));
        format!(
            r#"{{"sources":[{{"id":"a","writeKey":"k","destinations":[{first}]}},
            {{"id":"b","writeKey":"l","destinations":[{second}]}}]}}"#
        )
    };
    let mistake = "line 3: sources[1].destinations[0]: destination d differs from \
                   sources[0].destinations[0] on line 1 in config: it must be the same everywhere";
    check_mistakes(&two("", "http://a.test/"), &[mistake]);
    check_mistakes(&two("http://a.test/", ""), &[mistake]);
    let file = parse(&two("", "")).expect("a file");
    assert_eq!((file.warnings.len(), file.workspace.destinations.len()), (2, 0));
    assert_eq!(file.workspace.connections, []);
}

#[test]
fn shapes_are_checked() {
    check_mistakes("[]", &["line 1: (top): is a list, but must be an object"]);
    check_mistakes("{}", &["line 1: sources: is missing"]);
    check_mistakes(r#"{"sources":{}}"#, &["line 1: sources: is an object, but must be a list"]);
    let path = "line 1: sources[0].destinations[0]";
    let check = |config: &str, expected: &str| {
        check_mistakes(&one_webhook(config), &[&format!("{path}.{expected}")]);
    };
    check("{}", "config.webhookUrl: is missing");
    check("null", "config: is missing");
    check("3", "config: is a number, but must be an object");
    check(
        r#"{"webhookUrl":"http://a.test/","webhookMethod":"post"}"#,
        "config.webhookMethod: is \"post\", but must be one of POST, PUT, PATCH, GET, DELETE",
    );
    check(
        r#"{"webhookUrl":"http://a.test/","headers":[{"from":"a","to":{}}]}"#,
        "config.headers[0].to: is an object, but must be a string",
    );
    check_mistakes(
        &one_source(r#"{"id":"d","config":{}}"#),
        &[&format!("{path}.destinationDefinition: is missing")],
    );
}

/// A file with one source that has these settings of ours.
fn own_settings(settings: &str) -> String {
    format!(r#"{{"sources":[{{"id":"s","writeKey":"k","postrider":{settings}}}]}}"#)
}

#[test]
fn a_source_may_have_settings_of_ours() {
    let text = own_settings(
        r#"{"writeKeys":[{"key":"old","validUntil":"2026-12-01T01:00:00+01:00"},
            {"key":"more","validUntil":null},{"key":"other"}],
            "allowedOrigins":["https://shop.example","https://*.shop.example","null"],
            "rateLimit":{"eventsPerSecond":500,"burst":2000}}"#,
    );
    let source = &parse(&text).expect("a file").workspace.sources[0];
    let keys: Vec<(&str, Option<String>)> = source
        .write_keys
        .iter()
        .map(|key| (key.key.as_str(), key.valid_until.map(|end| end.to_string())))
        .collect();
    let end = Some("2026-12-01T00:00:00.000Z".to_owned());
    assert_eq!(keys, [("k", None), ("old", end), ("more", None), ("other", None)]);
    let origins: Vec<&str> = source.allowed_origins.iter().map(AllowedOrigin::as_str).collect();
    assert_eq!(origins, ["https://shop.example", "https://*.shop.example", "null"]);
    let limit = source.rate_limit.expect("a limit");
    assert_eq!((limit.events_per_second.get(), limit.burst.get()), (500, 2_000));
}

#[test]
fn settings_of_ours_may_be_missing_or_empty() {
    for settings in [
        "null",
        "{}",
        r#"{"writeKeys":[],"allowedOrigins":[],"rateLimit":null}"#,
        r#"{"writeKeys":null,"allowedOrigins":null}"#,
    ] {
        let source = &parse(&own_settings(settings)).expect("a file").workspace.sources[0];
        assert_eq!(source, &Source::new(SourceId::new("s"), "s", "k"), "{settings}");
    }
}

#[test]
fn a_mistake_in_settings_of_ours_is_told_with_its_place_and_a_hint() {
    let check = |settings: &str, expected: &[&str]| {
        let expected: Vec<String> =
            expected.iter().map(|one| format!("line 1: sources[0].postrider{one}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_mistakes(&own_settings(settings), &expected);
    };
    check("[]", &[": is a list, but must be an object"]);
    check(r#"{"rateLimits":1}"#, &[".rateLimits: is not known here; did you mean rateLimit?"]);
    check(
        r#"{"color":null}"#,
        &[".color: is not known here; there are writeKeys, allowedOrigins, rateLimit"],
    );
    check(r#"{"writeKeys":"old"}"#, &[".writeKeys: is a string, but must be a list"]);
    check(
        r#"{"writeKeys":["old",{},{"key":"","until":1},{"key":"k"},{"key":"a"},{"key":"a"}]}"#,
        &[
            ".writeKeys[0]: is a string, but must be an object",
            ".writeKeys[1].key: is missing",
            ".writeKeys[2].key: is empty",
            ".writeKeys[2].until: is not known here; there are key, validUntil",
            ".writeKeys[3].key: is the same as sources[0].writeKey",
            ".writeKeys[5].key: is the same as sources[0].postrider.writeKeys[4].key",
        ],
    );
    for time in ["tomorrow", "2026-12-01", "2026-12-01T00:00:00", "1796083200", "12/01/2026"] {
        let reason = format!(
            ".writeKeys[0].validUntil: is {time:?}, but must be a time with its zone, \
             as in \"2026-12-01T00:00:00Z\""
        );
        let settings = format!(r#"{{"writeKeys":[{{"key":"a","validUntil":"{time}"}}]}}"#);
        check(&settings, &[&reason]);
    }
    check(
        r#"{"writeKeys":[{"key":"a","validUntil":1796083200}]}"#,
        &[".writeKeys[0].validUntil: is a number, but must be a string"],
    );
    check(
        r#"{"allowedOrigins":["https://a.example","*","a.example","https://a.example/",7]}"#,
        &[
            ".allowedOrigins[1]: has a star that is not the first part of the host; all subdomains \
             are \"https://*.shop.example\", and without allowedOrigins every origin may send",
            ".allowedOrigins[2]: has no scheme; write it as a browser sends it, \
             as in \"https://shop.example\"",
            ".allowedOrigins[3]: goes on after the host; an origin has no path, \
             as in \"https://shop.example\"",
            ".allowedOrigins[4]: is a number, but must be a string",
        ],
    );
    check(
        r#"{"rateLimit":{"burst":0,"perSecond":3}}"#,
        &[
            ".rateLimit.burst: is 0, but must be a whole number from 1 to 1000000",
            ".rateLimit.eventsPerSecond: is missing",
            ".rateLimit.perSecond: is not known here; there are eventsPerSecond, burst",
        ],
    );
    for number in ["-1", "0.5", "1e3", "1000001", "99999999999999999999"] {
        let reason = format!(
            ".rateLimit.eventsPerSecond: is {number}, but must be a whole number from 1 to 1000000"
        );
        let settings = format!(r#"{{"rateLimit":{{"eventsPerSecond":{number},"burst":1}}}}"#);
        check(&settings, &[&reason]);
    }
    check(
        r#"{"rateLimit":{"eventsPerSecond":"1","burst":1}}"#,
        &[".rateLimit.eventsPerSecond: is a string, but must be a number"],
    );
}

#[test]
fn names_are_used_once() {
    check_mistakes(
        "{\"sources\":[{\"id\":\"a\",\"writeKey\":\"k\"},\n{\"id\":\"a\",\"writeKey\":\"k\"}]}",
        &[
            "line 2: sources[1]: has the same id as sources[0]",
            "line 2: sources[1].writeKey: is the same as sources[0].writeKey",
        ],
    );
    let destination = r#"{"id":"d","destinationDefinition":{"name":"WEBHOOK"},
        "config":{"webhookUrl":"http://a.test/"}}"#;
    let twice = one_source(&format!("{destination},{destination}"));
    check_mistakes(
        &twice,
        &["line 2: sources[0].destinations[1]: \
           makes the same connection s-d as sources[0].destinations[0]"],
    );
}

#[test]
fn repeats_that_differ_name_both_places() {
    let text = SAMPLE.replacen("Bearer sample-token", "Bearer another", 1).replacen(
        "\"name\": \"Events to the hub\"",
        "\"name\": \"Other\"",
        1,
    );
    check_mistakes(
        &text,
        &["line 104: sources[1].destinations[0]: \
           destination 1xAcmeHooks00000000000000000 differs from sources[0].destinations[0] \
           on line 25 in name, config.headers: it must be the same everywhere"],
    );
}

#[test]
fn secrets_are_not_in_sentences() {
    let config = r#"{"webhookUrl":"http://a.test/","headers":[{"from":"x","to":"s3cret\u0000"}]}"#;
    let mistakes = parse(&one_webhook(config)).expect_err("a mistake");
    assert!(!format!("{mistakes:?}").contains("s3cret"), "{mistakes:?}");
}

#[test]
fn a_file_is_named_in_front_of_its_mistakes() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("w.json");
    let missing = read(&path, &mut Vec::new()).expect_err("no file").to_string();
    assert_eq!(missing, format!("cannot read workspace file {}", path.display()));
    std::fs::write(&path, "{\"sources\": 1}").expect("a file");
    let shown = read(&path, &mut Vec::new()).expect_err("a mistake").to_string();
    let path = path.display();
    assert_eq!(
        shown,
        format!(
            "1 mistake in workspace file {path}:\n  \
             {path}:1: sources: is a number, but must be a list"
        )
    );
}

#[test]
fn the_guide_shows_what_is_really_printed() {
    let guide = include_str!("../../../../docs/guides/workspace-file.md");
    let block = |language: &str| {
        let (_, rest) = guide.split_once(&format!("```{language}\n")).expect("a block");
        rest.split_once("```").expect("an end").0
    };
    assert!(parse(block("json")).is_ok());
    let (_, settings) = guide.split_once("```json\n\"postrider\": ").expect("an example");
    let settings = settings.split_once("```").expect("an end").0;
    parse(&own_settings(settings)).expect("the example of settings is right");
    let wrong = block("json").replace("\"POST\"", "\"post\"");
    let mistakes = parse(&wrong).expect_err("a mistake");
    let shown = finding::list(Path::new("workspace.json"), &mistakes);
    assert_eq!(block("text"), format!("error: {shown}\n"));
}

mod ours;
