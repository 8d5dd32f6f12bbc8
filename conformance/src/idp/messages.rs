//! Messages to try a service provider with: good ones in the shapes of several products, and each known
//! attack.
//!
//! A message is a template with `$NAMES` (`shapes/*.xml`), edited, filled in, signed, and for some attacks
//! edited again. An edit whose text is not there exactly once is an error, so that no attack goes stale
//! unseen.
//!
//! - `good`: what has to be accepted. `content`, `people`: signed well, but saying the wrong thing.
//! - `signature`, `algorithms`: what is wrong with the signature itself. `wrapping`: a good signature
//!   that covers something else.
//! - `document`: what is no proper XML, or more of XML than is taken. `bombs`: what costs too much.
//! - `forms`: whole bodies of requests. `output`: the files.

mod algorithms;
mod bombs;
mod content;
mod document;
mod forms;
mod good;
mod output;
mod people;
mod signature;
#[cfg(test)]
mod tests;
mod wrapping;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::headset::timestamp;

use super::keys::SigningKey;
use super::signing::{Form, parse, seal, signed_element};

pub(crate) use self::output::{MessagesArguments, run};

/// The shape that is canonical as it stands.
pub(crate) const PLAIN: &str = include_str!("shapes/plain.xml");

/// Whom the messages are for, by whom and about whom they are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) sp: String,
    pub(crate) acs: String,
    pub(crate) idp: String,
    pub(crate) request_id: String,
    pub(crate) now_seconds: u64,
    pub(crate) uid: String,
    pub(crate) principal: String,
    /// What messages refer to that hope for an outbound request.
    pub(crate) fetch_url: String,
}

/// Makes messages.
pub(crate) struct Forge {
    pub(crate) place: Place,
    /// The key of the metadata.
    pub(crate) key: Arc<SigningKey>,
    /// Somebody else's key.
    pub(crate) foreign: Arc<SigningKey>,
}

/// What of a message is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    Nothing,
    Message,
    Assertion,
    Both,
}

/// One message with what is to become of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) class: &'static str,
    /// The step of judging that fails first; none for what is accepted.
    pub(crate) step: Option<u8>,
    /// Why, in few words; empty for what is accepted.
    pub(crate) reason: &'static str,
    pub(crate) explanation: &'static str,
    /// The message that must have been accepted before.
    pub(crate) after: Option<&'static str>,
    pub(crate) bytes: Vec<u8>,
}

/// A step, a reason and an explanation.
type Fault = (u8, &'static str, &'static str);

/// An entry that is made by one edit of the plain message: name, fault, what is replaced, by what.
type Edit<'a> = (&'static str, Fault, &'a str, &'a str);

impl Entry {
    fn accepted(name: &str, explanation: &'static str, text: String) -> Self {
        let (name, bytes) = (name.to_owned(), text.into_bytes());
        Self { name, class: "good", step: None, reason: "", explanation, after: None, bytes }
    }

    fn refused(
        name: &str,
        class: &'static str,
        (step, reason, explanation): Fault,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        let (name, step, bytes) = (name.to_owned(), Some(step), bytes.into());
        Self { name, class, step, reason, explanation, after: None, bytes }
    }
}

/// All messages, the good ones first.
pub(crate) fn entries(forge: &Forge) -> Result<Vec<Entry>, String> {
    let groups = [
        good::entries(forge)?,
        content::entries(forge)?,
        people::entries(forge)?,
        signature::entries(forge)?,
        algorithms::entries(forge)?,
        wrapping::entries(forge)?,
        document::entries(forge)?,
        bombs::entries(forge)?,
    ];
    Ok(groups.into_iter().flatten().collect())
}

impl Forge {
    /// IDs of response and assertion of the message called `name`: others in every run.
    pub(crate) fn ids(&self, name: &str) -> (String, String) {
        let seed = format!("{name}|{}|{}", self.place.request_id, self.place.now_seconds);
        let hash: String = Sha256::digest(seed).iter().map(|it| format!("{it:02x}")).collect();
        let (first, second) = hash.split_at(32);
        (format!("_{first}"), format!("_{second}"))
    }

