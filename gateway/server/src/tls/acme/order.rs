//! One order of an ACME authority, from the account to the signed certificate.
//!
//! ```text
//!   account (kept, or made) -> order -> each name's challenge answered -> the authority looks -> request
//!     for a new key -> certificate
//! ```

use std::path::Path;
use std::time::Duration;

use domain::NodeName;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount,
    NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::challenges::Challenges;
use super::client::Client;
use crate::config::{AcmeChallenge, AcmeConfig};
use crate::secret_file;

/// Where the account's key is kept, mode 0600.
const ACCOUNT: &str = "acme-account.json";
/// How the authority is asked whether it has looked already: at first every half second.
const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.3)
    .timeout(Duration::from_secs(180));

/// What the authority signed.
pub(super) struct Signed {
    /// The certificate and those that signed it (PEM).
    pub(super) chain: String,
    /// Its key (PEM).
    pub(super) key: Zeroizing<String>,
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotSigned {
    /// The authority was not reached, or did not come to an end.
    #[error("the authority cannot be reached: {0}")]
    Away(String),
    /// It said no.
    #[error("the authority refused: {0}")]
    Refused(String),
    /// It was asked too often.
    #[error("the authority was asked too often: {0}")]
    TooOften(String),
}

impl From<Error> for NotSigned {
    fn from(error: Error) -> Self {
        match &error {
            Error::Api(problem) => match problem.r#type.as_deref() {
                Some("urn:ietf:params:acme:error:rateLimited") => Self::TooOften(error.to_string()),
                // A number of theirs ran out under way, several times in a row: no word about us.
                Some(
                    "urn:ietf:params:acme:error:serverInternal"
                    | "urn:ietf:params:acme:error:badNonce",
                ) => Self::Away(error.to_string()),
                _ => Self::Refused(error.to_string()),
            },
            Error::Other(_) | Error::Timeout(_) | Error::Http(_) | Error::Json(_) => {
                Self::Away(error.to_string())
            }
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// The account as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    credentials: AccountCredentials,
}

/// Answers are taken back whatever becomes of the order.
struct Answers<'a>(&'a Challenges);

impl Drop for Answers<'_> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

/// Has a certificate for `names` signed.
pub(super) async fn order(
    config: &AcmeConfig,
    folder: &Path,
    names: &[NodeName],
    challenges: &Challenges,
) -> Result<Signed, NotSigned> {
    let client = Client::new(config.authority_file.as_deref()).map_err(NotSigned::Away)?;
    let account = account(config, folder, &client).await?;
    let identifiers: Vec<_> =
        names.iter().map(|name| Identifier::Dns(name.as_str().to_ascii_lowercase())).collect();
    let mut order = match account.new_order(&NewOrder::new(&identifiers)).await {
        Err(Error::Api(problem)) if is_unknown_account(problem.r#type.as_deref()) => {
            // The authority has forgotten us; the next try makes another account.
            let _ = std::fs::remove_file(folder.join(ACCOUNT));
            return Err(NotSigned::Away("it does not know the account any more".to_owned()));
        }
        order => order?,
    };
    let _answers = Answers(challenges);
    answer(&mut order, config.challenge, challenges).await?;
    match order.poll_ready(&PATIENCE).await {
        Ok(OrderStatus::Ready) => {}
        Ok(_) => return Err(NotSigned::Refused(reasons(&mut order).await)),
        // Some say only here that they came to nothing.
        Err(Error::Api(problem)) => {
            let reasons = reasons(&mut order).await;
            return Err(match NotSigned::from(Error::Api(problem)) {
                NotSigned::Refused(_) if !reasons.is_empty() => NotSigned::Refused(reasons),
                why => why,
            });
        }
        Err(error) => return Err(error.into()),
    }
    let cannot = |error: rcgen::Error| NotSigned::Refused(error.to_string());
    let key = KeyPair::generate().map_err(cannot)?;
    let names: Vec<_> = names.iter().map(|name| name.as_str().to_ascii_lowercase()).collect();
    let mut parameters = CertificateParams::new(names).map_err(cannot)?;
    parameters.distinguished_name = DistinguishedName::new();
    let request = parameters.serialize_request(&key).map_err(cannot)?;
    order.finalize_csr(request.der()).await?;
    let chain = order.poll_certificate(&PATIENCE).await?;
    Ok(Signed { chain, key: Zeroizing::new(key.serialize_pem()) })
}

fn is_unknown_account(kind: Option<&str>) -> bool {
    kind == Some("urn:ietf:params:acme:error:accountDoesNotExist")
}

/// The account that is kept, or a new one.
async fn account(
    config: &AcmeConfig,
    folder: &Path,
    client: &Client,
) -> Result<Account, NotSigned> {
    let builder = || Account::builder_with_http(Box::new(client.clone()));
    let path = folder.join(ACCOUNT);
    if path.exists() {
        let kept = secret_file::read(&path).map_err(|error| NotSigned::Away(error.to_string()))?;
        // What was made at another authority is of no use here.
        if let Ok(kept) = serde_json::from_slice::<Kept>(&kept)
            && kept.directory == config.directory
        {
            return Ok(builder().from_credentials(kept.credentials).await?);
        }
    }
    let contact: Vec<_> = config.contact.iter().map(|it| format!("mailto:{it}")).collect();
    let contact: Vec<_> = contact.iter().map(String::as_str).collect();
    // Without agreement the configuration is refused.
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, credentials) = builder().create(&new, config.directory.clone(), None).await?;
    let kept = Kept { directory: config.directory.clone(), credentials };
    let text = serde_json::to_vec(&kept).map_err(|error| NotSigned::Away(error.to_string()))?;
    let kept = secret_file::write(&path, &Zeroizing::new(text));
    kept.map_err(|error| NotSigned::Away(error.to_string()))?;
    Ok(account)
}

/// Answers the challenge of each name that the authority has not seen to be ours, and says so.
async fn answer(
    order: &mut Order,
    challenge: AcmeChallenge,
    challenges: &Challenges,
) -> Result<(), NotSigned> {
    let kind = match challenge {
        AcmeChallenge::Http01 { .. } => ChallengeType::Http01,
        AcmeChallenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
    };
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            _ => {
                let name = authorization.identifier().to_string();
                return Err(NotSigned::Refused(format!("its look at {name} came to nothing")));
            }
        }
        let name = authorization.identifier().to_string();
        let Some(mut handle) = authorization.challenge(kind.clone()) else {
            return Err(NotSigned::Refused(format!("it offers no such challenge for {name}")));
        };
        let proof = handle.key_authorization();
        match challenge {
            AcmeChallenge::Http01 { .. } => {
                challenges.answer_http(handle.token.clone(), proof.as_str().to_owned());
            }
            AcmeChallenge::TlsAlpn01 => challenges
                .answer_handshake(&name, proof.digest().as_ref())
                .map_err(|error| NotSigned::Refused(error.to_string()))?,
        }
        handle.set_ready().await?;
    }
    Ok(())
}

/// What the authority says of each name that it did not see to be ours.
async fn reasons(order: &mut Order) -> String {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() {
            continue;
        }
        for challenge in &authorization.challenges {
            if let Some(error) = &challenge.error {
                reasons.push(format!("{}: {error}", authorization.identifier()));
            }
        }
    }
    reasons.join("; ")
}
