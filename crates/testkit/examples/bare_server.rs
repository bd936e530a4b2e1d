//! The least an HTTP server can do: it reads each request's body and answers `200 ok`.
//!
//! What the gateway's intake is measured against (`bench/`): hyper's server with the gateway's allocator
//! and threads, each with a runtime of its own at a shared listener. It looks at nothing, keeps
//! nothing and bounds nothing. On standard output it says where it listens, as the gateway does.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    for _ in 1..thread::available_parallelism()?.get() {
        let listener = listener.try_clone()?;
        thread::spawn(|| serve(listener));
    }
    #[allow(clippy::print_stdout, reason = "whoever started it reads the port")]
    {
        println!("bare listening on {}", listener.local_addr()?);
    }
    serve(listener)
}

/// One thread: accepts connections and serves them until the process is ended.
fn serve(listener: TcpListener) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::task::spawn_local(serve_connection(stream));
        }
    })
}

async fn serve_connection(stream: TcpStream) {
    // A client that leaves in its own way is no business of a server that keeps nothing.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body that ends early has no one left to answer.
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::new(Bytes::from_static(b"ok"))))
}
