//! What a node needs before it opens its store: folders, files, and the certificate of a first start.

use domain::{Problems, Timestamp};

use super::NodeError;
use crate::config::{Config, Expiry, StoreConfig, check_files_for};
use crate::tls::certificates;
use crate::tls::making::SelfMade;
use crate::{open_files, secret_file, tls};

/// A limit that is too low keeps phones out only on the busiest day, so the node starts.
pub(super) fn open_files(config: &Config) {
    open_files::raise();
    let mut problems = Problems::default();
    open_files::check(config, &mut problems);
    for problem in problems.as_slice() {
        tracing::warn!(key = problem.key, why = problem.message, "connections may be refused");
    }
}

/// Folders, files and the certificate of a first start; then the checks of `check`, once more.
pub(super) fn prepare(config: &Config, now: Timestamp) -> Result<(), NodeError> {
    let folder = |source| NodeError::Folder { path: config.state_directory.clone(), source };
    secret_file::make_folder(&config.state_directory).map_err(folder)?;
    if let StoreConfig::Sqlite { path } = &config.store
        && let Some(above) = path.parent()
    {
        secret_file::make_folder(above).map_err(folder)?;
    }
    let unfinished = |source| NodeError::Folder { path: config.certificates_folder(), source };
    certificates::finish_interrupted(config).map_err(unfinished)?;
    if certificates::replace_renamed(config, now)? {
        tracing::warn!("the name changed: a self-signed certificate is shown until one is signed");
    }
    let names = config.certificate_names();
    if config.certificate.is_none() {
        match tls::making::self_signed(&config.certificate_files(), &names, now)? {
            SelfMade::There => {}
            SelfMade::Missing => tracing::info!("a self-signed certificate was made"),
            SelfMade::KeyAlone => tracing::warn!(
                "a self-signed certificate was made for the key that was there without one"
            ),
            SelfMade::Outdated => tracing::warn!(
                "the self-signed certificate was made anew: it had expired or did not cover our \
                 name; phones must trust the new one; the old one is kept beside it"
            ),
            SelfMade::OldOneRight => tracing::warn!(
                "the self-signed certificate of before was put back: the one that replaced it is \
                 not right by today's clock and name, and it is"
            ),
        }
    }
    let mut problems = Problems::default();
    check_files_for(config, &names, Expiry::Borne, now, &mut problems);
    problems.into_result().map_err(NodeError::Problems)
}
