//! Applications trade codes and refresh tokens, ask about tokens, and give them back (RFC 6749, 7009, 7662).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::settings::{OauthClient, OauthClientKind, RefreshRule};
use domain::{Command, Grant, IdentityCommand, Input, InputId, Refusal, Reply, Revoked, Secret};
use engine::Outcome;
use engine::recorder::{Link, Way};
use engine::surface::Request;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_TYPE, ORIGIN, PRAGMA, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use protocols::oauth::{
    ClientCredentials, TokenError, TokenErrorCode, TokenQuery, TokenRequest, challenge_of,
};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::Identity;
use crate::making::hexadecimal;
use crate::pages;
use crate::site::{Site, sha256};
use crate::tokens::{self, RefreshToken};

/// Nobody's secret, so that an unknown application takes as long as a known one.
const NOBODYS_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Identity {
    /// Answers a request of the token endpoint.
    pub(crate) async fn token(self: Arc<Self>, request: Request) -> Response<Bytes> {
        let site = self.site();
        let asked = TokenRequest::parse(
            text(&request, &CONTENT_TYPE),
            text(&request, &AUTHORIZATION),
            &request.body,
        );
        let (client, asked) = match asked {
            Ok((credentials, asked)) => match self.proven_client(&site, &credentials) {
                Ok(client) => (client, asked),
                Err(error) => {
                    let grant = grant_name(&asked);
                    self.figures.grants.with(&[grant, "client"]).increment();
                    return self.refused(&request, &error);
                }
            },
            Err(error) => return self.refused(&request, &error),
        };
        let grant = grant_name(&asked);
        let traded = match asked {
            TokenRequest::Code { code, redirect_uri, verifier } => {
                let verifier = verifier.as_ref().map(|it| challenge_of(it.expose()));
                match verifier {
                    // One that cannot be a verifier answers no challenge.
                    Some(None) => Err(invalid_grant("code_verifier is not one")),
                    challenge => {
                        let challenge = challenge.flatten();
                        self.redeem(&site, &client, code.expose(), redirect_uri, challenge).await
                    }
                }
            }
            TokenRequest::Refresh { refresh_token, access_token } => {
                let access = access_token.map(|it| Secret::new(it.expose()));
                self.refresh(&site, &client, refresh_token.expose(), access).await
            }
        };
        let came = match &traded {
            Ok(_) => "granted",
            Err(error) if error.code == TokenErrorCode::TemporarilyUnavailable => "unavailable",
            Err(error) if error.description == REUSED => "reused",
            Err(_) => "invalid",
        };
        self.figures.grants.with(&[grant, came]).increment();
        self.port.recorder().note(Link::Identity, Way::In, "trades for tokens", |note| {
            note.peer(&client.name).text("grant", grant).text("result", came);
            if let Ok(granted) = &traded {
                note.agent(&granted.of.person.uid);
            }
        });
        let answered = traded.and_then(|grant| self.tokens(&site, &client, &grant));
        let answer = match answered {
            Ok(body) => no_cache(pages::json(StatusCode::OK, &body)),
            Err(error) => {
                if came == "reused" {
                    tracing::warn!(
                        reference = request.reference,
                        client = client.name,
                        grant,
                        "a code or refresh token was used twice; all that was granted by it is revoked"
                    );
                }
                self.refused(&request, &error)
            }
        };
        shared(answer, &request, &client)
    }

    /// The application that shows those credentials.
    fn proven_client(
        &self,
        site: &Site,
        credentials: &ClientCredentials,
    ) -> Result<Arc<OauthClient>, TokenError> {
        let found = self.client(site, &credentials.id);
        let refused = || TokenError::invalid_client(credentials.via, "the client is not proven");
        let expected = found.as_ref().and_then(|client| client.secret_digest.clone());
        let is_public = found.as_ref().is_some_and(|client| client.kind == OauthClientKind::Public);
        match &credentials.secret {
            Some(secret) => {
                let shown = OauthClient::digest_of(secret.expose());
                let expected = expected.filter(|_| !is_public);
                let expected_or_none = expected.as_deref().unwrap_or(NOBODYS_DIGEST);
                let is_right = bool::from(shown.as_bytes().ct_eq(expected_or_none.as_bytes()));
                found.filter(|_| is_right && expected.is_some()).ok_or_else(refused)
            }
            None => found.filter(|_| is_public).ok_or_else(refused),
        }
    }

    async fn redeem(
        &self,
        site: &Site,
        client: &OauthClient,
        code: &str,
        redirect_uri: String,
        challenge: Option<String>,
    ) -> Result<Grant, TokenError> {
        let family = self.port.random::<16>().ok_or_else(unavailable)?;
        let command = IdentityCommand::Redeem {
            digest: sha256(code.as_bytes()),
            client_id: client.client_id.clone(),
            redirect_uri: Some(redirect_uri),
            challenge,
            family: tokens::family_id(family),
            lasting: site.refresh_lasting(),
        };
        self.granted("code", command).await
    }

    async fn refresh(
        &self,
        site: &Site,
        client: &OauthClient,
        token: &str,
        access: Option<Secret>,
    ) -> Result<Grant, TokenError> {
        let Some(RefreshToken { family, generation }) = self.mac.read_refresh(token) else {
            return Err(invalid_grant("the refresh token is not good"));
        };
        // What was revoked elsewhere a moment ago needs no look; nothing is told about it.
        if self.port.is_revoked(&Revoked::Family(family.clone())) {
            return Err(invalid_grant("the refresh token is not good"));
        }
        let overlap = Duration::from_secs(u64::from(site.identity().rotation_overlap_seconds));
        match (client.refresh, access) {
            (RefreshRule::WithAccessToken, None) => {
                return Err(TokenError::new(
                    TokenErrorCode::InvalidRequest,
                    "access_token is missing: this client refreshes with both of its tokens",
                ));
            }
            (_, Some(access)) => {
                let access = self.check(&access);
                let access = access.map_err(|_| invalid_grant("the access token is not good"))?;
                // The successor may be there already, where this is a retry.
                let belongs = access.family == family
                    && access.client_id == client.client_id
                    && (access.generation == generation
                        || access.generation == generation.saturating_add(1));
                if !belongs {
                    return Err(invalid_grant("the two tokens do not belong together"));
                }
            }
            (RefreshRule::RefreshTokenOnly, None) => {}
        }
        let client_id = client.client_id.clone();
        let command = IdentityCommand::Refresh { family, generation, client_id, overlap };
        self.granted("refresh", command).await
    }

    async fn granted(&self, kind: &str, command: IdentityCommand) -> Result<Grant, TokenError> {
        // Each try is one of its own: a repeat must be judged by what is so then.
        let random = self.port.random::<16>().ok_or_else(unavailable)?;
        let id = InputId::new(kind, hexadecimal(&random));
        match self.port.submit(Input::command(id, Command::Identity(command))).await {
            Ok(Outcome::Done(Reply::Granted { grant })) => {
                let providers = &self.site().settings.identity_providers;
                // Whoever takes an IdP away believes nothing more of what it said.
                let is_believed = providers.contains_key(&grant.of.person.provider);
                if is_believed { Ok(*grant) } else { Err(invalid_grant("it is not good")) }
            }
            Ok(Outcome::Done(Reply::Reused)) => Err(invalid_grant(REUSED)),
            Ok(Outcome::Refused(Refusal::GrantInvalid)) => Err(invalid_grant("it is not good")),
            Ok(_) => Err(unavailable()),
            Err(error) => {
                tracing::warn!(%error, "tokens cannot be granted now");
                Err(unavailable())
            }
        }
    }

    fn tokens(
        &self,
        site: &Site,
        client: &OauthClient,
        grant: &Grant,
    ) -> Result<Value, TokenError> {
        let nonce = self.port.random::<12>().ok_or_else(unavailable)?;
        let (keyring, now) = (self.keyring(), self.now());
        let issued = tokens::issue(site, &keyring, &self.mac, client, grant, now, nonce);
        let issued = issued.ok_or_else(unavailable)?;
        let mut body = json!({
            "access_token": issued.access,
            "token_type": "Bearer",
            "expires_in": issued.expires_seconds,
            "refresh_token": issued.refresh,
            "user_id": grant.of.person.uid,
            "realm": grant.of.person.realm(),
            "user_principal": grant.of.person.principal,
        });
        if !grant.of.scope.is_empty()
            && let Some(members) = body.as_object_mut()
        {
            members.insert("scope".to_owned(), grant.of.scope.join(" ").into());
        }
        Ok(body)
    }

    /// Answers what a token is worth.
    pub(crate) async fn introspect(self: Arc<Self>, request: Request) -> Response<Bytes> {
        let site = self.site();
        let (client, query) = match self.query(&site, &request) {
            Ok(asked) => asked,
            Err(error) => return self.refused(&request, &error),
        };
        if !client.may_introspect {
            let error = TokenError::new(
                TokenErrorCode::UnauthorizedClient,
                "this client may not ask about tokens",
            );
            return self.refused(&request, &error);
        }
        let inactive = json!({"active": false});
        let body = match self.check(&Secret::new(query.token.expose())) {
            Ok(access) => json!({
                "active": true,
                "token_type": "Bearer",
                "iss": site.issuer(),
                "aud": site.issuer(),
                "sub": access.person.uid,
                "username": access.person.principal,
                "client_id": access.client_id,
                "scope": access.scope.join(" "),
                "iat": access.issued_at.seconds(),
                "exp": access.ends_at.seconds(),
                "jti": access.id,
                "user_id": access.person.uid,
                "realm": access.person.realm(),
                "upn": access.person.principal,
            }),
            Err(tokens::TokenRefused::Unavailable) => {
                return self.refused(&request, &unavailable());
            }
            Err(_) => match self.mac.read_refresh(query.token.expose()) {
                Some(token) => match self.refresh_is_worth(&site, &token).await {
                    Ok(worth) => worth.unwrap_or(inactive),
                    Err(error) => return self.refused(&request, &error),
                },
                None => inactive,
            },
        };
        no_cache(pages::json(StatusCode::OK, &body))
    }

    /// What a refresh token is worth now; `None` where it is worth nothing.
    async fn refresh_is_worth(
        &self,
        site: &Site,
        token: &RefreshToken,
    ) -> Result<Option<Value>, TokenError> {
        let family = self.port.token_family(&token.family).await.map_err(|_| unavailable())?;
        Ok(family
            .filter(|family| {
                let is_newest =
                    family.generation == token.generation && self.now() < family.ends_at;
                is_newest && self.client(site, &family.client_id).is_some()
            })
            .map(|family| {
                json!({
                    "active": true,
                    "client_id": family.client_id,
                    "sub": family.person.uid,
                    "username": family.person.principal,
                    "scope": family.scope.join(" "),
                    "iat": family.began_at.seconds(),
                    "exp": family.ends_at.seconds(),
                })
            }))
    }

    /// Ends a token, or what it belongs to (RFC 7009). What is unknown is as good as revoked.
    pub(crate) async fn revoke(self: Arc<Self>, request: Request) -> Response<Bytes> {
        let site = self.site();
        let (client, query) = match self.query(&site, &request) {
            Ok(asked) => asked,
            Err(error) => return self.refused(&request, &error),
        };
        let what = match self.mac.read_refresh(query.token.expose()) {
            Some(token) => Some((Revoked::Family(token.family), self.now())),
            None => match self.check(&Secret::new(query.token.expose())) {
                Ok(access) if access.client_id == client.client_id => {
                    Some((Revoked::Token(access.id), access.ends_at))
                }
                Err(tokens::TokenRefused::Unavailable) => {
                    return self.refused(&request, &unavailable());
                }
                _ => None,
            },
        };
        if let Some((what, ends_at)) = what {
            let client_id = Some(client.client_id.clone());
            let random = self.port.random::<16>().unwrap_or_default();
            let id = InputId::new("revoke", hexadecimal(&random));
            let command = IdentityCommand::Revoke { what, ends_at, client_id };
            match self.port.submit(Input::command(id, Command::Identity(command))).await {
                // Another's token is none of this client's business, which learns nothing of it.
                Ok(Outcome::Done(_) | Outcome::Refused(_)) => {}
                Ok(_) | Err(_) => return self.refused(&request, &unavailable()),
            }
        }
        shared(no_cache(pages::bare(StatusCode::OK)), &request, &client)
    }

    fn query(
        &self,
        site: &Site,
        request: &Request,
    ) -> Result<(Arc<OauthClient>, TokenQuery), TokenError> {
        let (credentials, query) = TokenQuery::parse(
            text(request, &CONTENT_TYPE),
            text(request, &AUTHORIZATION),
            &request.body,
        )?;
        Ok((self.proven_client(site, &credentials)?, query))
    }

    fn refused(&self, request: &Request, error: &TokenError) -> Response<Bytes> {
        let (code, description) = (error.code.name(), error.description.as_str());
        tracing::info!(
            reference = request.reference,
            code,
            description,
            "an application's request is refused"
        );
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = pages::json(status, &Value::Null);
        *answer.body_mut() = Bytes::from(error.body());
        if let Some(challenge) = error.www_authenticate() {
            pages::set(&mut answer, WWW_AUTHENTICATE, challenge);
        }
        if error.code == TokenErrorCode::TemporarilyUnavailable {
            pages::set(&mut answer, RETRY_AFTER, "5");
        }
        no_cache(answer)
    }
}

