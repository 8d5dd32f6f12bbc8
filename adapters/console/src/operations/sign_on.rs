//! How people come in: the mode, the first account, sign-in and sign-out.

use std::sync::{Arc, LazyLock};

use domain::settings::{ACCOUNT_PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX};
use domain::{AgentId, Proof, Secret};
use engine::surface::Callers;
use http::header::{COOKIE, HeaderMap, HeaderName, SET_COOKIE};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::openapi::{self, documents, schema};
use crate::operation::{ANY_ROLE, Body, Given, Kind, Operation, Parameter};
use crate::problem::Problem;
use crate::sections::role_name;
use crate::{Console, SetUp, SignIn, SignInRefusal, answer};

/// The cookie of a session.
const COOKIE_NAME: &str = "__Host-jackfield";
const COOKIE_ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
/// The cookie of a sign-in of the workspace within a page that the settings name (DSK-06): it goes with requests of a
/// frame, is kept for that page's site alone, and nothing but the workspace takes it.
const FRAMED_COOKIE_NAME: &str = "__Host-jackfield-framed";
const FRAMED_COOKIE_ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=None; Partitioned";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FRAMED: Parameter = Parameter {
    name: "framed",
    kind: Kind::Choice(&["true"]),
    about: "Asked by the workspace where it stands within a page of workspace_frame_origins.",
};
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const TAG: &str = "Signing in";
/// The description never changes while the program runs, and anybody may ask for it.
static DESCRIPTION: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());

pub(super) fn operations() -> Vec<Operation> {
    let text = |most: usize| json!({"type": "string", "minLength": 1, "maxLength": most});
    let mut first_password = schema::secret(PASSWORD_CHARACTERS_MAX);
    if let Some(members) = first_password.as_object_mut() {
        members.insert("minLength".to_owned(), json!(ACCOUNT_PASSWORD_CHARACTERS_MIN));
    }
    let set_up = schema::object(
        &[
            ("secret", schema::secret(256)),
            ("account", documents::agent_id()),
            ("password", first_password),
        ],
        &[],
    );
    let sign_in = schema::object(
        &[("account", schema::short(128)), ("password", schema::secret(PASSWORD_CHARACTERS_MAX))],
        &[
            ("one_time", schema::about(schema::secret(16), "Of the second factor.")),
            ("acknowledged", schema::about(schema::switch(), "That the sign-on message was read.")),
        ],
    );
    let session = schema::told(&[
        ("who", text(512)),
        ("known_by", schema::choice(&["agent", "account", "directory", "signed_on", "nothing"])),
        ("roles", json!({"type": "array", "items": schema::choice(&documents::ROLES)})),
        ("teams", json!({"type": "array", "items": {"type": "string"}})),
        ("how", schema::choice(&openapi::PROOFS)),
        ("session", json!({"type": ["string", "null"], "description": "Its number in lists."})),
        ("ends_at", schema::or_null(schema::time())),
    ]);
    vec![
        Operation::new(
            (Method::GET, "/api/v1/openapi.json"),
            "getOpenApi",
            "This description",
            Callers::Anyone,
            |_, _| async {
                let text = DESCRIPTION.clone();
                Ok(answer::text(StatusCode::OK, "application/json", text))
            },
        )
        .tagged(TAG)
        .gives(StatusCode::OK, "An OpenAPI document.", schema::open("OpenAPI 3.1.")),
        Operation::new(
            (Method::GET, "/api/v1/sign-on"),
            "getSignOn",
            "How people sign in here",
            Callers::Anyone,
            mode,
        )
        .tagged(TAG)
        .gives(
            StatusCode::OK,
            "What a client asks for, and the message that must be acknowledged.",
            schema::told(&[
                ("mode", schema::choice(&["local", "directory"])),
                ("message", json!({"type": ["string", "null"]})),
                ("set_up", schema::about(schema::switch(), "Whether a set-up link waits.")),
                ("single_sign_on", schema::about(schema::switch(), "Whether it is on.")),
                ("local_sign_in", schema::about(schema::switch(), "Whether local accounts may.")),
            ]),
        ),
        Operation::new(
            (Method::POST, "/api/v1/set-up"),
            "setUp",
            "Make the first administrator with a set-up link",
            Callers::Anyone,
            set_up_first,
        )
        .tagged(TAG)
        .takes(Body::Json(set_up), 16 * 1024)
        .refuses(&[401, 409])
        .gives(
            StatusCode::CREATED,
            "The account is made.",
            schema::told(&[("account", schema::only_text(32))]),
        ),
        Operation::new(
            (Method::POST, "/api/v1/session"),
            "signIn",
            "Sign in, and get a cookie",
            Callers::Anyone,
            sign_in_person,
        )
        .tagged(TAG)
        .asks(&[FRAMED])
        .takes(Body::Json(sign_in), 16 * 1024)
        .refuses(&[401, 403])
        .gives(
            StatusCode::OK,
            "Signed in.",
            schema::told(&[
                ("who", text(512)),
                ("known_by", schema::choice(&["agent", "account", "directory", "signed_on"])),
                ("ends_at", schema::time()),
            ]),
        )
        .with_header(
            "Set-Cookie",
            "`__Host-jackfield`, for this host alone; framed, `__Host-jackfield-framed`, for the workspace.",
        ),
        Operation::new(
            (Method::GET, "/api/v1/session"),
            "getSession",
            "Who I am, and what I may do",
            ANY_ROLE,
            who,
        )
        .tagged(TAG)
        .asks(&[FRAMED])
        .gives(StatusCode::OK, "Who asks.", session),
        Operation::new(
            (Method::DELETE, "/api/v1/session"),
            "signOut",
            "Sign out",
            ANY_ROLE,
            sign_out,
        )
        .tagged(TAG)
        .asks(&[FRAMED])
        .refuses(&[409])
        .gives_as(StatusCode::NO_CONTENT, "Signed out.", Vec::new())
        .with_header("Set-Cookie", "Takes the cookie away.")
        .with_header("Clear-Site-Data", "Takes what else is kept away."),
    ]
}

