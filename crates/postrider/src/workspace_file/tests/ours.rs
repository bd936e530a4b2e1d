//! Files of our own shape, and files in YAML.

use super::*;

const YAML: &str = "\
sources:
  - id: web
    writeKey: k
destinations:
  - id: hook
    type: WEBHOOK
    config:
      webhookUrl: http://a.test
      headers:
        - from: x
          to: 1.50
connections:
  - source: web
    destination: hook
    filter:
      types: [track]
";

#[test]
fn a_file_of_our_own_shape_becomes_a_workspace() {
    let file = parse(YAML).expect("a file");
    let Workspace { sources, destinations, connections, .. } = &file.workspace;
    assert_eq!((sources.len(), destinations.len(), file.warnings.len()), (1, 1, 0));
    assert_eq!(connections[0].id.as_str(), "web-hook");
    assert_eq!(webhook(&file, 0).headers[0].value.text(), "1.50");
    let json = yaml::to_json(YAML).expect("YAML");
    assert_eq!(parse(&json).expect("a file").workspace, file.workspace);
    assert!(parse("destinations: []").expect("a file").workspace.sources.is_empty());
}

#[test]
fn rudderstacks_shape_may_be_yaml_too() {
    let node = Node::root(SAMPLE);
    let yaml = yaml::of_json(&node).expect("JSON");
    assert_eq!(parse(&yaml).expect("a file").workspace, parse(SAMPLE).expect("a file").workspace);
}

#[test]
fn mistakes_of_our_own_shape_are_told_with_their_lines() {
    let text = YAML
        .replace("writeKey: k", "writeKey: k\n    enabeld: false")
        .replace("type: WEBHOOK", "type: GA")
        .replace("destination: hook", "destination: hooks")
        + "extra: 1\n";
    check_mistakes(
        &text,
        &[
            "line 4: sources[0].enabeld: is not known here; did you mean enabled?",
            "line 7: destinations[0].type: is \"GA\", but must be one of WEBHOOK",
            "line 15: connections[0].destination: there is no destination hooks",
            "line 18: extra: is not known here; there are sources, destinations, connections",
        ],
    );
    check_mistakes(
        "sources:\n- {id: a, writeKey: k}\n- {id: a, writeKey: l}\nconnections: []\n",
        &["line 3: sources[1]: has the same id as sources[0]"],
    );
    let again = "  - source: web\n    destination: hook\n    id: other\n";
    check_mistakes(
        &format!("{YAML}{again}"),
        &["line 17: connections[1]: connects what connection web-hook connects already"],
    );
    check_mistakes(
        "sources: &a []",
        &["line 1: anchors and aliases are not known here: write the value out"],
    );
    check_mistakes(
        "a: 'b",
        &[
            "line 1: column 4: the file is not YAML: while scanning a quoted scalar, found unexpected end of stream",
        ],
    );
}

#[test]
fn secrets_of_a_file_may_be_elsewhere() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("workspace.yaml");
    std::fs::write(dir.path().join("token"), "from a file\n").expect("a file");
    std::fs::write(&path, YAML.replace("1.50", "file:token")).expect("a file");
    let mut named = Vec::new();
    let file = read(&path, &mut named).expect("a file");
    assert_eq!(webhook(&file, 0).headers[0].value.text(), "from a file");
    assert_eq!(named, [dir.path().join("token")], "it is followed as well");
    check_mistakes(
        &YAML.replace("1.50", "sealed:…abcd"),
        &[
            "line 11: destinations[0].config.headers[0].to: is the mark of a secret, but it is not clear \
           which stored one it stands for; write the value itself, and text: before it if it begins so",
        ],
    );
}

#[test]
fn the_guide_shows_a_file_that_is_right() {
    let guide = include_str!("../../../../../docs/guides/config-as-code.md");
    let (_, rest) = guide.split_once("```yaml\n").expect("a block");
    let text = rest.split_once("```").expect("an end").0;
    let text = text
        .replace("env:ORDERS_TOKEN", "x")
        .replace("file:secrets/orders.whsec", "whsec_bmV3LW5ldy1uZXctbmV3LW5ldy1uZXct");
    let file = parse(&text).expect("the guide is right");
    assert_eq!((file.workspace.connections.len(), file.warnings.len()), (1, 0));
}
