//! What went wrong as TLS was agreed on, in the words of the dictionary.

use std::io;

use domain::reason::Reason;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::trust::Unfit;

/// What a handshake failed with.
pub fn fault(error: &io::Error) -> (Reason, String) {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match (inner, error.kind()) {
        (Some(inner), _) => fault_of(inner),
        (
            None,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe,
        ) => (Reason::TlsReset, format!("during the handshake: {error}")),
        (None, _) => (Reason::TlsFailed, error.to_string()),
    }
}

/// What TLS failed with, in the handshake or after it: in TLS 1.3 the word about a client
/// certificate comes when we have begun to send.
pub fn fault_of(error: &Error) -> (Reason, String) {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            match other.0.downcast_ref::<Unfit>() {
                Some(unfit) => (unfit.reason, unfit.detail.clone()),
                None => (Reason::TlsBadCertificate, error.to_string()),
            }
        }
        Error::InvalidCertificate(_) => (Reason::TlsBadCertificate, error.to_string()),
        Error::AlertReceived(alert) => (reason_of(*alert), words_of(*alert)),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (Reason::TlsTooOld, "the endpoint chose a version before TLS 1.2".to_owned()),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) => (Reason::NotTls, "what the endpoint answered is not TLS".to_owned()),
        _ => (Reason::TlsFailed, error.to_string()),
    }
}

/// What an alert of the endpoint means. Source: RFC 8446, section 6.2; servers of TLS 1.2 that miss
/// a client certificate say `bad_certificate`, or `handshake_failure`, which may be anything else.
fn reason_of(alert: AlertDescription) -> Reason {
    match alert {
        AlertDescription::ProtocolVersion => Reason::TlsTooOld,
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => Reason::TlsClientCertificateWanted,
        _ => Reason::TlsFailed,
    }
}

fn words_of(alert: AlertDescription) -> String {
    let hint = match alert {
        AlertDescription::HandshakeFailure => {
            "; no cipher in common, or a client certificate is wanted"
        }
        AlertDescription::UnrecognisedName => "; the endpoint does not know the name of the URL",
        _ => "",
    };
    format!("the endpoint says {alert:?}{hint}")
}
