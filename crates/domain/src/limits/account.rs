//! The bounds of accounts: names, passwords, sessions and tokens.

use std::time::Duration;

/// Bytes of a user's name. Source: RFC 5321 section 4.5.3.1.1, the local part of an address.
pub const USER_NAME_BYTES_MAX: usize = 64;

/// Characters of a password. Source: OWASP ASVS 6.2.1 asks for 8 and recommends 15; chosen.
pub const PASSWORD_CHARACTERS_MIN: usize = 12;

/// Different characters of a password, case aside. Source: chosen.
pub const PASSWORD_DIFFERENT_MIN: usize = 5;

/// Bytes of a password. Source: OWASP ASVS 6.2.9 asks for at least 64 characters; chosen.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// How long a session lasts without being used. Source: chosen; a working day.
pub const SESSION_IDLE_MAX: Duration = Duration::from_secs(12 * 3_600);

/// How long a session lasts at most. Source: chosen; a week.
pub const SESSION_TIME_MAX: Duration = Duration::from_secs(7 * 86_400);

/// How exactly it is known when a session or token was used last. Source: chosen; each note is a
/// synced commit.
pub const SEEN_STEP: Duration = Duration::from_secs(60);

/// Sessions of one user at the same time; a further one ends the oldest. Source: chosen.
pub const SESSIONS_OF_USER_MAX: usize = 20;

/// Bytes kept of what a browser calls itself. Source: chosen; those of today's browsers have about 120.
pub const USER_AGENT_BYTES_MAX: usize = 256;

/// Users that may be made. Source: chosen; all are kept in memory.
pub const USERS_MAX: usize = 1_000;

/// Tokens that may be made. Source: as [`USERS_MAX`].
pub const TOKENS_MAX: usize = 1_000;

/// Passwords that are hashed at the same time. Source: chosen; half of a small machine's processors
/// would do, and 38 MB.
pub const PASSWORD_HASHES_MAX: usize = 2;

/// How often somebody may try to log in: so many at once, and one more after each span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoginRate {
    /// Tries at once.
    pub burst: u32,
    /// After which one more is possible.
    pub every: Duration,
}

/// Tries from one address. Source: chosen; a team behind one address logs in at once.
pub const LOGINS_OF_ADDRESS: LoginRate = LoginRate { burst: 20, every: Duration::from_secs(3) };

/// Tries of one name. Source: chosen; 43,000 guesses a day find no password of twelve characters.
pub const LOGINS_OF_NAME: LoginRate = LoginRate { burst: 30, every: Duration::from_secs(2) };

/// Tries of one name from one address. Source: chosen; people mistype twice.
pub const LOGINS_OF_BOTH: LoginRate = LoginRate { burst: 5, every: Duration::from_secs(12) };

/// Places in which tries are counted. Source: chosen; 128 kB, and two that share one meet by chance.
pub const LOGIN_PLACES: usize = 16_384;

/// How long the same look at the same payload is one. Source: chosen; pages ask every two seconds.
pub const LOOK_TIME_MAX: Duration = Duration::from_secs(600);

/// Looks that are remembered. Source: chosen; some 100 kB.
pub const LOOKS_MAX: usize = 1_000;
