//! The dictionary of reasons: one code, sentence and piece of advice for each piece of bad news,
//! the same in answers, pages, the command line and the docs.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($variant:ident $code:literal $sentence:literal $advice:literal)*) => {
        /// Why something was refused, was not delivered, or is tried again.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum Reason {
            $(#[doc = $sentence] #[serde(rename = $code)] $variant,)*
        }

        impl Reason {
            /// All of them, in the order of the docs.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The reason with this code; none for codes of another version.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }

            /// One sentence that says what happened.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }

            /// What to do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

reasons! {
    MissingKey "missing_key" "The request carries no write key."
        "Send the source's write key as user name of HTTP Basic authentication."
    BadKey "bad_key" "The write key belongs to no source."
        "Copy the write key of the source again; keys are case-sensitive."
    ExpiredKey "expired_key" "The write key has ended."
        "Send with a current write key of the source, or give this one a later validUntil."
    DisabledSource "disabled_source" "The source is disabled."
        "Enable the source, or stop sending to it."
    ForbiddenOrigin "forbidden_origin" "The page's origin is not among the source's allowed origins."
        "Add the origin to the source's allowedOrigins, if the page is yours."
    RateLimited "rate_limited" "The source has sent more events than its rate limit allows."
        "Clients try again by themselves; raise the source's rateLimit if it stays so."
    BadJson "bad_json" "The body is not valid JSON."
        "Look at the place named in the detail; an empty body is not valid JSON either."
    BadEncoding "bad_encoding" "The body's Content-Encoding is not known."
        "Send the body as it is, or with Content-Encoding: gzip."
    BadGzip "bad_gzip" "The body is not valid gzip, although its header says so."
        "Check that the body is compressed once and sent whole."
    TooDeep "too_deep" "The JSON is nested too deeply."
        "Flatten the event; 100 levels are the limit."
    TooManyKeys "too_many_keys" "The event has too many keys."
        "Split the event; 10,000 keys are the limit."
    NotAnEvent "not_an_event" "A JSON object was expected."
        "Send an object, or {\"batch\":[…]} with objects to /v1/batch."
    EmptyBatch "empty_batch" "The batch holds no event."
        "Send at least one event in \"batch\"."
    BatchTooLong "batch_too_long" "The batch holds too many events."
        "Send at most 5,000 events in a batch."
    MissingId "missing_id" "The event has neither anonymousId nor userId."
        "Give every event a userId or an anonymousId."
    TooLarge "too_large" "The request or event is larger than allowed."
        "Send smaller batches, or raise intake.request_bytes_max or intake.event_bytes_max."
    BadHead "bad_head" "The request is not valid HTTP."
        "Check the client, or what it connects through; lines end with a carriage return and a line feed."
    BadFraming "bad_framing" "Where the request ends is in doubt."
        "Send one Content-Length, or Transfer-Encoding: chunked, and not both."
    BadHost "bad_host" "The request names no host, or two."
        "Send one Host header, as HTTP/1.1 asks for."
    BadTarget "bad_target" "The path or query of the request has characters that none may have."
        "Percent-encode them, and send no fragment (#)."
    HeadTooLarge "head_too_large" "The head of the request is too large."
        "Send fewer cookies and headers; 100 headers and 64 KiB are the limits."
    TargetTooLong "target_too_long" "The path and query of the request are too long."
        "Send the event as a body; 64 KiB are the limit."
    NeedsTls "needs_tls" "Plain HTTP was sent to a port that speaks HTTPS."
        "Use https:// in the data plane URL."
    BodyTimeout "body_timeout" "The body did not arrive in time."
        "Check the client's network; intake.body_timeout and intake.body_grace are the limits."
    BodyCut "body_cut" "The connection ended before the body was complete."
        "Check the client's network; nothing of the request was stored."
    Busy "busy" "Too many requests are under way."
        "Clients try again by themselves; see intake.bodies_bytes_max."
    StoreTimeout "store_timeout" "Storage did not answer in time."
        "Clients try again by themselves; check the disk's speed."
    StorageFull "storage_full" "Storage has no room at the moment."
        "Clients try again by themselves; check disk space and disk speed."
    StorageFailed "storage_failed" "Storage failed."
        "See the server's log; it ends and recovers at the next start."
    ShuttingDown "shutting_down" "The server is shutting down."
        "Clients try again by themselves."
    DnsFailed "dns_failed" "The endpoint's name could not be resolved."
        "Check the host name in the URL and the name servers of this machine."
    DnsTimeout "dns_timeout" "The endpoint's name could not be resolved in time."
        "Check the name servers of this machine, or name others with egress.name_servers."
    BlockedAddress "blocked_address" "The endpoint's address may not be called."
        "If the endpoint is yours, allow its network with egress.allow."
    ConnectRefused "connect_refused" "The endpoint refused the connection."
        "Check that the endpoint runs and listens on this port."
    ConnectTimeout "connect_timeout" "The endpoint could not be reached in time."
        "Check the network and the firewall between this machine and the endpoint."
    Unreachable "unreachable" "There is no way to the endpoint's address."
        "Check the network and the routes of this machine."
    NoConnection "no_connection" "There was no connection left for the attempt."
        "See whether other attempts hang; raise the limit of open files, or lower delivery.concurrency."
    TlsExpired "tls_expired" "The endpoint's certificate has expired."
        "Renew the certificate at the endpoint; the detail has its dates."
    TlsNotYetValid "tls_not_yet_valid" "The endpoint's certificate is not valid yet."
        "Compare the dates in the detail with the clock of this machine."
    TlsWrongName "tls_wrong_name" "The endpoint's certificate is for other names than that of the URL."
        "Use a name of the detail in the URL, or a certificate for the URL's name at the endpoint."
    TlsUnknownIssuer "tls_unknown_issuer" "The endpoint's certificate comes from an authority that is not trusted."
        "Set the authority's certificate as postrider.tls.ca of the destination; let the endpoint send its whole chain."
    TlsSelfSigned "tls_self_signed" "The endpoint's certificate is signed by itself and not trusted."
        "Set the certificate as postrider.tls.ca of the destination, or get one from an authority."
    TlsBadCertificate "tls_bad_certificate" "The endpoint's certificate cannot be used."
        "The detail names what is wrong with it; make a new one for the endpoint."
    TlsClientCertificateWanted "tls_client_certificate_wanted" "The endpoint asks for a client certificate."
        "Set postrider.tls.certificate and postrider.tls.key of the destination."
    TlsClientCertificateRefused "tls_client_certificate_refused" "The endpoint does not take our client certificate."
        "Compare the dates and the issuer of postrider.tls.certificate with what the endpoint trusts."
    TlsTooOld "tls_too_old" "The endpoint only speaks versions of TLS before 1.2."
        "Let the endpoint, or a proxy in front of it, speak TLS 1.2 or 1.3."
    NotTls "not_tls" "The endpoint does not speak TLS."
        "Check the port; a plain HTTP endpoint has a URL with http."
    TlsReset "tls_reset" "The endpoint ended the connection while TLS was agreed on."
        "Check the endpoint's log and the proxies in front of it; it may not know the name of the URL."
    TlsTimeout "tls_timeout" "The endpoint did not agree on TLS in time."
        "Check that the port speaks TLS, and how busy the endpoint is."
    TlsFailed "tls_failed" "The TLS connection could not be made."
        "The detail names the fault."
    Timeout "timeout" "The endpoint did not answer in time."
        "Answer first and work afterwards, or raise delivery.timeout."
    Reset "reset" "The connection ended before an answer came."
        "Check the endpoint's log and the proxies in front of it."
    BadResponse "bad_response" "The answer was not valid HTTP."
        "Check that the URL points at an HTTP server."
    HeaderTooLarge "header_too_large" "The head of the answer is too large."
        "Let the endpoint answer with fewer headers; 64 KiB and 100 headers are the limits."
    BadRequest "bad_request" "The request for this event could not be built."
        "The detail names the destination's setting, or the event's member, that cannot be sent."
    DynamicUrlRefused "dynamic_url_refused" "The event asks for a URL that the destination does not allow."
        "Set dynamic and hosts of the destination, if its events may choose where they go."
    Redirect "redirect" "The endpoint answered with a redirect, which is not followed."
        "Set the destination's URL to the place named in the detail."
    ClientError "client_error" "The endpoint refused the event."
        "See the status and the answer; the endpoint says why."
    Throttled "throttled" "The endpoint asks to slow down."
        "Deliveries go on by themselves; raise the endpoint's limit if it stays so."
    ServerError "server_error" "The endpoint failed."
        "See the endpoint's log; deliveries are tried again."
    BadStatus "bad_status" "The endpoint answered with a status that has no meaning here."
        "Answer with 200 to 299 when the event was taken."
    Trimmed "trimmed" "The event was removed by retention before it was delivered."
        "Raise journal.retention, or journal.size_max where that bounds the journal."
    Quarantined "quarantined" "The stored event is damaged and was not sent."
        "Check the disk; see the server's log for the range."
    Skipped "skipped" "Somebody skipped the delivery."
        "Events behind it go on; it stays listed here."
    FilteredIntegrations "filtered_integrations" "The event's integrations object keeps it from this destination."
        "Where the destination should get it, send integrations without false for Webhook, or for its name or id."
    FilteredConsent "filtered_consent" "The user has not given the consent that this destination asks for."
        "Compare context.consentManagement of the event with the destination's consent rules."
    FilteredType "filtered_type" "The connection does not let events of this type pass."
        "Add the type to the filter's types, if the destination should get it."
    FilteredEvent "filtered_event" "The connection does not let events of this name pass."
        "Change the filter's events.allow or events.deny, if the destination should get it."
    FilteredCondition "filtered_condition" "The event does not meet the connection's condition."
        "Try another condition on what is stored before you save it: POST /api/v1/filters/try."
    FilteredSample "filtered_sample" "The event's user is not in the connection's sample."
        "Raise the filter's sample; whoever is in stays in."
    DestinationDisabled "destination_disabled" "The event came while the destination was disabled."
        "Enable the destination; pause it instead where events are to wait."
    DestinationRemoved "destination_removed" "The event came while the destination was removed."
        "Put the destination back, or let it go."
    RemovedForGood "removed_for_good" "The destination was removed and not put back in time."
        "Put a destination back within delivery.keep_removed to get what waits for it."
    AlreadyDelivered "already_delivered" "The destination has got the event already."
        "To send it all the same, make a replay that resends."
    StillOpen "still_open" "The destination's own delivery of the event is not finished."
        "It is made by itself; it is not replayed beside that."
}

impl Reason {
    /// Whether TLS with an endpoint could not be agreed on.
    pub fn is_of_tls(self) -> bool {
        matches!(
            self,
            Self::TlsExpired
                | Self::TlsNotYetValid
                | Self::TlsWrongName
                | Self::TlsUnknownIssuer
                | Self::TlsSelfSigned
                | Self::TlsBadCertificate
                | Self::TlsClientCertificateWanted
                | Self::TlsClientCertificateRefused
                | Self::TlsTooOld
                | Self::NotTls
                | Self::TlsReset
                | Self::TlsTimeout
                | Self::TlsFailed
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Reason;

    #[test]
    fn every_reason_has_its_own_code_a_sentence_and_advice() {
        let mut codes = HashSet::new();
        for reason in Reason::ALL {
            assert!(codes.insert(reason.code()), "{} stands twice", reason.code());
            assert!(reason.sentence().ends_with('.'), "{}", reason.code());
            assert!(reason.advice().ends_with('.'), "{}", reason.code());
        }
    }
}
