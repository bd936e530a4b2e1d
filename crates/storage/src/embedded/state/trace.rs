//! Traces of attempts as `state.db` holds them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use domain::delivery::trace::{Excerpt, Phases, Trace};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};

/// An address and a port, as one number where that is possible, which costs a third of the text:
/// `remote >> 16` is the IPv4 address and `remote & 65535` the port. Of IPv6 there are their bytes.
pub enum Remote {
    /// Of IPv4.
    V4(i64),
    /// Of IPv6.
    V6([u8; 18]),
}

impl From<SocketAddr> for Remote {
    fn from(remote: SocketAddr) -> Self {
        let port = remote.port();
        match remote.ip() {
            IpAddr::V4(ip) => Self::V4(i64::from(ip.to_bits()) << 16 | i64::from(port)),
            IpAddr::V6(ip) => {
                let mut bytes = [0; 18];
                bytes[..16].copy_from_slice(&ip.octets());
                bytes[16..].copy_from_slice(&port.to_be_bytes());
                Self::V6(bytes)
            }
        }
    }
}

impl ToSql for Remote {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::V4(number) => ValueRef::Integer(*number),
            Self::V6(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// An address and a port as read back.
struct ReadRemote(SocketAddr);

impl FromSql for ReadRemote {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let (ip, port) = match value {
            ValueRef::Integer(number) => (v4(number)?, number.to_be_bytes()),
            value => {
                let [ip @ .., high, low] = <[u8; 18]>::column_result(value)?;
                (IpAddr::from(ip), [0, 0, 0, 0, 0, 0, high, low])
            }
        };
        let [.., high, low] = port;
        Ok(Self(SocketAddr::new(ip, u16::from_be_bytes([high, low]))))
    }
}

fn v4(number: i64) -> FromSqlResult<IpAddr> {
    let bits = u32::try_from(number >> 16).map_err(|_| FromSqlError::OutOfRange(number))?;
    Ok(IpAddr::V4(Ipv4Addr::from_bits(bits)))
}

/// The columns that [`trace`] reads of an attempt `a` and the connection `c` that was made for it;
/// those of its answer follow, or two nulls.
pub const COLUMNS: &str = "c.resolve_us, c.connect_us, c.tls_us, a.first_byte_us, a.remote";

/// Reads the columns of a trace, of which the first one stands at `first`.
pub fn trace(row: &Row<'_>, first: usize) -> rusqlite::Result<Trace> {
    let phases = Phases {
        resolve_us: row.get(first)?,
        connect_us: row.get(first + 1)?,
        tls_us: row.get(first + 2)?,
        first_byte_us: row.get(first + 3)?,
    };
    let remote: Option<ReadRemote> = row.get(first + 4)?;
    let headers: Option<String> = row.get(first + 5)?;
    let answer = headers.map(|headers| excerpt(row, first + 5, &headers)).transpose()?;
    Ok(Trace { phases, remote: remote.map(|remote| remote.0), answer: answer.map(Arc::new) })
}

fn excerpt(row: &Row<'_>, column: usize, headers: &str) -> rusqlite::Result<Excerpt> {
    let headers = serde_json::from_str(headers).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })?;
    Ok(Excerpt { headers, body: row.get(column + 1)? })
}
