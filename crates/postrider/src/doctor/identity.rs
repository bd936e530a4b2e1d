//! The gateway's certificate, where it speaks TLS: whether it fits its key, and how long it holds.

use std::path::Path;
use std::time::Duration;

use domain::time::Timestamp;

use super::Finding;
use crate::certificate;
use crate::clock;
use crate::config::Config;

/// Before its end a certificate needs a look. Source: chosen; those that are renewed by themselves
/// are it a month before.
const RENEWED_BEFORE: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Looks at certificate and key; nothing where the gateway speaks plain HTTP.
pub fn look(config: &Config) -> Option<Finding> {
    let intake = &config.intake;
    let (certificate, key) = (intake.tls_certificate.as_ref()?, intake.tls_key.as_ref()?);
    Some(match read(certificate, key) {
        Ok(until) => judge(&certificate.display().to_string(), until, clock::now()),
        Err(why) => Finding::bad("tls", why, "name a certificate and its key, both as PEM"),
    })
}

fn read(certificate: &Path, key: &Path) -> Result<Timestamp, String> {
    let text = |path: &Path| {
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let (pem, key_pem) = (text(certificate)?, text(key)?);
    let named = |path: &Path, error| format!("{} {error}", path.display());
    let chain = certificate::chain(&pem).map_err(|error| named(certificate, error))?;
    let own = certificate::key(&key_pem).map_err(|error| named(key, error))?;
    let until = chain.first().and_then(|own| certificate::valid_until(own));
    certificate::pair(chain, own).map_err(|error| {
        format!("{} and {} do not fit: {error}", certificate.display(), key.display())
    })?;
    until.ok_or_else(|| format!("{} cannot be read", certificate.display()))
}

/// How a certificate is that holds until then.
pub fn judge(whose: &str, until: Timestamp, now: Timestamp) -> Finding {
    let seen = format!("the certificate of {whose} holds until {until}");
    if until <= now {
        return Finding::bad("tls", format!("{seen}, which is past"), "renew it");
    }
    if until <= now.plus(RENEWED_BEFORE) {
        let days = until.since(now).as_secs() / (24 * 3_600);
        return Finding::doubtful("tls", format!("{seen}, {days} days from now"), "renew it");
    }
    Finding::good("tls", seen)
}

#[cfg(test)]
mod tests {
    use testkit::Certificate;

    use super::super::Verdict::{Bad, Doubtful, Good};
    use super::*;

    #[test]
    fn a_certificate_is_renewed_before_it_ends() {
        let now = Timestamp(1_800_000_000_000);
        let day = Duration::from_secs(24 * 3_600);
        let check = |until, want| assert_eq!(judge("x", until, now).verdict, want);
        check(now, Bad);
        check(now.plus(day * 13), Doubtful);
        check(now.plus(day * 15), Good);
    }

    #[test]
    fn a_key_of_another_certificate_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let [one, other] = [(); 2].map(|()| Certificate::of_localhost());
        let certificate = write("one.pem", &one.pem);
        assert!(read(&certificate, &write("key.pem", &one.key_pem)).is_ok());
        let wrong = read(&certificate, &write("other.pem", &other.key_pem)).unwrap_err();
        assert!(wrong.contains("do not fit"), "{wrong}");
        assert!(
            read(&dir.path().join("no.pem"), &certificate).unwrap_err().contains("cannot read")
        );
    }
}
