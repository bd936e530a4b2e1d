//! The member `postrider` of a destination, as far as it is about how requests are made: what
//! events may choose, what a query carries besides, what is signed with, and what TLS takes.
//!
//! All of it is ours, so a member that is not known here is a mistake and never passed over. No
//! sentence holds a word of a key.

use domain::destination::webhook::{
    AllowedHost, Dynamic, GetExtra, PrivateKey, Signing, SigningKey, SigningSecret, TlsSettings,
};

use domain::time::Timestamp;

use super::finding::Finding;
use super::node::{Node, Object};
use super::secrets::{Draft, Kind};
use super::source::Reader;

/// The members of `postrider` that a destination may have; `delivery.rs` and `tls.rs` read the last.
pub const OWN_MEMBERS: &[&str] = &["dynamic", "hosts", "getExtras", "signing", "delivery", "tls"];

/// Those it may have where it stands under a source; `rules.rs` reads the first two.
pub const NESTED_MEMBERS: &[&str] =
    &["filter", "consent", "dynamic", "hosts", "getExtras", "signing", "delivery", "tls"];

/// The members of `signing`.
pub const SIGNING_MEMBERS: &[&str] = &["keys", "ed25519"];

/// The members of a key.
pub const KEY_MEMBERS: &[&str] = &["secret", "validUntil"];

/// What the member says; as it is by itself where it is not there.
#[derive(Default)]
pub struct OwnRequests {
    /// How far events may choose where they go.
    pub dynamic: Dynamic,
    /// What a query carries besides.
    pub get_extras: Vec<GetExtra>,
    /// What is signed with.
    pub signing: Option<Box<Signing>>,
    /// What TLS takes from here.
    pub tls: Option<Box<TlsSettings>>,
}

impl Reader {
    /// Notes members that nothing reads. That is no reason to look no further: the rest is read all
    /// the same, so that its mistakes are found too.
    pub(super) fn unknown_own_members(
        &mut self,
        destination: &Object<'_>,
        members: &'static [&str],
    ) {
        if let Some(own) = destination.get("postrider").and_then(|node| node.object().ok()) {
            self.mistakes.extend(own.unknown(members));
        }
    }

    /// Reads how requests are made; none where that has a mistake.
    pub(super) fn own_requests(&mut self, destination: &Object<'_>) -> Option<OwnRequests> {
        let Some(node) = destination.get("postrider") else { return Some(OwnRequests::default()) };
        let before = self.mistakes.len();
        let own = self.keep(node.object())?;
        let dynamic = self.dynamic(&own);
        let get_extras = self.get_extras(&own);
        let signing = own.get("signing").map(|node| Box::new(self.signing(node)));
        let tls = own.get("tls").map(|node| Box::new(self.tls(node)));
        (self.mistakes.len() == before).then_some(OwnRequests { dynamic, get_extras, signing, tls })
    }

    fn dynamic(&mut self, own: &Object<'_>) -> Dynamic {
        let word = own
            .get("dynamic")
            .and_then(|node| self.keep(node.one_of(&["off", "same_origin", "hosts"])));
        let hosts = own.get("hosts");
        if word != Some("hosts") {
            if let Some(hosts) = hosts {
                let reason = "has no meaning unless \"dynamic\" is \"hosts\"";
                self.mistakes.push(hosts.finding(reason));
            }
            return if word == Some("off") { Dynamic::Off } else { Dynamic::SameOrigin };
        }
        let Some(list) = hosts else {
            self.mistakes.push(own.missing("hosts"));
            return Dynamic::default();
        };
        let rows = self.keep(list.elements());
        if rows.as_ref().is_some_and(Vec::is_empty) {
            self.mistakes.push(list.finding("is empty; name the hosts that events may choose"));
        }
        let rows = rows.unwrap_or_default();
        Dynamic::Hosts(rows.iter().filter_map(|row| self.keep(host(row))).collect())
    }

    fn get_extras(&mut self, own: &Object<'_>) -> Vec<GetExtra> {
        let known = GetExtra::ALL.map(GetExtra::as_str);
        let mut extras = Vec::new();
        for row in &self.rows(own, "getExtras") {
            match self.keep(row.one_of(&known)).and_then(GetExtra::from_name) {
                Some(extra) if extras.contains(&extra) => {
                    self.mistakes.push(row.finding("stands twice"));
                }
                Some(extra) => extras.push(extra),
                None => {}
            }
        }
        extras
    }

    fn signing(&mut self, node: &Node<'_>) -> Signing {
        let Some(own) = self.keep(node.object()) else { return Signing::default() };
        self.mistakes.extend(own.unknown(SIGNING_MEMBERS));
        let rows = self.rows(&own, "keys");
        let (drafts, ends): (Vec<_>, Vec<_>) =
            rows.iter().filter_map(|row| self.signing_key(row)).unzip();
        let secrets = self.parsed(Kind::SigningKey, &drafts, SigningSecret::parse);
        let keys = secrets.into_iter().zip(ends);
        let keys = keys
            .filter_map(|(secret, valid_until)| Some(SigningKey { secret: secret?, valid_until }));
        let keys = keys.collect();
        let ed25519 = own.get("ed25519").and_then(|node| self.draft(node));
        let ed25519 = self.parsed(Kind::PrivateKey, ed25519.as_slice(), PrivateKey::parse);
        Signing { keys, ed25519: ed25519.into_iter().flatten().next() }
    }

