//! What differs between two values, field by field.
//!
//! In come an object before and after, as they are shown; out go the fields in which they differ, in the
//! order in which they stand. Secrets are marks by then.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A field that differs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// Where, as in `config.headers[0].to`.
    pub field: String,
    /// What it was; null where it was not there.
    #[schema(value_type = serde_json::Value)]
    pub before: Value,
    /// What it is; null where it is not there.
    #[schema(value_type = serde_json::Value)]
    pub after: Value,
}

/// The fields in which two values differ; null is a value that is not there.
pub fn between(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(&mut changes, String::new(), before, after);
    changes
}

fn compare(changes: &mut Vec<FieldChange>, field: String, before: &Value, after: &Value) {
    if before == after {
        return;
    }
    let is_there = |value: &Value| !value.is_null();
    let is_object = |value: &Value| value.is_object() || !is_there(value);
    let is_list = |value: &Value| value.is_array() || !is_there(value);
    if is_object(before) && is_object(after) {
        return compare_members(changes, &field, [before, after].map(Value::as_object));
    }
    if is_list(before) && is_list(after) {
        let [one, other] =
            [before, after].map(|list| list.as_array().map_or(&[][..], Vec::as_slice));
        for index in 0..one.len().max(other.len()) {
            let at = |list: &[Value]| list.get(index).cloned().unwrap_or_default();
            compare(changes, format!("{field}[{index}]"), &at(one), &at(other));
        }
        return;
    }
    changes.push(FieldChange { field, before: before.clone(), after: after.clone() });
}

fn compare_members(
    changes: &mut Vec<FieldChange>,
    field: &str,
    objects: [Option<&Map<String, Value>>; 2],
) {
    let nothing = Map::new();
    let [before, after] = objects.map(|object| object.unwrap_or(&nothing));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    for name in after.keys().chain(gone) {
        let of = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
        let dot = if field.is_empty() { "" } else { "." };
        compare(changes, format!("{field}{dot}{name}"), &of(before), &of(after));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: Value, after: Value, want: &[&str]) {
        let changes = between(&before, &after);
        let told = changes.iter().map(|one| format!("{}: {} {}", one.field, one.before, one.after));
        assert_eq!(told.collect::<Vec<_>>(), want);
    }

    #[test]
    fn fields_that_differ_are_told_with_their_place() {
        check(json!({"a": 1}), json!({"a": 1}), &[]);
        check(
            json!({"a": 1, "b": 2}),
            json!({"a": 3, "c": 4}),
            &["a: 1 3", "c: null 4", "b: 2 null"],
        );
        check(
            json!({"a": {"b": [1, 2]}}),
            json!({"a": {"b": [1, 3, 4]}}),
            &["a.b[1]: 2 3", "a.b[2]: null 4"],
        );
        check(json!({}), json!({"a": {"b": {"c": 1}}}), &["a.b.c: null 1"]);
        check(json!({"a": [{"b": 1}]}), json!({}), &["a[0].b: 1 null"]);
        check(json!({"a": {"b": 1}}), json!({"a": [1]}), &[r#"a: {"b":1} [1]"#]);
        check(Value::Null, json!({"id": "x"}), &[r#"id: null "x""#]);
    }
}
