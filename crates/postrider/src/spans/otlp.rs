//! OTLP: spans as bytes of an `ExportTraceServiceRequest`, in protobuf.
//!
//! The numbers of fields are those of opentelemetry-proto 1.x, which never change their meaning.

use domain::trace_context::TraceContext;

use super::span::{Span, Value};
use crate::version;

/// `STATUS_CODE_ERROR`. Source: opentelemetry-proto, trace.proto.
const STATUS_ERROR: u64 = 2;

/// How a value lies in the bytes. Source: the encoding of protobuf.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
}

/// Bytes of protobuf.
#[derive(Default)]
struct Protobuf(Vec<u8>);

/// A request with these spans of a service.
pub fn request(service: &str, spans: &[Span]) -> Vec<u8> {
    let mut request = Protobuf::default();
    request.nested(1, |resource_spans| {
        resource_spans.nested(1, |resource| {
            attribute(resource, 1, "service.name", &service.into());
            attribute(resource, 1, "service.version", &version::VERSION.into());
        });
        resource_spans.nested(2, |scope_spans| {
            scope_spans.nested(1, |scope| {
                scope.bytes(1, b"postrider");
                scope.bytes(2, version::VERSION.as_bytes());
            });
            for span in spans {
                scope_spans.nested(2, |part| write_span(part, span));
            }
        });
    });
    request.0
}

fn write_span(part: &mut Protobuf, span: &Span) {
    write_context(part, span.context);
    if let Some(parent) = span.parent {
        part.bytes(4, &parent.to_bytes());
    }
    part.bytes(5, span.name.as_bytes());
    part.number(6, span.kind as u64);
    part.fixed(7, span.start);
    part.fixed(8, span.end);
    for (name, value) in &span.attributes {
        attribute(part, 9, name, value);
    }
    if let Some(link) = span.link {
        part.nested(13, |part| write_context(part, link));
    }
    if let Some(reason) = span.failure {
        part.nested(15, |status| {
            status.bytes(2, reason.sentence().as_bytes());
            status.number(3, STATUS_ERROR);
        });
    }
}

fn write_context(part: &mut Protobuf, context: TraceContext) {
    part.bytes(1, &context.trace.to_bytes());
    part.bytes(2, &context.span.to_bytes());
}

fn attribute(part: &mut Protobuf, field: u64, name: &str, value: &Value) {
    part.nested(field, |pair| {
        pair.bytes(1, name.as_bytes());
        pair.nested(2, |any| match value {
            Value::Text(text) => any.bytes(1, text.as_bytes()),
            Value::Number(number) => any.number(3, *number),
        });
    });
}

impl Protobuf {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn tag(&mut self, field: u64, wire: Wire) {
        self.varint(field << 3 | wire as u64);
    }

    fn number(&mut self, field: u64, number: u64) {
        self.tag(field, Wire::Varint);
        self.varint(number);
    }

    fn fixed(&mut self, field: u64, number: u64) {
        self.tag(field, Wire::Fixed64);
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.tag(field, Wire::Bytes);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    /// A part that is written apart, as its length stands before it.
    fn nested(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        let mut part = Self::default();
        write(&mut part);
        self.bytes(field, &part.0);
    }
}