async fn mode(console: Arc<Console>, _: Asked) -> Given {
    let settings = console.port.settings();
    let mode = if settings.directories.is_empty() { "local" } else { "directory" };
    let set_up = console.administration.waits_for_set_up().await;
    let body = json!({
        "mode": mode,
        "message": settings.sign_on.message,
        "set_up": set_up,
        "single_sign_on": settings.identity.single_sign_on,
        // A broken trust is mended by those who need none.
        "local_sign_in": true,
    });
    Ok(answer::json(StatusCode::OK, &body))
}

async fn set_up_first(console: Arc<Console>, asked: Asked) -> Given {
    let (secret, account, password) = asked.read(|reader| {
        let missing = |reader: &domain::settings::Reader<'_>, name| !reader.has(name);
        for name in ["secret", "password"] {
            if missing(reader, name) {
                reader.problem(name, "is missing");
            }
        }
        let secret = reader.secret("secret", 256);
        let account: Option<AgentId> = reader.required("account");
        let password = reader.secret("password", PASSWORD_CHARACTERS_MAX);
        let length = password.as_ref().map(|it| it.expose().chars().count());
        if length.is_some_and(|length| length < ACCOUNT_PASSWORD_CHARACTERS_MIN) {
            let message =
                format_args!("must have at least {ACCOUNT_PASSWORD_CHARACTERS_MIN} characters");
            reader.problem("password", message);
        }
        Some((secret?, account?, password?))
    })?;
    let body = json!({"account": account});
    let set_up = SetUp {
        secret,
        account: account.to_string(),
        password,
        from: asked.request.peer.address,
        reference: asked.request.reference.clone(),
    };
    let done = console.administration.set_up(set_up).await;
    done.map_err(|failure| Problem::of_failure(failure, asked.body()))?;
    Ok(answer::json(StatusCode::CREATED, &body))
}

async fn sign_in_person(console: Arc<Console>, asked: Asked) -> Given {
    let is_framed = asked.query(FRAMED.name).is_some();
    if is_framed {
        may_be_framed(&console, &asked)?;
    }
    let attempt = asked.read(|reader| {
        let account = reader.named("account", 128);
        if !reader.has("password") {
            reader.problem("password", "is missing");
        }
        let password = reader.secret("password", PASSWORD_CHARACTERS_MAX);
        let one_time = reader.secret("one_time", 16);
        let acknowledged = reader.switch("acknowledged").unwrap_or(false);
        Some(SignIn {
            account: account?,
            password: password?,
            one_time,
            acknowledged,
            from: asked.request.peer.address,
            reference: asked.request.reference.clone(),
        })
    })?;
    let session = console.administration.sign_in(attempt).await;
    let session = session.map_err(|refusal| refused(&console, &refusal))?;
    let body = json!({
        "who": session.identity.who(),
        "known_by": openapi::known_by(Some(&session.identity)),
        "ends_at": answer::time(session.ends_at),
    });
    let (name, attributes) = match is_framed {
        true => (FRAMED_COOKIE_NAME, FRAMED_COOKIE_ATTRIBUTES),
        false => (COOKIE_NAME, COOKIE_ATTRIBUTES),
    };
    let cookie = format!("{name}={}; {attributes}", session.cookie.expose());
    Ok(answer::with(answer::json(StatusCode::OK, &body), SET_COOKIE, &cookie))
}

