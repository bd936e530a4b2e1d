//! Rows about tracing: whether telemetry is told of events, of how many, and where.

use super::kind::{Choice, Kind};
use super::table::Row;

/// What telemetry is told.
pub const OTEL: &[Row] = &[
    Row {
        key: "otel.endpoint",
        kind: Kind::OptionalUrl(|config| &mut config.otel.endpoint),
        default: "",
        help: "URL of an OpenTelemetry collector that is told of events",
        more: "It gets traces, in OTLP over HTTP (protobuf), at this URL with `/v1/traces` behind it. \
               Headers for it are in the variable POSTRIDER_OTEL_HEADERS. It may be at any address \
               but those of metadata services. Without it nothing is traced, and that costs nothing.",
    },
    Row {
        key: "otel.sample",
        kind: Kind::Share(|config| &mut config.otel.sample),
        default: "0.01",
        help: "Share of all events that is traced",
        more: "Of a traced event its acceptance and every attempt are told, at every destination, also \
               after a restart and in replays.",
    },
    Row {
        key: "otel.service_name",
        kind: Kind::Name(|config| &mut config.otel.service_name),
        default: "postrider",
        help: "Name of this server in telemetry",
        more: "",
    },
    Row {
        key: "otel.tell_endpoints",
        kind: Kind::Choice(&[
            Choice {
                word: "off",
                meaning: "requests are the same, whether they are traced or not",
                pick: |config| config.otel.tells_endpoints = false,
            },
            Choice {
                word: "on",
                meaning: "requests for traced events have the header `traceparent`",
                pick: |config| config.otel.tells_endpoints = true,
            },
        ]),
        default: "off",
        help: "Whether endpoints are told the span that a request is made in",
        more: "With it, spans of an endpoint of yours are part of the event's trace. A destination that \
               has a header of that name configured keeps its own.",
    },
];
