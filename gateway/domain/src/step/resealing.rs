//! Secrets sealed anew under another key. Whoever opens them finds what was there before, so nobody has to
//! begin anew, and a file that rules the settings is in force still.

use super::administration::written;
use crate::settings::SettingDocument;
use crate::{Decision, Deployment, Document, Event, Halt, Key, Refusal, Reply, Sealed, View};

/// Writes what was sealed anew, all of it or nothing. What moved since it was looked for refuses it.
pub(super) fn reseal(
    base: u64,
    put: &[SettingDocument],
    root: Option<&(Sealed, Sealed)>,
    view: &View,
) -> Result<Decision, Halt> {
    // Loads the head, so that the settings in view are those it speaks of.
    view.document(&Key::settings_head())?;
    let settings = &view.settings;
    let unchanged = |new: &SettingDocument| {
        settings.document(&new.key()).is_some_and(|old| is_same_but_for_seals(&old, new))
    };
    if settings.number != base || !put.iter().all(unchanged) {
        return Err(Refusal::SettingsMoved.into());
    }
    let mut decision = match put {
        [] => Decision::already(Reply::Settings { number: base }),
        put => written(put.to_vec(), Vec::new(), settings.source.clone(), view)?,
    };
    if let Some((before, after)) = root {
        let key = Key::deployment();
        let loaded = view.document(&key)?;
        match loaded.map(|loaded| &loaded.document) {
            Some(Document::Deployment(kept)) if kept.root == *before => {}
            _ => return Err(Refusal::SettingsMoved.into()),
        }
        let resealed = Document::Deployment(Deployment { root: after.clone() });
        decision = decision
            .guard(key.clone(), loaded.map(|loaded| loaded.version))
            .put(key.clone(), resealed)
            .event(Event::new("deployment_resealed", key));
    }
    Ok(decision)
}

/// Whether the two differ in nothing but how their secrets are sealed.
fn is_same_but_for_seals(old: &SettingDocument, new: &SettingDocument) -> bool {
    let secrets = old.secrets().into_iter();
    let put_back =
        secrets.fold(new.clone(), |new, (of, sealed)| new.with_secret(&of, sealed.clone()));
    put_back == *old
}
