//! What a browser loads before it asks for anything: the page, its programs and styles, kept in the program.
//!
//! ```text
//!   /                 the page       kept, but asked for again each time (ETag)
//!   /assets/{file}    what it needs  its name holds a digest, so it is kept for ever
//!   /favicon.svg      its picture    as the page
//!   /workspace        the page of agents, who read mails there in a frame of its own policy
//! ```
//!
//! No page may be shown within another's, but for that of agents, by those whom the settings name.
//!
//! For anybody: nothing of a deployment is in them, and who signs in needs them first. The table comes from
//! `build.rs`, as `include_bytes!`. rust-embed (MIT) would give the same bytes, but brings crates of its own, and the
//! forms that are already compressed would still need a table to find them by.
//!
//! A page may load programs, styles, pictures and data from here alone, none of them inline, and no text
//! becomes markup (`require-trusted-types-for`).

use std::sync::Arc;

use bytes::Bytes;
use engine::surface::{Callers, Request, ResponsePolicy, Route};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, Method, Response, StatusCode};
use ring::digest;

use crate::problem::Problem;

static GET: [Method; 1] = [Method::GET];

/// The page's name in the table.
const PAGE: &str = "index.html";
/// The name of the agents' page.
const WORKSPACE: &str = "workspace.html";
/// The name of its picture.
const PICTURE: &str = "favicon.svg";
/// Where the table has what the page needs.
const FOLDER: &str = "assets/";

/// What the page may do.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
/// What no page of ours asks a browser for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

const KEPT_FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASKED_AGAIN: &str = "no-cache";

/// A file in the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asset {
    /// Its name below the folder that it was built into.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) media_type: &'static str,
    /// Its bytes.
    pub(crate) plain: &'static [u8],
    /// The same, compressed with brotli.
    pub(crate) brotli: Option<&'static [u8]>,
    /// The same, compressed with gzip.
    pub(crate) gzip: Option<&'static [u8]>,
}

/// The files that are in this program.
pub(crate) static BUILT: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Whose pages may show the workspace within them now.
pub(crate) type FrameOrigins = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// The routes of those files.
pub(crate) fn routes(
    listener: &'static str,
    assets: &'static [Asset],
    origins: &FrameOrigins,
) -> Vec<Route> {
    let served = assets.iter().map(|asset| Arc::new(Served::of(*asset)));
    let served: Arc<[Arc<Served>]> = served.collect();
    let route = |path: &'static str, name: fn(&Request) -> String| {
        let (served, origins) = (Arc::clone(&served), Arc::clone(origins));
        Route {
            listener,
            path,
            methods: &GET,
            callers: Callers::Anyone,
            body_bytes_max: 0,
            policy: ResponsePolicy::Browser,
            handler: Route::handler(move |request: Request| {
                let name = name(&request);
                let found = served.iter().find(|it| it.asset.name == name).cloned();
                let origins = if name == WORKSPACE { origins() } else { Vec::new() };
                async move {
                    match found {
                        Some(served) => served.answer(&request.headers, &origins),
                        None => Problem::not_found("no such file is in this program")
                            .answer(&request.reference),
                    }
                }
            }),
        }
    };
    vec![
        route("/", |_| PAGE.to_owned()),
        route("/workspace", |_| WORKSPACE.to_owned()),
        route("/favicon.svg", |_| PICTURE.to_owned()),
        route("/assets/{file}", |request| {
            let file = request.parameters.get("file").map_or("", String::as_str);
            format!("{FOLDER}{file}")
        }),
    ]
}

/// A file with the digest that tells its content.
struct Served {
    asset: Asset,
    digest: String,
}

impl Served {
    fn of(asset: Asset) -> Self {
        Self { asset, digest: digits(asset.plain, 16) }
    }