/// Whether somebody may sign in within another's page: one of those whom the settings name shows it, and it is our own
/// page there that asks.
fn may_be_framed(console: &Console, asked: &Asked) -> Result<(), Problem> {
    if console.port.settings().channels.workspace_frame_origins.is_empty() {
        let detail = "framed: no page may show the workspace within it; set channels.workspace_frame_origins";
        return Err(Problem::new("forbidden", detail));
    }
    let site = asked.request.headers.get(SEC_FETCH_SITE);
    match site.is_some_and(|site| site == "same-origin") {
        true => Ok(()),
        false => Err(Problem::new(
            "forbidden",
            "framed: only the workspace's own page signs in like that",
        )),
    }
}

fn refused(console: &Console, refusal: &SignInRefusal) -> Problem {
    match refusal {
        SignInRefusal::Unacknowledged => Problem::new(
            "unacknowledged",
            "show the message of /api/v1/sign-on, and send acknowledged",
        ),
        SignInRefusal::Wrong => Problem::new("wrong", "the account or the password is wrong"),
        SignInRefusal::OneTimeNeeded => {
            Problem::new("one_time_needed", "send one_time, the code that your device shows")
        }
        SignInRefusal::OneTimeWrong => {
            Problem::new("one_time_wrong", "the code is wrong or was used; wait for the next one")
        }
        SignInRefusal::Locked { until } => {
            let seconds = until.since(console.port.now()).as_secs().max(1);
            let detail = "too many wrong passwords; none is tried for a while";
            Problem::new("locked", detail).after_seconds(seconds)
        }
        SignInRefusal::SingleSignOn => {
            Problem::new("single_sign_on", "single sign-on is on: use it, or a local account")
        }
        SignInRefusal::NoRole => {
            Problem::new("no_role", "you are known and have no role here; ask an administrator")
        }
        SignInRefusal::Busy { retry_seconds } => {
            let detail = "too many sign-ins at once; try again in a moment";
            Problem::new("busy", detail).after_seconds(*retry_seconds)
        }
        SignInRefusal::Unavailable => {
            let detail = "who you are cannot be found out now; try again in a moment";
            Problem::new("unavailable", detail).after_seconds(5)
        }
    }
}

async fn who(console: Arc<Console>, asked: Asked) -> Given {
    let principal = asked.principal()?;
    let ends_at = match (&principal.session, &principal.identity) {
        (Some(number), Some(identity)) if principal.how == Proof::Cookie => {
            let members = json!({"identity": identity});
            let listed = console.perform(&asked, "web_sessions", members).await?;
            let sessions = listed.get("sessions").and_then(Value::as_array).cloned();
            let own = sessions
                .into_iter()
                .flatten()
                .find(|it| it.get("number").and_then(Value::as_str) == Some(number.as_str()));
            own.and_then(|it| answer::with_times_of_seconds(it).get("ends_at").cloned())
        }
        _ => None,
    };
    let roles: Vec<_> = principal.roles.iter().map(|role| role_name(*role)).collect();
    let body = json!({
        "who": principal.who,
        "known_by": openapi::known_by(principal.identity.as_ref()),
        "roles": roles,
        "teams": principal.teams,
        "how": principal.how,
        "session": principal.session,
        "ends_at": ends_at,
    });
    Ok(answer::json(StatusCode::OK, &body))
}

async fn sign_out(console: Arc<Console>, asked: Asked) -> Given {
    let headers = &asked.request.headers;
    // A page within one of the same site may have shown either.
    let framed = asked.query(FRAMED.name).and_then(|_| cookie(headers, FRAMED_COOKIE_NAME));
    let is_framed = framed.is_some();
    let by_cookie = asked.principal()?.how == Proof::Cookie;
    let cookies: Vec<_> = cookie(headers, COOKIE_NAME).into_iter().chain(framed).collect();
    if cookies.is_empty() || !by_cookie {
        let detail = "this request came with a token or a password, which no sign-out ends";
        return Err(Problem::new("no_session", detail));
    }
    for cookie in &cookies {
        let done = console.administration.sign_out(cookie, asked.actor()).await;
        done.map_err(|failure| Problem::of_failure(failure, &Value::Null))?;
    }
    let gone = format!("{COOKIE_NAME}=; {COOKIE_ATTRIBUTES}; Max-Age=0");
    let mut answer = answer::with(answer::bare(StatusCode::NO_CONTENT), SET_COOKIE, &gone);
    if is_framed {
        let gone = format!("{FRAMED_COOKIE_NAME}=; {FRAMED_COOKIE_ATTRIBUTES}; Max-Age=0");
        if let Ok(gone) = gone.parse() {
            answer.headers_mut().append(SET_COOKIE, gone);
        }
    }
    Ok(answer::with(answer, CLEAR_SITE_DATA, "\"cache\", \"storage\""))
}

/// What the cookie of that name holds.
fn cookie(headers: &HeaderMap, wanted: &str) -> Option<Secret> {
    let pairs = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then(|| Secret::new(value))
    })
}
