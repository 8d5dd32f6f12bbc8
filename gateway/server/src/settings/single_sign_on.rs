//! Single sign-on is switched on once all of it was tested (IDS-07): a trust that does not work locks everybody out.

use std::sync::Arc;

use domain::settings::{Section, SettingDocument, Settings};
use domain::{Actor, Proof};
use identity::Identity;

use super::ApplyError;

/// Refuses settings that switch it on before that; `is_whole` where `put` is all of them. Whoever may use the
/// machine, and a file on it, may do so: what is not tested is told as a warning then.
pub(super) fn check(
    identity: Option<&Arc<Identity>>,
    before: &Settings,
    put: &[SettingDocument],
    is_whole: bool,
    by: &Actor,
) -> Result<(), ApplyError> {
    if matches!(by.how, None | Some(Proof::LocalSocket)) || before.identity.single_sign_on {
        return Ok(());
    }
    let after = put.iter().find_map(|document| match document {
        SettingDocument::Identity(after) => Some(after),
        _ => None,
    });
    let Some(after) = after.filter(|after| after.single_sign_on) else { return Ok(()) };
    let Some(identity) = identity else {
        return Err(ApplyError::NotTested(vec!["this node has no identity service".to_owned()]));
    };
    let mut why = identity.why_not();
    let mut alone = before.identity.as_ref().clone();
    alone.single_sign_on = true;
    let moves_providers = match is_whole {
        false => put.iter().any(|it| it.section() == Section::IdentityProvider),
        true => {
            let providers = put.iter().filter(|it| it.section() == Section::IdentityProvider);
            let same = |it: &SettingDocument| before.document(&it.key()).as_ref() == Some(it);
            let count = providers.clone().count();
            count != before.identity_providers.len() || !providers.clone().all(same)
        }
    };
    if moves_providers || alone != **after {
        // What was tested is what is in force, which this would not be.
        why.push(
            "it is changed together with what it rests on; change that first, and test it"
                .to_owned(),
        );
    }
    if why.is_empty() { Ok(()) } else { Err(ApplyError::NotTested(why)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(how: Option<Proof>) -> Actor {
        Actor { who: "admin".to_owned(), how, from: None, reference: None }
    }

    fn identity(single_sign_on: bool) -> SettingDocument {
        let settings = domain::settings::IdentitySettings { single_sign_on, ..Default::default() };
        SettingDocument::Identity(Box::new(settings))
    }

    #[test]
    fn ids_11_single_sign_on_is_switched_on_untested_by_the_machine_itself_alone() {
        let before = Settings::default();
        for is_whole in [false, true] {
            let checked = |on, how| check(None, &before, &[identity(on)], is_whole, &by(how));
            assert!(matches!(checked(true, Some(Proof::Cookie)), Err(ApplyError::NotTested(_))));
            assert!(matches!(checked(true, Some(Proof::Password)), Err(ApplyError::NotTested(_))));
            assert!(checked(false, Some(Proof::Cookie)).is_ok());
            assert!(checked(true, Some(Proof::LocalSocket)).is_ok());
            assert!(checked(true, None).is_ok());
        }
    }

    #[test]
    fn ids_11_single_sign_on_that_is_on_already_is_no_matter_of_later_changes() {
        let settings =
            domain::settings::IdentitySettings { single_sign_on: true, ..Default::default() };
        let before = Settings { identity: Arc::new(settings), ..Settings::default() };
        let checked = check(None, &before, &[identity(true)], true, &by(Some(Proof::Cookie)));
        assert!(checked.is_ok());
    }
}
