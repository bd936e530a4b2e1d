//! Endpoints that are bad in 38 ways, for as long as somebody reads standard input's other end.
//!
//! What good destinations are measured beside (`bench/`). On standard output, in one line, stand
//! their ports as a JSON list; the last ten answer with a body of a gigabyte.

use std::io::{Read, Write};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What an endpoint does with a connection.
#[derive(Clone, Copy)]
enum Manner {
    /// Closes it at once.
    Close,
    /// Takes everything and is silent.
    Silence,
    /// Answers with these bytes to each request, and closes.
    Answer(&'static str),
    /// Answers with these bytes, and then with the others, without end.
    Endless(&'static str, &'static str),
    /// Answers with these bytes, and then a byte at a time.
    Drip(&'static str),
    /// Answers with a gigabyte.
    Gigabyte,
}

const BODY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";

const MANNERS: [Manner; 28] = [
    Manner::Close,
    Manner::Close,
    Manner::Silence,
    Manner::Silence,
    Manner::Silence,
    Manner::Silence,
    Manner::Answer("SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    Manner::Answer("HTTP/1.1 000 No\r\n\r\n"),
    Manner::Answer("HTTP/1.1 999 No\r\ncontent-length: 0\r\n\r\n"),
    Manner::Answer("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"),
    Manner::Answer("HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n"),
    Manner::Answer("HTTP/1.1 503 No\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n"),
    Manner::Answer("HTTP/1.1 429 No\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n"),
    Manner::Answer("HTTP/1.1 302 No\r\nlocation: /\r\ncontent-length: 0\r\n\r\n"),
    Manner::Answer("HTTP/1.1 400 No\r\ncontent-length: 0\r\n\r\n"),
    Manner::Answer("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"),
    Manner::Answer("HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n"),
    Manner::Answer("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"),
    Manner::Answer("HTTP/1.1 101 Switch\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    Manner::Answer("HTTP/1.1 20"),
    Manner::Endless("", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
    Manner::Endless("HTTP/1.1 200 OK\r\nx: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    Manner::Endless("HTTP/1.1 200 OK\r\n", "x: y\r\nx: y\r\nx: y\r\nx: y\r\n"),
    Manner::Endless(BODY, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    Manner::Endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
    Manner::Drip(BODY),
    Manner::Drip("HTTP/1.1 200 OK\r\nx: "),
    Manner::Drip("HTTP/1.1 "),
];

const GIGABYTES: usize = 10;
const PACE: Duration = Duration::from_millis(500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut ports = Vec::new();
    for manner in MANNERS.into_iter().chain([Manner::Gigabyte; GIGABYTES]) {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        ports.push(listener.local_addr()?.port());
        tokio::spawn(accept(listener, manner));
    }
    writeln!(std::io::stdout(), "{ports:?}")?;
    std::io::stdout().flush()?;
    // The end of the input is the end of the measurement.
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = ended.await;
    Ok(())
}

async fn accept(listener: TcpListener, manner: Manner) {
    while let Ok((stream, _)) = listener.accept().await {
        // A connection that breaks just ends.
        tokio::spawn(async move { serve(stream, manner).await.ok() });
    }
}

async fn serve(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut request = vec![0; 64 << 10];
    if !matches!(manner, Manner::Close) {
        // Some of a request is enough to be bad.
        let _some = stream.read(&mut request).await?;
    }
    match manner {
        Manner::Close => Ok(()),
        Manner::Silence => std::future::pending().await,
        Manner::Answer(text) => {
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await
        }
        Manner::Endless(first, others) => pour(stream, first, &others.repeat(100), u64::MAX).await,
        Manner::Gigabyte => pour(stream, BODY, &"x".repeat(64 << 10), 1_000_000_000).await,
        Manner::Drip(first) => {
            stream.write_all(first.as_bytes()).await?;
            loop {
                tokio::time::sleep(PACE).await;
                stream.write_all(b"1").await?;
            }
        }
    }
}

async fn pour(mut stream: TcpStream, first: &str, text: &str, bytes: u64) -> std::io::Result<()> {
    stream.write_all(first.as_bytes()).await?;
    let mut left = bytes;
    while left > 0 {
        let count = text.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        stream.write_all(&text.as_bytes()[..count]).await?;
        left -= count as u64;
    }
    Ok(())
}
