//! CSQs as a settings file gives them: which fields a mail server of each kind asks for (CCP-13).

use std::collections::BTreeMap;

use super::{
    ACKNOWLEDGEMENT_CHARACTERS_MAX, ACKNOWLEDGEMENT_SUBJECT_CHARACTERS_MAX, ALIASES_MAX,
    Acknowledgement, CSQ_CHARACTERS_MAX, Csq, EmailCsq, MailProof, Selection,
};
use crate::settings::google_key::GOOGLE_KEY_CHARACTERS_MAX;
use crate::settings::mail_address::is_mail_address;
use crate::settings::mail_server::FOLDER_CHARACTERS_MAX;
use crate::settings::references::References;
use crate::settings::skill::{COMPETENCE_MAX, SKILLS_OF_AGENT_MAX};
use crate::settings::{Channel, GoogleKey, MailServerKind, NewSecret, Reader};

/// A CSQ as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenCsq {
    /// All but the secrets.
    pub csq: Csq,
    /// The mailbox's password.
    pub password: Option<NewSecret>,
    /// The file with the key of Google's service account.
    pub google_key: Option<NewSecret>,
    /// Our secret at Office 365.
    pub client_secret: Option<NewSecret>,
}

/// A mailbox and its password, key and client's secret.
type WithSecrets = (EmailCsq, [Option<NewSecret>; 3]);

impl WrittenCsq {
    /// Reads one; its name goes to `names` whatever else is wrong with it.
    pub(in crate::settings) fn read(
        reader: &mut Reader<'_>,
        known: &References,
        names: &mut BTreeMap<String, Channel>,
    ) -> Option<Self> {
        let name = reader.named("name", CSQ_CHARACTERS_MAX);
        let channel = reader.choice("channel", &Channel::NAMED).unwrap_or_default();
        names.extend(name.clone().map(|name| (name, channel)));
        let selection = reader.choice("selection", &Selection::NAMED).unwrap_or_default();
        let skills = read_skills(reader, known);
        let is_given = reader.has("email");
        match (channel, is_given) {
            (Channel::Email, false) => {
                reader.problem("email", "is missing; an email CSQ has a mailbox of its own");
            }
            (Channel::Chat, true) => {
                let message = "is given, and a chat CSQ has no mailbox; remove it or choose the channel \
                               email";
                reader.problem("email", message);
            }
            _ => {}
        }
        let email = reader.table("email", |reader| read_email(reader, known));
        // What is missing above is told there.
        if channel == Channel::Email && email.is_none() {
            return None;
        }
        let (email, secrets) = email.unzip();
        let [password, google_key, client_secret] = secrets.unwrap_or_default();
        let csq = Csq { name: name?, channel, selection, skills, email };
        Some(Self { csq, password, google_key, client_secret })
    }
}

fn read_skills(reader: &mut Reader<'_>, known: &References) -> BTreeMap<String, u8> {
    const KEY: &str = "skills";
    let mut skills = BTreeMap::new();
    let written = reader.entries(KEY, SKILLS_OF_AGENT_MAX);
    if written.is_empty() {
        let message = format_args!(
            "is missing; name at least one skill with the least competence in it, 1 to {COMPETENCE_MAX}"
        );
        reader.problem(KEY, message);
    }
    for (skill, competence) in written {
        if !known.skills.contains(&skill) {
            reader.problem(KEY, format_args!("has {skill:?}, which is not in skills"));
        }
        let given = competence.as_u64().and_then(|it| u8::try_from(it).ok());
        match given.filter(|it| (1..=COMPETENCE_MAX).contains(it)) {
            Some(competence) => {
                skills.insert(skill, competence);
            }
            None => {
                let message = format_args!(
                    "{skill}: must be a competence from 1 to {COMPETENCE_MAX}, not {competence}"
                );
                reader.problem(KEY, message);
            }
        }
    }
    skills
}

