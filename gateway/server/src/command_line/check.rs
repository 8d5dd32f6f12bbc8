//! `jackfield check`: all that is wrong, before anything is started (OPS-01).

use std::io::Write;
use std::path::Path;

use domain::Problems;
use engine::{Clock, SystemClock};

use super::Problem;
use crate::config::{Config, Expiry, check_files_for};
use crate::node::check_routes;
use crate::{open_files, sealing_file, settings};

/// Checks a configuration with the files it names, and a settings file where one is given.
pub(super) fn check(
    config: &Path,
    settings_file: Option<&Path>,
    out: &mut impl Write,
) -> Result<(), Problem> {
    let mut problems = Problems::default();
    let mut sealing = None;
    // Problems of keys hide none of files.
    if let Some(partly) = Config::load_partly(config, &mut problems) {
        let (config, names) = (&partly.config, partly.certificate_names());
        check_files_for(config, &names, Expiry::Refused, SystemClock.now(), &mut problems);
        open_files::check(config, &mut problems);
        super::runtime()?.block_on(check_routes(config, &mut problems));
        if config.sealing_key_file.exists() {
            sealing = sealing_file::read(&config.sealing_key_file).ok();
        }
    }
    let mut warnings = Vec::new();
    if let Some(file) = settings_file {
        let read = settings::read_file(file);
        match read.and_then(|bytes| settings::check(&bytes, sealing.as_ref())) {
            Ok(file) => warnings = file.warnings(),
            Err(found) => add(&mut problems, "settings: ", &found),
        }
    }
    problems.into_result()?;
    for warning in warnings {
        writeln!(out, "warning: settings: {warning}")?;
    }
    writeln!(out, "no problems found")?;
    Ok(())
}

fn add(problems: &mut Problems, prefix: &str, found: &Problems) {
    for problem in found.as_slice() {
        problems.add(format!("{prefix}{}", problem.key), &problem.message);
    }
}
