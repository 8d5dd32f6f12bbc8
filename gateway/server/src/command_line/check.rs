//! `jackfield check`: all that is wrong, before anything is started (OPS-01).

use std::io::Write;
use std::path::Path;

use domain::Problems;
use engine::{Clock, SystemClock};
use store::OpenError;

use super::Problem;
use crate::config::{Config, DatabaseConfig, Expiry, StoreConfig, check_files_for};
use crate::node::check_routes;
use crate::words::with_causes;
use crate::{open_files, opening, sealing_file, settings};

/// Checks a configuration with the files it names, and a settings file where one is given; `offline` leaves
/// the database alone.
pub(super) fn check(
    config: &Path,
    settings_file: Option<&Path>,
    offline: bool,
    out: &mut impl Write,
) -> Result<(), Problem> {
    let mut problems = Problems::default();
    let mut warnings = Vec::new();
    let mut sealing = None;
    let mut listeners = None;
    // Problems of keys hide none of files.
    if let Some(partly) = Config::load_partly(config, &mut problems) {
        let (config, names) = (&partly.config, partly.certificate_names());
        check_files_for(config, &names, Expiry::Refused, SystemClock.now(), &mut problems);
        open_files::check(config, &mut problems);
        let runtime = super::runtime()?;
        runtime.block_on(check_routes(config, &mut problems));
        if let StoreConfig::Postgresql(database) = &config.store
            && !offline
        {
            let advice = runtime.block_on(check_database(database, &mut problems));
            warnings.extend(advice.into_iter().map(|advice| format!("store: {advice}")));
        }
        if config.sealing_key_file.exists() {
            sealing = sealing_file::read(&config.sealing_key_file).ok();
        }
        listeners = Some(config.sip.clone());
    }
    if let Some(file) = settings_file {
        let read = settings::read_file(file);
        match read.and_then(|bytes| settings::check(&bytes, sealing.as_ref())) {
            Ok(file) => {
                let of_listeners = listeners.map(|it| it.warnings(file.sip()));
                let found = file.warnings().into_iter().chain(of_listeners.unwrap_or_default());
                warnings.extend(found.map(|warning| format!("settings: {warning}")));
            }
            Err(found) => add(&mut problems, "settings: ", &found),
        }
    }
    problems.into_result()?;
    for warning in warnings {
        writeln!(out, "warning: {warning}")?;
    }
    writeln!(out, "no problems found")?;
    Ok(())
}

/// What is to be said of the database, once one connection was opened; nothing in it is changed.
async fn check_database(database: &DatabaseConfig, problems: &mut Problems) -> Vec<String> {
    // Who has no right URL or password need not be told so by the server too.
    if problems.as_slice().iter().any(|problem| problem.key.starts_with("store.")) {
        return Vec::new();
    }
    let options = match opening::options(database) {
        Ok(options) => options,
        Err(error) => {
            problems.add("store.password_file", error);
            return Vec::new();
        }
    };
    match store::postgres_advice(&options, || SystemClock.now()).await {
        Ok(advice) => advice,
        Err(error) => {
            let key = match error {
                OpenError::NoAuthority { .. } | OpenError::Authorities { .. } => {
                    "store.authority_file"
                }
                _ => "store.url",
            };
            problems.add(key, with_causes(&error));
            Vec::new()
        }
    }
}

fn add(problems: &mut Problems, prefix: &str, found: &Problems) {
    for problem in found.as_slice() {
        problems.add(format!("{prefix}{}", problem.key), &problem.message);
    }
}
