//! What belongs to who asks: access tokens and sessions.

use std::sync::Arc;

use domain::{Proof, Role};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::members;
use crate::asked::Asked;
use crate::openapi::{documents, schema};
use crate::operation::{ANY_ROLE, Body, Given, Kind, Operation, Parameter};
use crate::problem::Problem;
use crate::sections::role_name;
use crate::{Console, answer};

const TAG: &str = "Tokens and sessions";
const ACCOUNT: Parameter = Parameter {
    name: "account",
    kind: Kind::Text(512),
    about: "Those of that account; for administrators.",
};
/// The most days of a token; settings may say less.
const DAYS_MAX: u64 = 3_650;

pub(super) fn operations() -> Vec<Operation> {
    let roles = || {
        let mut roles = schema::list(schema::choice(&documents::ROLES), 4);
        if let Some(members) = roles.as_object_mut() {
            members.insert("minItems".to_owned(), json!(1));
        }
        roles
    };
    let number = || schema::only_text(16);
    let token = schema::object(
        &[("name", schema::about(schema::short(64), "What it is for.")), ("roles", roles())],
        &[("days", schema::about(schema::number(1, DAYS_MAX), "How long it is good."))],
    );
    vec![
        Operation::new(
            (Method::GET, "/api/v1/tokens"),
            "listTokens",
            "My access tokens, or those of an account",
            ANY_ROLE,
            tokens,
        )
        .tagged(TAG)
        .asks(&[ACCOUNT])
        .gives(
            StatusCode::OK,
            "Without their secrets.",
            schema::page(&json!({"type": "object"}), false),
        ),
        Operation::new(
            (Method::POST, "/api/v1/tokens"),
            "makeToken",
            "Make an access token, whose secret is shown once",
            ANY_ROLE,
            make_token,
        )
        .tagged(TAG)
        .takes(Body::Json(token), 16 * 1024)
        .refuses(&[409])
        .gives(
            StatusCode::CREATED,
            "The token.",
            schema::open("The token, with its secret."),
        ),
        Operation::new(
            (Method::DELETE, "/api/v1/tokens/{id}"),
            "revokeToken",
            "Revoke an access token",
            ANY_ROLE,
            revoke_token,
        )
        .tagged(TAG)
        .path_holds("id", number())
        .asks(&[ACCOUNT])
        .refuses(&[409])
        .gives_as(StatusCode::NO_CONTENT, "Revoked.", Vec::new()),
        Operation::new(
            (Method::GET, "/api/v1/sessions"),
            "listSessions",
            "My sessions in consoles, or those of an account",
            ANY_ROLE,
            sessions,
        )
        .tagged(TAG)
        .asks(&[ACCOUNT])
        .gives(
            StatusCode::OK,
            "Sessions.",
            schema::page(&json!({"type": "object"}), false),
        ),
        Operation::new(
            (Method::DELETE, "/api/v1/sessions/{number}"),
            "endSession",
            "End a session in a console",
            ANY_ROLE,
            end_session,
        )
        .tagged(TAG)
        .path_holds("number", number())
        .asks(&[ACCOUNT])
        .refuses(&[409])
        .gives_as(StatusCode::NO_CONTENT, "Ended.", Vec::new()),
    ]
}

async fn tokens(console: Arc<Console>, asked: Asked) -> Given {
    let tokens = seen(&console, &asked, &TOKENS).await?;
    Ok(answer::json(StatusCode::OK, &answer::page(tokens, None, None)))
}