fn read_email(reader: &mut Reader<'_>, known: &References) -> Option<WithSecrets> {
    let mail_server = reader.named("mail_server", 64);
    let found = mail_server.as_ref().and_then(|name| known.mail_servers.get(name)).copied();
    if let (Some(missing), None) = (&mail_server, found) {
        let message = format_args!(
            "is {missing:?}, which is not in mail_servers; set up the mail server first"
        );
        reader.problem("mail_server", message);
    }
    let kind = found.flatten();
    let address = read_address(reader);
    let user_name = reader.short_text("user_name", 320);
    let reads_by = reader.choice("reading", &MailProof::NAMED);
    let usual =
        if kind == Some(MailServerKind::Office365) { MailProof::Oauth } else { MailProof::Basic };
    let reading = reads_by.unwrap_or(usual);
    let sending = reader.choice("sending", &MailProof::NAMED).unwrap_or_default();
    let password = reader.sealable("password", 256);
    let google_key = reader.sealable("google_key", GOOGLE_KEY_CHARACTERS_MAX);
    if let Some(NewSecret::Plain(key)) = &google_key
        && let Err(why) = GoogleKey::read(key.expose(), &known.token_hosts)
    {
        reader.problem("google_key", why);
    }
    let tenant = reader.short_text("tenant", 128);
    let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-');
    if tenant.as_ref().is_some_and(|tenant| !tenant.chars().all(is_name)) {
        reader.problem("tenant", "must be the tenant's id or its domain, as contoso.example");
    }
    let client_id = reader.short_text("client_id", 128);
    let client_secret = reader.sealable("client_secret", 256);
    let client_secret_expires_on = reader.parsed("client_secret_expires_on");
    if let Some(kind) = kind {
        let given = Given {
            reading,
            sending,
            password: password.is_some(),
            google_key: google_key.is_some(),
            tenant: tenant.is_some(),
            client_id: client_id.is_some(),
            client_secret: client_secret.is_some(),
            client_secret_expires_on: client_secret_expires_on.is_some(),
        };
        given.check(reader, kind);
    }
    let inbox_folder = reader.short_text("inbox_folder", FOLDER_CHARACTERS_MAX);
    let inbox_folder = inbox_folder
        .unwrap_or_else(|| kind.unwrap_or(MailServerKind::Imap).inbox_folder().to_owned());
    let sent_folder = reader.short_text("sent_folder", FOLDER_CHARACTERS_MAX);
    let poll_seconds = reader.count("poll_seconds", 60..=3_600, 180);
    let snapshot_minutes = reader.count("snapshot_minutes", 60..=43_200, 120);
    let is_snapshot_strict = reader.switch("is_snapshot_strict").unwrap_or(false);
    let aliases = read_aliases(reader, address.as_deref());
    let acknowledgement = reader.table("acknowledgement", Acknowledgement::read);
    let email = EmailCsq {
        mail_server: mail_server?,
        address: address?,
        user_name,
        password: None,
        reading,
        sending,
        google_key: None,
        tenant,
        client_id,
        client_secret: None,
        client_secret_expires_on,
        inbox_folder,
        sent_folder,
        poll_seconds,
        snapshot_minutes,
        is_snapshot_strict,
        aliases,
        acknowledgement,
    };
    Some((email, [password, google_key, client_secret]))
}

const NO_ADDRESS: &str = "must be a mail address as support@example.com";

fn read_address(reader: &mut Reader<'_>) -> Option<String> {
    let address = reader.named("address", 254)?;
    if !is_mail_address(&address) {
        reader.problem("address", NO_ADDRESS);
    }
    Some(address)
}

