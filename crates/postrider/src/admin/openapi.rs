//! `GET /api/v1/openapi.json`: the API as OpenAPI has it, made from the table of routes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{
    ComponentsBuilder, Content, Info, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, ResponseBuilder,
};

use super::Needs;
use super::problem::{Mistake, Problem};
use super::routes::{self, Entry, Right};

const PROBLEM_TYPE: &str = "application/problem+json";

const ABOUT: &str = "Everything the dashboard and the command line do, they do with this. Times are \
    UTC, as RFC 3339 has them. Lists are newest first; where one says `older_than`, asking with it \
    goes on from there. What is refused is answered with a problem of RFC 9457, whose `code` stays. A POST \
    with an `Idempotency-Key` is done once: sent again, it is answered as the first time, for a day.";

/// Answers the document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "System",
    responses((status = 200, description = "This document", body = Object))
)]
pub async fn show(State(needs): State<Arc<Needs>>) -> impl IntoResponse {
    // Everybody may ask, so it is not written anew for each.
    let document = needs.document.get_or_init(|| Bytes::from(text()));
    ([(CONTENT_TYPE, "application/json")], document.clone())
}

/// The document as text that ends with its line.
pub fn text() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
pub fn document() -> OpenApi {
    let mut schemas = vec![named::<Problem>(), named::<Mistake>()];
    let mut paths = Paths::new();
    for Entry { right, route: (own, its, _), .. } in routes::table() {
        schemas.extend(own);
        for (path, mut item) in its.paths {
            for operation in operations(&mut item) {
                say_the_common(operation, right);
            }
            paths.paths.entry(path).or_default().merge_operations(item);
        }
    }
    let components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    let mut about = Info::new("Postrider", "1");
    about.description = Some(ABOUT.to_owned());
    OpenApiBuilder::new().info(about).paths(paths).components(Some(components)).build()
}

fn named<T: ToSchema>() -> (String, RefOr<Schema>) {
    (T::name().into_owned(), T::schema())
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Whom an operation answers, and what every one may answer.
fn say_the_common(operation: &mut Operation, right: Right) {
    let problem = Content::new(Some(Ref::from_schema_name(Problem::name())));
    let refused = ResponseBuilder::new().description("Why it is not done");
    let refused = refused.content(PROBLEM_TYPE, problem).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(refused));
    let whom = match right {
        Right::Open => "Everybody may ask.".to_owned(),
        _ => format!("Needs the right `{}`.", right.word()),
    };
    let said = operation.description.take();
    operation.description = Some(said.map_or(whom.clone(), |said| format!("{said}\n\n{whom}")));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_committed_document_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == text(),
            "write it anew: cargo run -p postrider -- api --openapi > docs/reference/openapi.json"
        );
    }

    #[test]
    fn schemas_of_one_name_are_one() {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for (name, schema) in routes::table().into_iter().flat_map(|entry| entry.route.0) {
            let text = serde_json::to_string(&schema).unwrap();
            let first = known.entry(name.clone()).or_insert_with(|| text.clone());
            assert_eq!(*first, text, "two types are called {name}: use #[schema(as = …)]");
        }
    }

    #[test]
    fn everything_an_operation_says_is_there() {
        for (path, mut item) in document().paths.paths {
            assert!(path.starts_with("/api/v1/") || path == "/metrics", "{path}");
            for operation in operations(&mut item) {
                assert!(operation.summary.is_some(), "{path}: a function without a comment");
                assert!(operation.tags.is_some(), "{path}");
                let named = operation.parameters.iter().flatten().map(|one| &one.name);
                let named: Vec<_> = named.collect();
                let in_path = path.split(['{', '}']).skip(1).step_by(2);
                for name in in_path {
                    assert!(named.iter().any(|known| *known == name), "{path}: {name}");
                }
            }
        }
    }
}
