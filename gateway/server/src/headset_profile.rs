//! The profile of the headset service: a file of the node's own that says how its documents look.

use std::path::Path;

use protocols::headset::Profile;
use serde_json::Value;

/// The most bytes of a profile.
const BYTES_MAX: u64 = 256 * 1024;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    /// The file cannot be read.
    #[error("{0} cannot be read")]
    Unreadable(String, #[source] std::io::Error),
    /// It is too large.
    #[error("{0} is larger than {BYTES_MAX} bytes")]
    TooLarge(String),
    /// It is neither TOML nor JSON.
    #[error("{0} is no TOML, and no JSON where its name ends in .json: {1}")]
    Syntax(String, String),
    /// It says something that a profile cannot say.
    #[error("{0}: {1}")]
    Problems(String, String),
}

/// Reads the profile in that file.
pub(crate) fn read(path: &Path) -> Result<Profile, ProfileError> {
    let name = path.display().to_string();
    let unreadable = |error| ProfileError::Unreadable(name.clone(), error);
    if std::fs::metadata(path).map_err(unreadable)?.len() > BYTES_MAX {
        return Err(ProfileError::TooLarge(name));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let value: Result<Value, String> = match is_json {
        true => serde_json::from_str(&text).map_err(|error| error.to_string()),
        false => toml::from_str(&text).map_err(|error| error.message().to_owned()),
    };
    let value = value.map_err(|error| ProfileError::Syntax(name.clone(), error))?;
    Profile::read(&value).map_err(|problems| {
        let all = problems.iter().map(|it| it.to_string());
        ProfileError::Problems(name, all.collect::<Vec<_>>().join("; "))
    })
}

/// The profile in that file; the built-in one where there is none, or where it went bad after the check at the
/// start.
pub(crate) fn of(path: Option<&Path>) -> Profile {
    let Some(path) = path else { return Profile::default() };
    read(path).unwrap_or_else(|error| {
        tracing::error!(error = crate::words::with_causes(&error), "the built-in profile is used");
        Profile::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn a_profile_is_read_from_toml_and_json_and_every_problem_is_told() {
        let folder = Folder::new();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        assert_eq!(read(&file("sample.toml", &Profile::sample())).unwrap(), Profile::default());
        assert_eq!(read(&file("empty.json", "{}")).unwrap(), Profile::default());
        let told = |path: &Path| crate::words::with_causes(&read(path).unwrap_err());
        let both = told(&file("odd.toml", "format = \"yaml\"\nodd = 1\n"));
        assert!(both.contains("format") && both.contains("odd"), "{both}");
        assert!(told(&file("broken.toml", "format = ")).contains("no TOML"));
        assert!(told(folder.path().join("none").as_path()).contains("cannot be read"));
        let large = file("large.toml", &"#".repeat(300_000));
        assert!(told(&large).contains("larger"));
        assert_eq!(of(Some(&large)), Profile::default());
    }
}