    fn answer(&self, headers: &HeaderMap, origins: &[String]) -> Response<Bytes> {
        let (encoding, bytes) = self.chosen(headers);
        let ancestors = match origins {
            [] => "'none'".to_owned(),
            origins => origins.join(" "),
        };
        // A page that is kept must not keep who might show it.
        let of_frames = if origins.is_empty() { String::new() } else { digits(&ancestors, 4) };
        // Each encoding is another representation, so it has a tag of its own (RFC 9110, section 8.8.3.3).
        let suffix = encoding.map_or("", |it| it.suffix);
        let tag = format!("\"{}{of_frames}{suffix}\"", self.digest);
        let mut answer = match is_known(headers, &tag) {
            true => {
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::NOT_MODIFIED;
                answer
            }
            false => Response::new(Bytes::from_static(bytes)),
        };
        let is_page = [PAGE, WORKSPACE].contains(&self.asset.name);
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.headers_mut().insert(name, value);
            }
        };
        set(CONTENT_TYPE, self.asset.media_type);
        let immutable = self.asset.name.starts_with(FOLDER);
        set(CACHE_CONTROL, if immutable { KEPT_FOR_EVER } else { ASKED_AGAIN });
        set(ETAG, &tag);
        set(VARY, "Accept-Encoding");
        if let Some(encoding) = encoding {
            set(CONTENT_ENCODING, encoding.name);
        }
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        if is_page {
            // Mails are shown in a frame of this origin, whose own policy lets it do nothing.
            let frames = if self.asset.name == WORKSPACE { "frame-src 'self'; " } else { "" };
            let policy = format!("{POLICY}; {frames}frame-ancestors {ancestors}");
            set(CONTENT_SECURITY_POLICY, &policy);
            set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
            set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
        }
        answer
    }

    /// The smallest form that the browser takes.
    fn chosen(&self, headers: &HeaderMap) -> (Option<Encoding>, &'static [u8]) {
        let forms = [(BROTLI, self.asset.brotli), (GZIP, self.asset.gzip)];
        let taken = forms.into_iter().find_map(|(encoding, bytes)| {
            bytes.filter(|_| takes(headers, encoding.name)).map(|bytes| (Some(encoding), bytes))
        });
        taken.unwrap_or((None, self.asset.plain))
    }
}

/// The beginning of a digest, in hexadecimal digits.
fn digits(of: impl AsRef<[u8]>, bytes: usize) -> String {
    let digest = digest::digest(&digest::SHA256, of.as_ref());
    digest.as_ref().iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

/// A way to compress.
#[derive(Clone, Copy)]
struct Encoding {
    name: &'static str,
    suffix: &'static str,
}

const BROTLI: Encoding = Encoding { name: "br", suffix: "-br" };
const GZIP: Encoding = Encoding { name: "gzip", suffix: "-gz" };

/// Whether a browser takes that encoding (RFC 9110, section 12.5.3). What it does not name is not sent, though `*`
/// would allow it: the plain form is right for everybody.
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let fields = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|it| it.to_str().ok());
    fields.flat_map(|field| field.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.filter_map(|part| part.split_once('=')).any(|(name, weight)| {
            name.trim().eq_ignore_ascii_case("q")
                && weight.trim().parse().is_ok_and(|weight: f32| weight <= 0.0)
        });
        named && !refused
    })
}