fn read_aliases(reader: &mut Reader<'_>, address: Option<&str>) -> Vec<String> {
    const KEY: &str = "aliases";
    let aliases = reader.parsed_list::<String>(KEY, ALIASES_MAX);
    for (position, alias) in aliases.iter().enumerate() {
        let key = format!("{KEY}[{position}]");
        let mut before = aliases.iter().take(position).map(String::as_str).chain(address);
        if !is_mail_address(alias) {
            reader.problem(&key, NO_ADDRESS);
        } else if before.any(|before| before.eq_ignore_ascii_case(alias)) {
            reader.problem(&key, format_args!("is {alias}, as another address here; keep one"));
        }
    }
    aliases
}

impl Acknowledgement {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let subject = reader.named("subject", ACKNOWLEDGEMENT_SUBJECT_CHARACTERS_MAX);
        if !reader.has("text") {
            reader.problem("text", "is missing");
        }
        let text = reader.text("text");
        let length = text.as_ref().map_or(0, |text| text.chars().count());
        let is_odd = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t');
        if length > ACKNOWLEDGEMENT_CHARACTERS_MAX
            || text.as_ref().is_some_and(|it| it.trim().is_empty() || it.chars().any(is_odd))
        {
            let message = format_args!(
                "must be 1 to {ACKNOWLEDGEMENT_CHARACTERS_MAX} characters without control characters \
                 other than ends of lines, not {length}; shorten it"
            );
            reader.problem("text", message);
        }
        Some(Self { subject: subject?, text: text? })
    }
}

/// What of a mailbox is given that not every kind of mail server asks for.
#[expect(clippy::struct_excessive_bools, reason = "each says of one field whether it is given")]
struct Given {
    reading: MailProof,
    sending: MailProof,
    password: bool,
    google_key: bool,
    tenant: bool,
    client_id: bool,
    client_secret: bool,
    client_secret_expires_on: bool,
}

impl Given {
    fn check(&self, reader: &mut Reader<'_>, kind: MailServerKind) {
        let called = kind.called();
        let by_token = |proof: MailProof| proof == MailProof::Oauth;
        let sides = [("reading", self.reading), ("sending", self.sending)];
        for (name, proof) in sides.iter().filter(|_| !kind.has_tokens()) {
            if by_token(*proof) {
                let message = format_args!(
                    "is oauth, and a mail server of the kind {} knows basic only; write basic",
                    kind.name()
                );
                reader.problem(name, message);
            }
        }
        if kind == MailServerKind::Office365 && !by_token(self.reading) {
            reader
                .problem("reading", "is basic, and Office 365 is read by oauth only; write oauth");
        }
        let is_basic = !by_token(self.reading) || !by_token(self.sending);
        // Gmail's may be given later: without it nobody signs in, which warnings tell.
        if is_basic && !self.password && kind != MailServerKind::Gmail {
            let message = format_args!("is missing; {called} asks for one with basic");
            reader.problem("password", message);
        }
        let wants_key =
            kind == MailServerKind::Gmail && (by_token(self.reading) || by_token(self.sending));
        if wants_key && !self.google_key {
            let message =
                "is missing; with oauth Gmail asks for the JSON file of a service account";
            reader.problem("google_key", message);
        }
        if self.google_key && !wants_key {
            let message = "is given, and only Gmail with oauth takes one; remove it, or choose oauth at \
                           a mail server of the kind gmail";
            reader.problem("google_key", message);
        }
        let clients = [
            ("tenant", self.tenant),
            ("client_id", self.client_id),
            ("client_secret", self.client_secret),
        ];
        for (name, is_given) in clients {
            match (kind == MailServerKind::Office365, is_given) {
                (true, false) => {
                    let message = "is missing; Office 365 asks for tenant, client_id and client_secret \
                                   with oauth";
                    reader.problem(name, message);
                }
                (false, true) => {
                    reader.problem(name, "is given, and only Office 365 takes it; remove it");
                }
                _ => {}
            }
        }
        if self.client_secret_expires_on && kind != MailServerKind::Office365 {
            let message = "is given, and only Office 365 takes it; remove it";
            reader.problem("client_secret_expires_on", message);
        }
    }
}
