//! `GET /api/v1/test-events/samples`: an event of each type, for whoever composes one.

use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use domain::event::EventKind;
use utoipa::ToSchema;

/// Events to begin with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what stands in a file")]
pub struct Samples {
    samples: Vec<Sample>,
}

/// An event to begin with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what stands in a file")]
struct Sample {
    #[schema(value_type = String)]
    r#type: EventKind,
    #[schema(value_type = Object)]
    event: String,
}

const SAMPLES: &str = include_str!("samples.json");

/// Lists an event of each type, as an SDK might send it.
#[utoipa::path(
    get,
    path = "/api/v1/test-events/samples",
    tag = "Events",
    responses((status = 200, description = "One of each type", body = Samples))
)]
pub async fn list() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/json")], SAMPLES)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::event::fields::Stamp;
    use domain::event::intake::{self, Shape};
    use domain::id::SourceId;
    use domain::time::Timestamp;
    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Deserialize)]
    struct Listed {
        samples: Vec<One>,
    }

    #[derive(Deserialize)]
    struct One {
        r#type: EventKind,
        event: Box<RawValue>,
    }

    #[test]
    fn there_is_one_of_each_type_and_each_is_taken() {
        let listed: Listed = serde_json::from_str(SAMPLES).unwrap();
        let (source, mut fresh_id) = (SourceId::new("app"), || [0; 16]);
        let mut stamp = Stamp::new(&source, Timestamp(0), "", &mut fresh_id);
        let mut kinds = BTreeMap::new();
        for One { r#type, event } in &listed.samples {
            let body = format!(r#"{{"batch":[{event}]}}"#);
            let read = intake::read(body.as_bytes(), Shape::Batch, &mut stamp).unwrap();
            assert_eq!(read.rejections, [], "{event}");
            assert_eq!(read.events[0].kind, *r#type, "{event}");
            *kinds.entry(*r#type as u8).or_insert(0) += 1;
        }
        let all = EventKind::ALL.iter().filter(|kind| **kind != EventKind::Other);
        assert_eq!(kinds, all.map(|kind| (*kind as u8, 1)).collect());
    }
}
