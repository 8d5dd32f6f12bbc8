//! The one-time link by which the first administrator is made.
//!
//! A node that starts and finds nobody who may change settings by a console makes a link, and writes it
//! to a file that only its own user may read; the log says where. It is good for a day and for one use;
//! `jackfield set-up-link` makes another. The secret stands behind `#`, which browsers keep to
//! themselves, so that no log of a proxy has it.

use std::time::Duration;

use ::console::{Context, Failure, SetUp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::settings::{ACCOUNT_PASSWORD_CHARACTERS_MIN, LocalAccount, PASSWORD_CHARACTERS_MAX};
use domain::{
    Actor, AgentId, Command, ConsoleCommand, Deed, Document, Input, InputId, Key, Problems, Role,
    SetUpLink, Settings, administrators,
};
use engine::Outcome;

use super::proofs::sha256;
use crate::admin::people;
use crate::admin::protocol::refused;
use crate::node::Shared;
use crate::secret_file;

/// How long a link is good.
const LASTING: Duration = Duration::from_secs(86_400);
/// How often a set-up is tried for settings that moved.
const TRIES: usize = 4;
/// The file with the link, below the state directory.
const FILE: &str = "set-up-link";

/// Whether nobody may change settings by a console.
pub(crate) fn is_needed(settings: &Settings) -> bool {
    administrators(settings) == 0
}

/// Whether a link can make somebody who may: it gives no second factor.
fn can_help(settings: &Settings) -> bool {
    !settings.sign_on.administrators_need_totp
}

/// Whether a link waits for its use.
pub(super) async fn is_open(shared: &Shared) -> bool {
    let settings = shared.engine.settings();
    if !is_needed(&settings) || !can_help(&settings) {
        return false;
    }
    match shared.engine.document(&Key::set_up_link()).await {
        Ok(Some(loaded)) => match loaded.document {
            Document::SetUpLink(link) => shared.engine.now() < link.ends_at,
            _ => false,
        },
        _ => false,
    }
}

/// Makes a link at a start that needs one; nodes that start later find it. Where the file is gone the
/// command makes another.
pub(crate) async fn at_start(shared: &Shared) {
    let settings = shared.engine.settings();
    if !is_needed(&settings) {
        // A link that nobody used opens nothing any more.
        let _ = std::fs::remove_file(shared.config.state_directory.join(FILE));
        return;
    }
    if !can_help(&settings) {
        tracing::warn!(
            "no administrator can sign in to the console: the settings ask for a second factor that \
             none has; give one to an account with the command line"
        );
        return;
    }
    if is_open(shared).await {
        return;
    }
    let context = Context { by: Actor::gateway(), idempotency: None };
    match make(shared, &context, false).await {
        // Another node that starts was first.
        Ok(None) => {}
        Ok(Some(link)) => {
            let path = shared.config.state_directory.join(FILE);
            match secret_file::write(&path, format!("{link}\n").as_bytes()) {
                Ok(()) => tracing::warn!(
                    file = %path.display(),
                    "nobody may change settings by the console yet: the link in this file makes the \
                     first administrator"
                ),
                Err(error) => tracing::error!(%error, file = %path.display(), "not written"),
            }
        }
        Err(failure) => {
            tracing::warn!(why = failure.message, "no set-up link could be made");
        }
    }
}

/// A link for the first administrator, in the place of one before; `None` where another waits and is
/// not to be replaced.
pub(crate) async fn make(
    shared: &Shared,
    context: &Context,
    replaces: bool,
) -> Result<Option<String>, Failure> {
    let settings = shared.engine.settings();
    if !is_needed(&settings) {
        let message = "there is an administrator already, who makes others";
        return Err(Failure::new("not_needed", message));
    }
    if !can_help(&settings) {
        let message = "the settings ask administrators for a second factor, which a link cannot give; \
                       apply settings that give one to an account, or do without it in sign_on";
        return Err(Failure::new("not_needed", message));
    }
    let random = shared.port.random::<32>();
    let random =
        random.ok_or_else(|| Failure::new("unavailable", "the machine gives no random numbers"))?;
    let secret = URL_SAFE_NO_PAD.encode(random);
    let digest = sha256(&secret);
    let ends_at = shared.engine.now().after(LASTING);
    let link = SetUpLink { digest: digest.clone(), ends_at };
    let deed = Deed::done("set_up_link_made", "accounts");
    let command = ConsoleCommand::OpenSetUpLink { link, replaces };
    people::submit(shared, context, deed, command).await?;
    let there = shared.engine.document(&Key::set_up_link()).await?;
    let is_ours = matches!(there.map(|it| it.document),
        Some(Document::SetUpLink(there)) if there.digest == digest);
    Ok(is_ours.then(|| format!("{}/#set-up={secret}", shared.config.console.base)))
}

/// Makes the first administrator, once.
pub(super) async fn set_up(shared: &Shared, wanted: SetUp) -> Result<(), Failure> {
    let mut problems = Problems::default();
    let name = problems.keep("account", wanted.account.parse::<AgentId>());
    let length = wanted.password.expose().chars().count();
    if !(ACCOUNT_PASSWORD_CHARACTERS_MIN..=PASSWORD_CHARACTERS_MAX).contains(&length) {
        let message = format_args!(
            "must have {ACCOUNT_PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters"
        );
        problems.add("password", message);
    }
    let settings = shared.engine.settings();
    if name.as_ref().is_some_and(|name| settings.agents.contains_key(name)) {
        problems.add("account", "is an agent's id; choose another");
    }
    let Some(name) = name.filter(|_| problems.is_empty()) else {
        return Err(Failure::problems("problems", problems));
    };
    let by = Actor {
        who: "set-up link".to_owned(),
        how: None,
        from: Some(wanted.from.to_string()),
        reference: Some(wanted.reference),
    };
    // Looked at before the password is hashed, which takes its time.
    let digest = sha256(wanted.secret.expose());
    let found = shared.engine.document(&Key::set_up_link()).await;
    match found?.map(|it| it.document) {
        Some(Document::SetUpLink(link)) if link.digest == digest => {}
        _ => {
            let deed = Deed::done("set_up", "accounts").with_outcome("wrong");
            shared.tries.refused(by, deed).await;
            return Err(refused(&domain::Refusal::LinkOver));
        }
    }
    shared.writable_settings()?;
    let hash = shared.port.hash(&wanted.password).await;
    let hash = hash.ok_or_else(|| Failure::new("busy", "too much at once; try again"))?;
    let account = LocalAccount {
        name: name.clone(),
        description: None,
        roles: vec![Role::Administrator],
        password_hash: Some(hash),
        totp: None,
        disabled: false,
    };
    for _ in 0..TRIES {
        let base = shared.engine.settings().number;
        let command = ConsoleCommand::UseSetUpLink {
            digest: digest.clone(),
            base,
            account: Box::new(account.clone()),
        };
        let command = Command::Audited {
            by: by.clone(),
            deed: Some(Deed::done("set_up", format!("accounts/{name}"))),
            command: Some(Box::new(Command::Console(command))),
        };
        let id = InputId::new("set_up", format_args!("{base}/{digest}"));
        match shared.engine.submit(Input::command(id, command)).await {
            Ok(Outcome::Done(_)) => {
                let _ = std::fs::remove_file(shared.config.state_directory.join(FILE));
                tracing::info!("the first administrator was made");
                return Ok(());
            }
            Ok(Outcome::Refused(domain::Refusal::SettingsMoved)) => {}
            Ok(Outcome::Refused(refusal)) => {
                let deed = Deed::done("set_up", "accounts").with_outcome("refused");
                shared.tries.refused(by, deed).await;
                return Err(refused(&refusal));
            }
            Ok(Outcome::Unclear(_)) => {
                return Err(engine::SubmitError::Undecided.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(refused(&domain::Refusal::SettingsMoved))
}