/// Whether the browser has that already (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let fields = headers.get_all(IF_NONE_MATCH).iter().filter_map(|it| it.to_str().ok());
    fields
        .flat_map(|field| field.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use engine::surface::Peer;

    use super::*;

    static FILES: &[Asset] = &[
        Asset {
            name: "index.html",
            media_type: "text/html; charset=utf-8",
            plain: b"<!doctype html>",
            brotli: Some(b"brotli"),
            gzip: Some(b"gzip"),
        },
        Asset {
            name: "workspace.html",
            media_type: "text/html; charset=utf-8",
            plain: b"<!doctype html>",
            brotli: None,
            gzip: None,
        },
        Asset {
            name: "assets/app-1a2b.js",
            media_type: "text/javascript; charset=utf-8",
            plain: b"1",
            brotli: None,
            gzip: Some(b"one"),
        },
    ];

    async fn get(path: &str, fields: &[(&'static str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
        get_framed(path, fields, &[]).await
    }

    async fn get_framed(
        path: &str,
        fields: &[(&'static str, &str)],
        origins: &'static [&'static str],
    ) -> (StatusCode, HeaderMap, Bytes) {
        let origins: FrameOrigins =
            Arc::new(move || origins.iter().map(|&it| it.to_owned()).collect());
        let routes = routes("console", FILES, &origins);
        let file = path.strip_prefix("/assets/");
        let template = if file.is_some() { "/assets/{file}" } else { path };
        let route = routes.iter().find(|route| route.path == template).unwrap();
        assert_eq!(route.policy, ResponsePolicy::Browser);
        assert_eq!(route.callers, Callers::Anyone);
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let answer = route.handler.whole(Request {
            method: Method::GET,
            uri: path.parse().unwrap(),
            headers,
            body: Bytes::new(),
            parameters: file.map(|it| ("file".to_owned(), it.to_owned())).into_iter().collect(),
            peer: Peer {
                address: IpAddr::from([192, 0, 2, 7]),
                base: "https://gw-a.example:9443".to_owned(),
            },
            principal: None,
            reference: "REF12345".to_owned(),
        });
        let (parts, body) = answer.await.into_parts();
        (parts.status, parts.headers, body)
    }

    #[tokio::test]
    async fn a_browser_gets_the_smallest_form_that_it_takes() {
        for (asked, encoding, expected) in [
            ("gzip, deflate, br, zstd", "br", "brotli"),
            ("br;q=0, GZIP;q=0.5", "gzip", "gzip"),
            ("br ; q=0.0, gzip;q=0", "", "<!doctype html>"),
            ("*", "", "<!doctype html>"),
            ("", "", "<!doctype html>"),
        ] {
            let (status, headers, body) = get("/", &[("accept-encoding", asked)]).await;
            assert_eq!(status, 200);
            assert_eq!(body, expected, "{asked}");
            let told = headers.get(CONTENT_ENCODING).map_or("", |it| it.to_str().unwrap());
            assert_eq!(told, encoding, "{asked}");
            assert_eq!(headers[VARY], "Accept-Encoding");
        }
        let (_, headers, body) = get("/assets/app-1a2b.js", &[("accept-encoding", "br")]).await;
        assert_eq!(body, "1");
        assert!(!headers.contains_key(CONTENT_ENCODING));
    }

    #[tokio::test]
    async fn the_page_is_asked_for_again_and_what_it_needs_is_kept() {
        let (_, headers, _) = get("/", &[("accept-encoding", "br")]).await;
        assert_eq!(headers[CACHE_CONTROL], "no-cache");
        let tag = headers[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let fields = [("accept-encoding", "br"), ("if-none-match", known.as_str())];
            let (status, headers, body) = get("/", &fields).await;
            assert_eq!((status.as_u16(), body.len()), (304, 0), "{known}");
            assert_eq!(headers[ETAG], tag.as_str());
        }
        // What was kept in another form is another representation.
        let (status, ..) = get("/", &[("if-none-match", tag.as_str())]).await;
        assert_eq!(status, 200);
        let (_, headers, _) = get("/assets/app-1a2b.js", &[]).await;
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
    }

    #[tokio::test]
    async fn ops_06_a_page_runs_nothing_that_is_not_ours() {
        let (_, headers, _) = get("/", &[]).await;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        let end =
            "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'none'";
        assert!(policy.ends_with(end), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("  "), "{policy}");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert!(headers.contains_key("permissions-policy"));
        // What is no page keeps the policy of the server, which allows nothing.
        let (_, headers, _) = get("/assets/app-1a2b.js", &[]).await;
        assert!(!headers.contains_key(CONTENT_SECURITY_POLICY));
        assert_eq!(headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
    }

    #[tokio::test]
    async fn dsk_06_the_workspace_alone_is_framed_and_only_by_whom_the_settings_name() {
        const ORIGINS: &[&str] = &["https://desktop.example:8445", "https://other.example"];
        let policy = |headers: &HeaderMap| {
            headers[CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .rsplit_once("; ")
                .unwrap()
                .1
                .to_owned()
        };
        let (_, headers, _) = get("/workspace", &[]).await;
        assert_eq!(policy(&headers), "frame-ancestors 'none'");
        let kept = headers[ETAG].to_str().unwrap().to_owned();
        let (_, headers, _) = get_framed("/workspace", &[], ORIGINS).await;
        let named = "frame-ancestors https://desktop.example:8445 https://other.example";
        assert_eq!(policy(&headers), named);
        // A page that is kept from before the change is not good any more, in either direction.
        let known = [("if-none-match", kept.as_str())];
        let (status, ..) = get_framed("/workspace", &known, ORIGINS).await;
        assert_eq!(status, 200);
        let known = [("if-none-match", headers[ETAG].to_str().unwrap())];
        assert_eq!(get_framed("/workspace", &known, ORIGINS).await.0, 304);
        assert_eq!(get_framed("/workspace", &known, &ORIGINS[..1]).await.0, 200);
        assert_eq!(get("/workspace", &known).await.0, 200);
        let (_, headers, _) = get_framed("/", &[], ORIGINS).await;
        assert_eq!(policy(&headers), "frame-ancestors 'none'");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_a_problem_and_not_the_page() {
        for path in ["/assets/app-0000.js", "/assets/..%2findex.html", "/assets/index.html"] {
            let (status, headers, body) = get(path, &[]).await;
            assert_eq!(status, 404, "{path}");
            assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
            assert!(!body.starts_with(b"<"), "{path}");
        }
        let (status, ..) = get("/favicon.svg", &[]).await;
        assert_eq!(status, 404);
    }

    #[test]
    fn every_text_in_this_program_names_its_characters() {
        assert!(BUILT.iter().any(|asset| asset.name == PAGE));
        for asset in BUILT {
            let is_text = !["image/png", "font/woff2"].contains(&asset.media_type);
            assert_eq!(is_text, asset.media_type.ends_with("; charset=utf-8"), "{}", asset.name);
            let known =
                asset.name.starts_with(FOLDER) || [PAGE, PICTURE, WORKSPACE].contains(&asset.name);
            assert!(known, "{} is served by no route", asset.name);
        }
        let page = BUILT.iter().find(|asset| asset.name == PAGE).unwrap();
        let text = std::str::from_utf8(page.plain).unwrap();
        assert!(!text.contains("<style") && !text.contains(" style="), "styles stand in files");
        assert!(text.to_lowercase().starts_with("<!doctype html>"));
    }
}