    /// `template` with its names filled in, all but the places of signatures.
    pub(crate) fn fill(&self, template: &str, name: &str) -> String {
        let (response, assertion) = self.ids(name);
        let place = &self.place;
        let at = |seconds: i64| {
            let whole = place.now_seconds.saturating_add_signed(seconds);
            timestamp::write(UNIX_EPOCH + Duration::from_secs(whole))
        };
        let known = [
            ("$RESPONSE_ID", response),
            ("$ASSERTION_ID", assertion),
            ("$REQUEST_ID", escaped(&place.request_id)),
            ("$NAME_ID", format!("_{}", self.ids(&format!("{name}|person")).0)),
            ("$ACS", escaped(&place.acs)),
            ("$IDP", escaped(&place.idp)),
            ("$SP", escaped(&place.sp)),
            ("$UID", escaped(&place.uid)),
            ("$PRINCIPAL", escaped(&place.principal)),
            ("$FETCH", escaped(&place.fetch_url)),
            ("$ISSUED", at(0)),
            ("$BEGIN", at(-5)),
            ("$END", at(300)),
            ("$SESSION_END", at(28_800)),
            ("$HOUR_AGO", at(-3_600)),
            ("$HOUR_AHEAD", at(3_600)),
        ];
        let template = template.trim_end();
        known.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// `template`, filled in and signed by the trusted key.
    pub(crate) fn made(
        &self,
        name: &str,
        template: &str,
        form: &Form,
        signed: Signed,
    ) -> Result<String, String> {
        self.made_by(name, template, [form, form], signed, &self.key)
    }

    /// The same with forms of their own for message and assertion, and with any key.
    pub(crate) fn made_by(
        &self,
        name: &str,
        template: &str,
        [message_form, assertion_form]: [&Form; 2],
        signed: Signed,
        key: &SigningKey,
    ) -> Result<String, String> {
        let (response, assertion) = self.ids(name);
        let is_message = matches!(signed, Signed::Message | Signed::Both);
        let is_assertion = matches!(signed, Signed::Assertion | Signed::Both);
        let blank = |is_signed: bool, form: &Form, id: &str| {
            if is_signed { form.blank(id) } else { String::new() }
        };
        let mut text = self
            .fill(template, name)
            .replace("$MESSAGE_SIGNATURE", &blank(is_message, message_form, &response))
            .replace("$ASSERTION_SIGNATURE", &blank(is_assertion, assertion_form, &assertion));
        if is_assertion {
            text = seal(&text, &assertion, key)?;
        }
        if is_message {
            text = seal(&text, &response, key)?;
        }
        Ok(text)
    }

    /// The plain message, signed as a whole.
    pub(crate) fn plain(&self, name: &str, signed: Signed) -> Result<String, String> {
        self.made(name, PLAIN, &Form::of(&self.key), signed)
    }

    /// Entries of one edit each, made before the message is signed.
    fn edited(&self, class: &'static str, edits: &[Edit<'_>]) -> Result<Vec<Entry>, String> {
        let each = edits.iter().map(|(name, fault, from, to)| {
            let template = edit(PLAIN, from, to).map_err(|problem| format!("{name}: {problem}"))?;
            let text = self.made(name, &template, &Form::of(&self.key), Signed::Message)?;
            Ok(Entry::refused(name, class, *fault, text))
        });
        each.collect()
    }

    /// Entries of one edit each of the signed message: what is signed stays what it was, or is broken.
    fn spoilt(&self, class: &'static str, edits: &[Edit<'_>]) -> Result<Vec<Entry>, String> {
        let each = edits.iter().map(|(name, fault, from, to)| {
            let text = self.plain(name, Signed::Message)?;
            let (from, to) = (self.fill(from, name), self.fill(to, name));
            let text = edit(&text, &from, &to).map_err(|problem| format!("{name}: {problem}"))?;
            Ok(Entry::refused(name, class, *fault, text))
        });
        each.collect()
    }
}

/// Replaces what stands in `text` exactly once.
fn edit(text: &str, from: &str, to: &str) -> Result<String, String> {
    match text.matches(from).count() {
        1 => Ok(text.replacen(from, to, 1)),
        count => Err(format!("{from:?} stands there {count} times")),
    }
}

/// The text of the element with this ID.
fn element_text(text: &str, id: &str) -> Result<String, String> {
    let document = parse(text)?;
    let found = document.descendants().find(|node| node.attribute("ID") == Some(id));
    let range = found.map(|node| node.range()).ok_or_else(|| format!("no element {id}"))?;
    text.get(range).map(str::to_owned).ok_or_else(|| "no text".to_owned())
}

/// The text of the signature in the element with this ID.
fn signature_text(text: &str, id: &str) -> Result<String, String> {
    let document = parse(text)?;
    let (_, signature) = signed_element(&document, id)?;
    text.get(signature.range()).map(str::to_owned).ok_or_else(|| "no text".to_owned())
}

/// `text` as it stands in XML.
pub(crate) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}
