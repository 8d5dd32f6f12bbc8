//! What is taken but looks wrong.

use crate::{PairName, Problem};

/// PHN-18: a user that pushes to phones should not be the one by which a contact centre controls
/// them.
pub(in crate::settings) fn warnings<'a>(
    push_user: Option<&str>,
    pairs: impl IntoIterator<Item = (&'a PairName, Option<&'a str>)>,
) -> Vec<Problem> {
    let Some(push_user) = push_user else { return Vec::new() };
    let same = |user: Option<&str>| user.is_some_and(|user| user.eq_ignore_ascii_case(push_user));
    pairs
        .into_iter()
        .filter(|(_, user)| same(*user))
        .map(|(pair, _)| Problem {
            key: "phone_service.push.user".to_owned(),
            message: format!(
                "is also the user by which the contact centre of pair {pair} controls phones \
                 (rmcm_user); give pushes an application user of their own, or the one may lose \
                 phones that the other needs"
            ),
        })
        .collect()
}