    fn signing_key<'a>(&mut self, row: &Node<'a>) -> Option<(Draft<'a>, Option<Timestamp>)> {
        let row = self.keep(row.object())?;
        self.mistakes.extend(row.unknown(KEY_MEMBERS));
        let secret = match row.get("secret") {
            Some(node) => self.draft(node),
            None => {
                self.mistakes.push(row.missing("secret"));
                None
            }
        };
        let valid_until = self.valid_until(&row)?;
        Some((secret?, valid_until))
    }

    /// A secret that has no name.
    fn draft<'a>(&mut self, node: &Node<'a>) -> Option<Draft<'a>> {
        let text = self.keep(node.string())?;
        let said = self.said(node, text)?;
        Some(Draft { node: node.clone(), name: String::new(), said })
    }

    fn parsed<T>(
        &mut self,
        kind: Kind,
        drafts: &[Draft<'_>],
        parse: fn(&str) -> Result<T, String>,
    ) -> Vec<Option<T>> {
        let settled = self.settle(kind, drafts).into_iter().zip(drafts);
        let parsed = settled.map(|(value, draft)| {
            let parsed = parse(&value?).map_err(|reason| draft.node.finding(reason));
            self.keep(parsed)
        });
        parsed.collect()
    }
}

fn host(row: &Node<'_>) -> Result<AllowedHost, Finding> {
    AllowedHost::parse(&row.string()?).map_err(|reason| row.finding(reason))
}

#[cfg(test)]
mod tests {
    use domain::destination::DestinationSettings;
    use domain::destination::webhook::WebhookSettings;

    use super::super::parse;
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SEED: &str = "whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