async fn make_token(console: Arc<Console>, asked: Asked) -> Given {
    let identity = asked.identity()?.clone();
    if asked.principal()?.how == Proof::Bearer {
        // Else who found a token would never lose it again.
        let detail = "a token makes no tokens; sign in with the password";
        return Err(Problem::new("token_not_enough", detail));
    }
    let (name, roles, days) = asked.read(|reader| {
        let name = reader.named("name", 64);
        if !reader.has("roles") {
            reader.problem("roles", "is missing; name at least one of your own roles");
        }
        let names = reader.parsed_list::<String>("roles", 4);
        let mut roles = Vec::new();
        for (position, name) in names.iter().enumerate() {
            let found = [Role::Agent, Role::Supervisor, Role::Administrator, Role::Report];
            let known = found.into_iter().find(|role| role_name(*role) == name);
            let key = format!("roles[{position}]");
            match known {
                None => reader.problem(&key, "is no role"),
                Some(role) if !asked.has(role) => {
                    reader.problem(&key, format_args!("is {name}, which you have not yourself"));
                }
                Some(role) => roles.push(role),
            }
        }
        if names.is_empty() && reader.key("roles") == "roles" {
            reader.problem("roles", "must name at least one of your own roles");
        }
        let days = reader.number("days", 1..=DAYS_MAX);
        Some((name?, roles, days))
    })?;
    let members = members([
        ("identity", Some(json!(identity))),
        ("name", Some(json!(name))),
        ("roles", Some(json!(roles))),
        ("days", days.map(Value::from)),
    ]);
    let made = console.perform(&asked, "token_make", members).await?;
    Ok(answer::json(StatusCode::CREATED, &answer::with_times_of_seconds(made)))
}

async fn revoke_token(console: Arc<Console>, asked: Asked) -> Given {
    let members = meant(&console, &asked, &TOKENS, asked.path("id")).await?;
    console.perform(&asked, "token_revoke", members).await?;
    Ok(answer::bare(StatusCode::NO_CONTENT))
}

async fn sessions(console: Arc<Console>, asked: Asked) -> Given {
    let sessions = seen(&console, &asked, &SESSIONS).await?;
    Ok(answer::json(StatusCode::OK, &answer::page(sessions, None, None)))
}

async fn end_session(console: Arc<Console>, asked: Asked) -> Given {
    let members = meant(&console, &asked, &SESSIONS, asked.path("number")).await?;
    console.perform(&asked, "web_session_end", members).await?;
    Ok(answer::bare(StatusCode::NO_CONTENT))
}

/// Tokens or sessions, as the deeds that list them tell of them.
struct Listed {
    /// The deed that lists them.
    deed: &'static str,
    /// What the list is called there.
    list: &'static str,
    /// What the deed that ends one calls it.
    one: &'static str,
    /// The member with what tells one from the others.
    id: &'static str,
    /// The member with the name of whoever it belongs to.
    owner: &'static str,
}

const TOKENS: Listed =
    Listed { deed: "tokens_list", list: "tokens", one: "token", id: "id", owner: "for" };
const SESSIONS: Listed =
    Listed { deed: "web_sessions", list: "sessions", one: "session", id: "number", owner: "who" };

/// Those that are meant: the caller's own, or for administrators those of an account.
async fn seen(console: &Console, asked: &Asked, listed: &Listed) -> Result<Vec<Value>, Problem> {
    let Some(account) = asked.query("account") else {
        let members = json!({"identity": asked.identity()?});
        return Ok(listed_under(console.perform(asked, listed.deed, members).await?, listed.list));
    };
    if !asked.has(Role::Administrator) {
        let detail = format!("only administrators see the {} of others", listed.list);
        return Err(Problem::new("forbidden", detail));
    }
    let all = console.perform(asked, listed.deed, json!({})).await?;
    let of = |one: &Value| one.get(listed.owner).and_then(Value::as_str) == Some(account);
    Ok(listed_under(all, listed.list).into_iter().filter(of).collect())
}

/// The members of the deed that ends the one called `id`, which the caller may end.
async fn meant(
    console: &Console,
    asked: &Asked,
    listed: &Listed,
    id: &str,
) -> Result<Value, Problem> {
    if asked.query("account").is_none() {
        return Ok(json!({"identity": asked.identity()?, listed.one: id}));
    }
    let is_it = |one: &Value| one.get(listed.id).and_then(Value::as_str) == Some(id);
    if seen(console, asked, listed).await?.iter().any(is_it) {
        return Ok(json!({listed.one: id}));
    }
    Err(Problem::not_found(format!("that account has no such {}", listed.one)))
}

/// The list of that name in what a deed told.
fn listed_under(listed: Value, name: &str) -> Vec<Value> {
    let items = listed.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    items.into_iter().map(answer::with_times_of_seconds).collect()
}
