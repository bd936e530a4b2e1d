//! Merge patches, and ids that are made of names.

use serde_json::json;

use super::*;

#[test]
fn a_merge_patch_changes_what_it_names() {
    let check = |target: Value, patch: Value, want: Value| {
        assert_eq!(merge(target, &patch), want, "{patch}");
    };
    check(json!({"a": 1, "b": 2}), json!({"a": 3}), json!({"a": 3, "b": 2}));
    check(json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2}));
    check(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": null}}), json!({"a": {"c": 2}}));
    check(json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]}));
    check(json!({"a": 1}), json!({"a": {"b": {"c": null}}}), json!({"a": {"b": {}}}));
    check(json!({"a": 1}), json!([1]), json!([1]));
    check(json!([1]), json!({"a": null, "b": 1}), json!({"b": 1}));
}

#[test]
fn an_id_is_made_of_the_name_and_is_free() {
    let check = |body: Value, taken: &[&str], want: &str| {
        let text = body.to_string();
        let id = free_id(&Node::root(&text), ObjectKind::Source, |id| taken.contains(&id));
        assert_eq!(id, want, "{text}");
    };
    check(json!({"name": "Web shop (EU)"}), &[], "web-shop-eu");
    check(json!({"name": "Web shop"}), &["web-shop", "web-shop-2"], "web-shop-3");
    check(json!({"name": "日本"}), &[], "source");
    check(json!({"name": 7}), &["source"], "source-2");
    check(json!([]), &[], "source");
    check(json!({"name": "a".repeat(99)}), &[], &"a".repeat(60));
}

#[test]
fn an_id_must_be_able_to_stand_in_an_address() {
    for id in ["a", "a/b", "...", "é", "%2e"] {
        assert_eq!(fault_of_id(id), None, "{id}");
    }
    for id in [".", "..", &"x".repeat(201)] {
        assert!(fault_of_id(id).is_some(), "{id}");
    }
}