/// What is said where a code or refresh token came a second time.
const REUSED: &str = "it was used before, and all that was granted by it is revoked";

fn grant_name(asked: &TokenRequest) -> &'static str {
    match asked {
        TokenRequest::Code { .. } => "authorization_code",
        TokenRequest::Refresh { .. } => "refresh_token",
    }
}

fn invalid_grant(description: &'static str) -> TokenError {
    TokenError::new(TokenErrorCode::InvalidGrant, description)
}

fn unavailable() -> TokenError {
    TokenError::new(TokenErrorCode::TemporarilyUnavailable, "try again in a few seconds")
}

/// The only header field of that name.
fn text<'r>(request: &'r Request, name: &http::HeaderName) -> Option<&'r str> {
    let mut fields = request.headers.get_all(name).iter();
    match (fields.next(), fields.next()) {
        (Some(field), None) => field.to_str().ok(),
        // Two of them are as good as an unreadable one.
        (Some(_), Some(_)) => Some("\0"),
        (None, _) => None,
    }
}

fn no_cache(mut answer: Response<Bytes>) -> Response<Bytes> {
    pages::set(&mut answer, PRAGMA, "no-cache");
    answer
}

/// Lets pages of a public application read the answer, from where its registered addresses are.
fn shared(mut answer: Response<Bytes>, request: &Request, client: &OauthClient) -> Response<Bytes> {
    pages::set(&mut answer, VARY, "Origin");
    let Some(origin) = request.headers.get(ORIGIN).and_then(|it| it.to_str().ok()) else {
        return answer;
    };
    let is_of = |url: &String| {
        url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
    };
    if client.kind == OauthClientKind::Public && client.redirect_urls.iter().any(is_of) {
        pages::set(&mut answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        pages::set(
            &mut answer,
            http::HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        );
    }
    answer
}
