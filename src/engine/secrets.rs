//! Files that commands of a build see and no layer holds, nor the engine's cache.
//!
//! BuildKit asks for them over a session: a connection that it turns round, so that it calls services of this process. bollard
//! opens one for each build, which has no such service. So this one is opened before, under the same ID: an engine refuses a
//! second session of an ID, and bollard goes on without its own.

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tonic::transport::server::Connected;
use tonic::{Response, Status};

use super::connect::{Engine, Flavour};
use crate::error::{Failure, Kind, Result};
use crate::units::Secret;

/// The method of the service, as the session announces it.
const METHOD: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";

/// A file for commands of a build: its name in the Dockerfile, and what it holds.
pub type SecretFile = (&'static str, Secret);

impl Engine {
    /// Can a build have secrets over a session? Podman knows none, and a remote engine's connection cannot always be turned round.
    pub fn carries_secrets(&self) -> bool {
        self.flavour == Flavour::Docker && self.session_address().is_some()
    }

    fn session_address(&self) -> Option<Address<'_>> {
        let host = self.endpoint.host.as_str();
        match host.split_once("://")? {
            ("unix", path) => Some(Address::Socket(path)),
            ("tcp" | "http", authority) => Some(Address::Tcp(authority.trim_end_matches('/'))),
            _ => None,
        }
    }

    /// Opens a session in which the engine can ask for these files, until the build is over.
    pub(super) async fn offer_secrets(&self, session: &str, files: &[SecretFile]) -> Result<Offer> {
        let failed = |cause: String| Failure::new(Kind::Build, "the build's secrets cannot be handed to the engine").cause(cause);
        let stream = match self.session_address() {
            Some(Address::Socket(path)) => turn_round(UnixStream::connect(path).await, session).await,
            Some(Address::Tcp(authority)) => turn_round(TcpStream::connect(authority).await, session).await,
            None => Err("there is no connection for it".into()),
        };
        let stream = stream.map_err(|error| failed(error.to_string()))?;
        let files = files
            .iter()
            .filter(|(_, content)| !content.expose().is_empty())
            .map(|(name, content)| ((*name).to_owned(), content.clone()))
            .collect();
        let serving = tonic::transport::Server::builder()
            .add_service(HealthServer::new(Alive))
            .add_service(SecretsServer::new(Store(files)))
            .serve_with_incoming(futures_util::stream::iter([Ok::<_, std::io::Error>(Stream(stream))]));
        Ok(Offer(tokio::spawn(async move { drop(serving.await) })))
    }
}

enum Address<'a> {
    Socket(&'a str),
    Tcp(&'a str),
}

/// The session goes on as long as this is there.
#[derive(Debug)]
pub(super) struct Offer(tokio::task::JoinHandle<()>);

impl Drop for Offer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Connection = TokioIo<Upgraded>;

/// Asks the engine to be the client on this connection.
async fn turn_round<S>(stream: std::io::Result<S>, session: &str) -> Result<Connection, Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream?)).await?;
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    let request = Request::post("/session")
        .header("Host", "engine")
        .header("Connection", "Upgrade")
        .header("Upgrade", "h2c")
        .header("X-Docker-Expose-Session-Uuid", session)
        .header("X-Docker-Expose-Session-Grpc-Method", METHOD)
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if response.status() != hyper::StatusCode::SWITCHING_PROTOCOLS {
        return Err(format!("the engine answers {}", response.status()).into());
    }
    Ok(TokioIo::new(hyper::upgrade::on(response).await?))
}

/// The files by their names.
struct Store(HashMap<String, Secret>);

#[tonic::async_trait]
impl Secrets for Store {
    async fn get_secret(&self, request: tonic::Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        match self.0.get(&request.into_inner().id) {
            Some(secret) => Ok(Response::new(GetSecretResponse { data: secret.expose().as_bytes().to_vec() })),
            None => Err(Status::not_found("there is no such file")),
        }
    }
}

/// An engine asks each second, and ends a build whose session does not answer.
struct Alive;

#[tonic::async_trait]
impl Health for Alive {
    type WatchStream = futures_util::stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn check(&self, _: tonic::Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving as i32 }))
    }

    async fn list(&self, _: tonic::Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn watch(&self, _: tonic::Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }
}

/// A connection as the service's library takes it.
struct Stream(Connection);

impl Connected for Stream {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
