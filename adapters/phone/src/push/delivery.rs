//! One push on the wire: connect, check the phone's certificate, send, read what became of it.
//!
//! Cisco's application development notes: `POST /CGI/Execute` with one form field `XML` and Basic
//! credentials. Phones with multiplatform firmware answer without a body.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use protocols::phone_xml::{
    Charset, Execute, ExecuteItem, Object, Priority, Response, decode, encode,
};
use rustls::{ClientConfig, Error as TlsError};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::PushReason;
use crate::config::PushAccount;

const CONNECT_TIME: Duration = Duration::from_secs(3);
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// The form that tells a phone to open `url` now.
pub(super) fn body(url: String) -> String {
    const PLAIN: AsciiSet =
        NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');
    let items = vec![ExecuteItem { url, priority: Priority::Now }];
    let xml = encode(&Object::Execute(Execute { items }), Charset::Utf8);
    let xml = String::from_utf8(xml).unwrap_or_default();
    format!("XML={}", utf8_percent_encode(&xml, &PLAIN).to_string().replace(' ', "+"))
}

/// Sends `body` to the phone at `address`.
pub(super) async fn deliver(
    address: IpAddr,
    account: &PushAccount,
    tls: ClientConfig,
    body: String,
) -> PushReason {
    let socket = SocketAddr::new(address, account.port);
    let connector = TlsConnector::from(Arc::new(tls));
    let connect = async {
        let stream = TcpStream::connect(socket).await.map_err(|error| of_connect(&error))?;
        let name = ServerName::IpAddress(address.into());
        connector.connect(name, stream).await.map_err(|error| of_handshake(&error))
    };
    let stream = match timeout(CONNECT_TIME, connect).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(reason)) => return reason,
        Err(_) => return PushReason::NoAnswer,
    };
    let Some(request) = request(socket, account, body) else { return PushReason::NotConfigured };
    let exchange = async {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let answer = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            Ok::<_, hyper::Error>((head.status, body.map(|body| body.to_bytes())))
        };
        tokio::pin!(answer, connection);
        // The connection ends by itself when a phone closes it right after its answer.
        let mut open = true;
        loop {
            tokio::select! {
                answer = &mut answer => break answer,
                _ = &mut connection, if open => open = false,
            }
        }
    };
    match timeout(ANSWER_TIME, exchange).await {
        Ok(Ok((status, Ok(body)))) => of_answer(status, &body),
        // It was taken or refused, in more words than we read.
        Ok(Ok((status, Err(_)))) => of_answer(status, b""),
        Ok(Err(_)) | Err(_) => PushReason::NoAnswer,
    }
}

/// Asks the phone's web server for what it tells everybody, over a connection that is private already.
pub(super) async fn look(
    socket: SocketAddr,
    stream: tokio_rustls::client::TlsStream<TcpStream>,
) -> Result<((), String), String> {
    let request = Request::get("/DeviceInformationX")
        .header(HOST, socket.to_string())
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::new()))
        .map_err(|error| error.to_string())?;
    let asking = async {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let answer = async { Ok::<_, hyper::Error>(sender.send_request(request).await?.status()) };
        tokio::pin!(answer, connection);
        let mut open = true;
        loop {
            tokio::select! {
                answer = &mut answer => break answer,
                _ = &mut connection, if open => open = false,
            }
        }
    };
    match timeout(ANSWER_TIME, asking).await {
        Ok(Ok(status)) => Ok(((), format!("it answers ({status})"))),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

fn request(
    socket: SocketAddr,
    account: &PushAccount,
    body: String,
) -> Option<Request<Full<Bytes>>> {
    let pair = format!("{}:{}", account.user, account.password.expose());
    let credentials = format!("Basic {}", STANDARD.encode(pair));
    let mut authorization = HeaderValue::try_from(credentials).ok()?;
    authorization.set_sensitive(true);
    Request::post("/CGI/Execute")
        .header(HOST, socket.to_string())
        .header(AUTHORIZATION, authorization)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        // A phone has few sockets.
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from(body)))
        .ok()
}

fn of_connect(error: &std::io::Error) -> PushReason {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => PushReason::ConnectionRefused,
        _ => PushReason::NoAnswer,
    }
}

fn of_handshake(error: &std::io::Error) -> PushReason {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<TlsError>());
    match cause {
        Some(TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented) => {
            PushReason::CertificateUnknown
        }
        Some(_) => PushReason::NotHttps,
        // A server that speaks something else hangs up on the first message.
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => PushReason::NotHttps,
        None => PushReason::NoAnswer,
    }
}

/// What an answer means. A body that is no object is taken for success where the status says so:
/// multiplatform phones send none.
fn of_answer(status: StatusCode, body: &[u8]) -> PushReason {
    const AUTHENTICATION_FAILED: Option<u16> = Some(4);
    let object = decode(body).map(|decoded| decoded.object);
    match object {
        Ok(Object::Error(error)) if error.number == AUTHENTICATION_FAILED => {
            PushReason::CredentialsRefused
        }
        _ if status == StatusCode::UNAUTHORIZED => PushReason::CredentialsRefused,
        Ok(Object::Error(_)) => PushReason::Refused,
        _ if !status.is_success() => PushReason::Refused,
        Ok(Object::Response(Response { items }))
            if items.iter().any(|item| item.status != Some(0)) =>
        {
            PushReason::Refused
        }
        _ => PushReason::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::BASE_CHARACTERS_MAX;

    #[test]
    fn phn_12_a_push_is_one_form_field_of_less_than_512_bytes() {
        assert_eq!(
            body("https://gw:8445/fippa/s/A-_/home".to_owned()),
            "XML=%3C%3Fxml+version%3D%221.0%22+encoding%3D%22utf-8%22%3F%3E%0A\
             %3CCiscoIPPhoneExecute%3E%3CExecuteItem+Priority%3D%220%22+URL%3D%22\
             https%3A%2F%2Fgw%3A8445%2Ffippa%2Fs%2FA-_%2Fhome%22%2F%3E%3C%2FCiscoIPPhoneExecute%3E"
        );
        let base = "h".repeat(BASE_CHARACTERS_MAX - "https://:65535".len());
        let url = format!("https://{base}:65535/fippa/s/{}/home", "A".repeat(63));
        assert!(body(url).len() < 512);
    }

    #[track_caller]
    fn check_answer(status: u16, body: &str, expected: PushReason) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(of_answer(status, body.as_bytes()), expected, "{body}");
    }

    #[test]
    fn phn_18_what_a_phone_answers_becomes_a_reason() {
        let response = |status: &str| {
            format!(
                "<CiscoIPPhoneResponse><ResponseItem Status=\"{status}\" Data=\"\" URL=\"\"/>\
                 </CiscoIPPhoneResponse>"
            )
        };
        check_answer(200, &response("0"), PushReason::Ok);
        check_answer(200, "", PushReason::Ok);
        check_answer(204, "", PushReason::Ok);
        check_answer(200, "<html>ok</html>", PushReason::Ok);
        check_answer(200, &response("6"), PushReason::Refused);
        check_answer(200, &response("x"), PushReason::Refused);
        check_answer(200, "<CiscoIPPhoneError Number=\"1\"/>", PushReason::Refused);
        check_answer(200, "<CiscoIPPhoneError Number=\"99\"/>", PushReason::Refused);
        check_answer(200, "<CiscoIPPhoneError Number=\"4\"/>", PushReason::CredentialsRefused);
        check_answer(401, "", PushReason::CredentialsRefused);
        check_answer(403, "", PushReason::Refused);
        check_answer(500, &response("0"), PushReason::Refused);
    }
}