    fn file(own: &str) -> String {
        format!(
            r#"{{"sources":[{{"id":"s","writeKey":"k","destinations":[{{"id":"d","postrider":{own},
            "destinationDefinition":{{"name":"WEBHOOK"}},"config":{{"webhookUrl":"http://a.test"}}}}]}}]}}"#
        )
    }

    fn settings(own: &str) -> WebhookSettings {
        let file = parse(&file(own)).expect("a file");
        let DestinationSettings::Webhook(settings) = &file.workspace.destinations[0].settings;
        settings.clone()
    }

    #[track_caller]
    fn check(own: &str, expected: &[&str]) {
        let mistakes = parse(&file(own)).expect_err("the file has mistakes");
        let shown: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        let path = "line 1: sources[0].destinations[0].postrider";
        let expected: Vec<String> = expected.iter().map(|one| format!("{path}{one}")).collect();
        assert_eq!(shown, expected);
        let secrets = ["MfKQ9r8", "BwcHBw"];
        assert!(!secrets.iter().any(|secret| format!("{mistakes:?}").contains(secret)));
    }

    #[test]
    fn what_requests_are_made_of_may_be_set() {
        let got = settings(&format!(
            r#"{{"dynamic":"hosts","hosts":["a.example","*.b.example"],
            "getExtras":["messageId","groupTraits"],
            "signing":{{"keys":[{{"secret":"{SECRET}","validUntil":"2026-12-01T00:00:00Z"}},
                {{"secret":"{SECRET}","validUntil":null}}],"ed25519":"{SEED}"}}}}"#
        ));
        let hosts = ["a.example", "*.b.example"].map(|host| AllowedHost::parse(host).unwrap());
        assert_eq!(got.dynamic, Dynamic::Hosts(hosts.to_vec()));
        assert_eq!(got.get_extras, [GetExtra::MessageId, GetExtra::GroupTraits]);
        let signing = got.signing.expect("keys");
        let ends: Vec<_> =
            signing.keys.iter().map(|key| key.valid_until.map(|end| end.0)).collect();
        assert_eq!(ends, [Some(1_796_083_200_000), None]);
        assert_eq!(signing.ed25519, Some(PrivateKey::parse(SEED).unwrap()));
    }

    #[test]
    fn what_is_not_set_is_as_it_is_by_itself() {
        let plain = WebhookSettings::posting_to("http://a.test");
        for own in ["null", "{}", r#"{"dynamic":null,"hosts":null,"getExtras":[],"signing":null}"#]
        {
            assert_eq!(settings(own), plain, "{own}");
        }
        assert_eq!(settings(r#"{"dynamic":"same_origin"}"#), plain);
        assert_eq!(settings(r#"{"dynamic":"off"}"#).dynamic, Dynamic::Off);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        check("[]", &[": is a list, but must be an object"]);
        check(r#"{"getextra":1}"#, &[".getextra: is not known here; did you mean getExtras?"]);
        check(
            r#"{"dynamic":"on"}"#,
            &[".dynamic: is \"on\", but must be one of off, same_origin, hosts"],
        );
        check(r#"{"dynamic":true}"#, &[".dynamic: is a boolean, but must be a string"]);
        check(r#"{"dynamic":"hosts"}"#, &[".hosts: is missing"]);
        check(
            r#"{"dynamic":"hosts","hosts":[]}"#,
            &[".hosts: is empty; name the hosts that events may choose"],
        );
        check(
            r#"{"hosts":["a.example"]}"#,
            &[".hosts: has no meaning unless \"dynamic\" is \"hosts\""],
        );
        check(
            r#"{"dynamic":"hosts","hosts":["https://a.example","*",7]}"#,
            &[
                ".hosts[0]: is no host; write it as in a URL, without scheme, port and path: \
                 \"hooks.example\"",
                ".hosts[1]: has a star that is not the first part; all subdomains are \
                 \"*.hooks.example\", and there is no way to allow every host",
                ".hosts[2]: is a number, but must be a string",
            ],
        );
        check(
            r#"{"getExtras":["name","type","type"]}"#,
            &[
                ".getExtras[0]: is \"name\", but must be one of event, userId, anonymousId, \
                 messageId, type, groupTraits",
                ".getExtras[2]: stands twice",
            ],
        );
    }

    #[test]
    fn mistakes_in_keys_are_told_without_a_word_of_them() {
        check(r#"{"signing":{}}"#, &[".signing: has no key; give one in \"keys\", or \"ed25519\""]);
        check(
            &format!(
                r#"{{"signing":{{"keys":["{SECRET}",{{}},{{"secret":"{}"}}]}}}}"#,
                &SECRET[6..]
            ),
            &[
                ".signing.keys[0]: is a string, but must be an object",
                ".signing.keys[1].secret: is missing",
                ".signing.keys[2].secret: does not begin with whsec_",
            ],
        );
        let ending = format!(r#"{{"secret":"{SECRET}","validUntil":"2026-12-01T00:00:00Z"}}"#);
        check(
            &format!(r#"{{"signing":{{"keys":[{ending}]}}}}"#),
            &[".signing: has no key that stays: one must have no \"validUntil\""],
        );
        check(
            &format!(r#"{{"signing":{{"keys":[{{"secret":"{SECRET}","validUntil":"soon"}}]}}}}"#),
            &[".signing.keys[0].validUntil: is \"soon\", but must be a time with its zone, \
               as in \"2026-12-01T00:00:00Z\""],
        );
        let key = format!(r#"{{"signing":{{"ed25519":"{}","key":1}}}}"#, &SEED[..20]);
        check(
            &key,
            &[
                ".signing.ed25519: is not base64 after its prefix",
                ".signing.key: is not known here; did you mean keys?",
            ],
        );
    }

    #[test]
    fn what_signing_sets_is_no_header_row() {
        let own = format!(r#"{{"signing":{{"keys":[{{"secret":"{SECRET}"}}]}}}}"#);
        let row = r#""config":{"headers":[{"from":"Webhook-Id","to":"x"}],"#;
        let mistakes = parse(&file(&own).replace("\"config\":{", row)).expect_err("a mistake");
        assert_eq!(
            mistakes[0].to_string(),
            "line 2: sources[0].destinations[0].config.headers[0]: \
             header webhook-id is set by signing and cannot be set here"
        );
    }

    #[test]
    fn a_repeat_under_another_source_must_say_the_same() {
        let one = file("{}");
        let (_, rest) = one.split_once("\"destinations\":[").unwrap();
        let repeat = rest
            .split_once("]}]}")
            .unwrap()
            .0
            .replace("\"postrider\":{}", r#""postrider":{"dynamic":"off"}"#);
        let two = one.replace(
            "{\"sources\":[",
            &format!(r#"{{"sources":[{{"id":"t","writeKey":"l","destinations":[{repeat}]}},"#),
        );
        let mistakes = parse(&two).expect_err("a mistake");
        assert!(mistakes[0].reason.contains("in postrider: it must be the same"), "{mistakes:?}");
    }

    #[test]
    fn the_docs_show_what_can_be_set() {
        for (page, count) in [
            (include_str!("../../../../docs/guides/workspace-file.md"), 2),
            (include_str!("../../../../docs/reference/webhook.md"), 2),
        ] {
            let blocks = page.split("```").skip(1).step_by(2);
            let own = blocks.filter_map(|block| block.split_once("\n\"postrider\": "));
            let elsewhere = ["writeKeys", "filter", "tls"];
            let own = own.filter(|(_, own)| !elsewhere.iter().any(|word| own.contains(word)));
            let read: Vec<WebhookSettings> = own.map(|(_, own)| settings(own)).collect();
            assert_eq!(read.len(), count);
        }
        let guide = include_str!("../../../../docs/guides/webhooks.md");
        let block = |opening: &str| {
            let (_, rest) = guide.split_once(opening).expect("a block");
            rest.split_once("```").expect("an end").0
        };
        let file = parse(block("```json\n")).expect("the guide's file is right");
        assert_eq!(file.warnings, []);
        settings(&format!("{{{}}}", block("```js\n   ")));
        settings(&format!("{{{}}}", block("\n```js\n")));
    }
}
