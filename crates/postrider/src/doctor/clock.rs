//! The clock: whether it can be right, and how far it is from a time server where one is named.

use std::io;
use std::time::Duration;

use domain::time::Timestamp;
use tokio::net::UdpSocket;

use super::Finding;
use crate::clock::now;

/// No server of this version ran before. Source: the day before this check was written.
const EARLIEST: Timestamp = Timestamp(1_764_000_000_000);

/// Seconds from 1900, where time servers begin, to 1970. Source: RFC 5905, figure 4.
const SECONDS_TO_1970: i64 = 2_208_988_800;

/// Seconds after which the numbers of time servers begin again. Source: RFC 5905, section 6.
const ERA_SECONDS: i64 = 1 << 32;

/// Longest wait for a time server. Source: chosen.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Milliseconds off that matter to receivers, who compare times of signatures. Source: chosen; a
/// second is what a machine with a time service never is off.
const OFF_MS_DOUBTFUL: i64 = 1_000;

/// The same where they refuse. Source: Standard Webhooks, libraries allow five minutes; some one.
const OFF_MS_BAD: i64 = 60_000;

/// Looks at the clock.
pub async fn look(server: Option<&str>) -> Finding {
    let found = now();
    if found < EARLIEST {
        return Finding::bad("clock", format!("it says {found}, which is past"), FIX);
    }
    let Some(server) = server else {
        let fix = "--time-server pool.ntp.org compares it";
        return Finding {
            fix: fix.to_owned(),
            ..Finding::good("clock", format!("it says {found}"))
        };
    };
    match offset(server).await {
        Ok(off) => judge(server, off),
        Err(error) => Finding::doubtful(
            "clock",
            format!("the time server {server} does not answer: {error}"),
            "name another one, or let UDP to its port 123 through",
        ),
    }
}

const FIX: &str = "start a time service, such as systemd-timesyncd or chrony";

fn judge(server: &str, off_ms: i64) -> Finding {
    let seen = format!("it is {:.3} s off {server}", off_ms as f64 / 1_000.0);
    match off_ms.abs() {
        OFF_MS_BAD.. => Finding::bad("clock", format!("{seen}: receivers refuse signatures"), FIX),
        OFF_MS_DOUBTFUL.. => Finding::doubtful("clock", seen, FIX),
        _ => Finding::good("clock", seen),
    }
}

/// How many milliseconds our clock is ahead of a server's.
async fn offset(server: &str) -> io::Result<i64> {
    let place = if server.contains(':') { server.to_owned() } else { format!("{server}:123") };
    let address = tokio::net::lookup_host(place).await?.next();
    let address = address.ok_or_else(|| io::Error::other("the name has no address"))?;
    let any = if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    let sent = now();
    let mut packet = [0; 48];
    // Version 4, mode 3: a client. Source: RFC 5905, section 7.3.
    packet[0] = 0b00_100_011;
    packet[40..].copy_from_slice(&stamp(sent));
    socket.send(&packet).await?;
    let mut answer = [0; 48];
    let received = tokio::time::timeout(ANSWER_TIME_MAX, socket.recv(&mut answer)).await;
    let length = received.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let back = now();
    ahead(&answer[..length], sent, back).ok_or_else(|| io::Error::other("what came is no time"))
}

/// How far ahead we are, by an answer to what was sent then and came back now. Source: RFC 5905,
/// section 8.
fn ahead(answer: &[u8], sent: Timestamp, back: Timestamp) -> Option<i64> {
    let is_server = answer.len() >= 48 && answer[0] & 0b111 == 4;
    // A server that does not know the time itself says so by its stratum.
    let knows = is_server && (1..16).contains(&answer[1]) && answer[24..32] == stamp(sent);
    if !knows {
        return None;
    }
    let (received, answered) = (read(&answer[32..40], back)?, read(&answer[40..48], back)?);
    Some(((sent.0 - received) + (back.0 - answered)) / 2)
}

/// A moment as time servers write it: seconds and parts of one, 32 bits each.
fn stamp(at: Timestamp) -> [u8; 8] {
    let seconds = at.0.div_euclid(1_000) + SECONDS_TO_1970;
    let parts = (at.0.rem_euclid(1_000) << 32) / 1_000;
    let number = (seconds.rem_euclid(ERA_SECONDS) << 32) | parts;
    number.cast_unsigned().to_be_bytes()
}

/// Milliseconds since 1970 of such a moment, in the era that is nearest to ours.
fn read(bytes: &[u8], near: Timestamp) -> Option<i64> {
    let number = u64::from_be_bytes(bytes.try_into().ok()?);
    let (seconds, parts) = ((number >> 32) as i64, (number & 0xffff_ffff) as i64);
    let near_seconds = near.0.div_euclid(1_000) + SECONDS_TO_1970;
    let era = (near_seconds - seconds + ERA_SECONDS / 2).div_euclid(ERA_SECONDS);
    let seconds = seconds + era * ERA_SECONDS - SECONDS_TO_1970;
    Some(seconds * 1_000 + ((parts * 1_000) >> 32))
}

#[cfg(test)]
mod tests {
    use super::super::Verdict::{Bad, Doubtful, Good};
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_500);

    fn answer(sent: Timestamp, server: Timestamp) -> [u8; 48] {
        let mut answer = [0; 48];
        answer[0] = 0b00_100_100;
        answer[1] = 2;
        answer[24..32].copy_from_slice(&stamp(sent));
        answer[32..40].copy_from_slice(&stamp(server));
        answer[40..48].copy_from_slice(&stamp(server));
        answer
    }

    #[test]
    fn a_clock_is_compared_with_a_servers() {
        let check = |server: i64, want: i64| {
            let got = ahead(&answer(NOW, Timestamp(server)), NOW, NOW).expect("an answer");
            assert!((got - want).abs() <= 1, "{got} for {want}");
        };
        check(NOW.0, 0);
        check(NOW.0 - 2_000, 2_000);
        check(NOW.0 + 90_000, -90_000);
        let behind_2036 = Timestamp(2_090_000_000_000);
        let read = ahead(&answer(behind_2036, behind_2036), behind_2036, behind_2036);
        assert_eq!(read, Some(0), "the numbers begin again in 2036");
    }

    #[test]
    fn what_is_no_answer_of_a_time_server_is_not_believed() {
        let good = answer(NOW, NOW);
        assert_eq!(ahead(&good[..40], NOW, NOW), None);
        let check = |at: usize, byte: u8| {
            let mut wrong = good;
            wrong[at] = byte;
            assert_eq!(ahead(&wrong, NOW, NOW), None, "byte {at}");
        };
        check(0, 0b00_100_011);
        check(1, 0);
        check(1, 16);
        check(30, good[30] ^ 1);
    }

    #[test]
    fn what_receivers_would_refuse_is_bad() {
        let check = |off, want| assert_eq!(judge("t", off).verdict, want, "{off}");
        check(-20, Good);
        check(1_500, Doubtful);
        check(-61_000, Bad);
    }
}
