//! The one way to a decision: an input, what is loaded, time and randomness in; a step out.
//!
//! A [`Command`] is a wish and may be refused. A [`Report`] is a fact from whoever owns it and is
//! never refused; a late one decides nothing.

use std::fmt;

use crate::client::is_client_wake;
use crate::mail::{ArrivedMail, MailCursor, OutState};
use crate::settings::{Documents, SettingDocument};
use crate::{
    Actor, AgentId, AgentKey, Ask, CallDirection, CallVariable, ClientPresence, ConnectionNumber,
    ContactId, Decision, Deed, DeviceName, HeadsetEvent, HeadsetSerial, Key, NodeName, ReasonCode,
    Refusal, Sealed, SeenHeadset, SessionNumber, SessionRef, SignedOutBy, Timestamp, View, Wake,
};

mod administration;
mod agent;
mod audited;
mod client;
mod console;
mod contact;
mod erasure;
mod identity;
mod inventory;
mod owner;
mod place;
mod resealing;
mod signing_in;

use client::News;
pub use console::{AUDIT_FORGOTTEN_MAX, ConsoleCommand};
pub use contact::{
    CONTACTS_FORGOTTEN_MAX, ContactCommand, ContactWish, DeskCommand, DeskNews, DeskWish,
    DraftChange, MAIL_TOPIC, RECORD_TOPIC, SWEEP_TOPIC,
};
pub use erasure::ERASED;
pub(crate) use identity::end_of;
pub use identity::{IDENTITY_FORGOTTEN_MAX, IdentityCommand, identity_over};
pub use inventory::HEADSETS_FORGOTTEN_MAX;
use inventory::Seen;
use place::Move;
pub use signing_in::{SignIn, SignInOn};

pub(crate) use client::clear_timer;
pub(crate) use owner::leaving_wake;
pub use owner::{LEAVING_SECONDS, OWED_SECONDS, OwedSignOut};

/// New headsets compete for their count, so all that is about headsets runs in one lane.
const HEADSETS_LANE: &str = "headsets";

/// Randomness handed in, so that a step can be repeated exactly.
#[derive(Clone, Copy, Debug)]
pub struct Entropy(pub [u8; 16]);

impl Entropy {
    /// A number for a new session.
    pub(crate) fn session_number(self) -> SessionNumber {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        SessionNumber(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// The id under which a peer would repeat the same input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId(String);

impl InputId {
    /// An id out of a kind of input and what identifies it there. It is kept for a day, so whoever
    /// makes it out of a peer's text bounds that text first, or takes a digest of it. It is never
    /// cut here: two inputs under one id would be one.
    pub fn new(kind: &str, name: impl fmt::Display) -> Self {
        Self(format!("{kind}/{name}"))
    }

    /// The id as the store keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that happened or is wished for.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Recognises a repeat.
    pub id: InputId,
    /// What it is.
    pub body: InputBody,
}

/// A wish or a fact.
#[derive(Clone, Debug, PartialEq)]
pub enum InputBody {
    /// May be refused.
    Command(Command),
    /// Is never refused.
    Report(Report),
}

/// A wish.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// An agent whose password was checked signs in.
    SignIn(Box<SignIn>),
    /// Something for one agent.
    Agent(AgentCommand),
    /// An agent whom the settings no longer have is signed out; one whom they have stays as they are.
    SignOutRemoved(AgentKey),
    /// New settings as a whole.
    ApplySettings {
        /// All documents there shall be.
        documents: Documents,
        /// A keyed digest of the file they came from.
        source: Option<String>,
    },
    /// Some settings documents in the place of those there are.
    ChangeSettings {
        /// The number of the settings that the change was made for.
        base: u64,
        /// What is made or replaced.
        put: Vec<SettingDocument>,
        /// What is removed.
        removed: Vec<Key>,
    },
    /// What a person or program did, with its entry in the audit log.
    Audited {
        /// Who.
        by: Actor,
        /// What the log says of it; for settings that is found out.
        deed: Option<Deed>,
        /// What is to be done beside telling it.
        command: Option<Box<Command>>,
    },
    /// Sessions, tokens and the like of people in consoles.
    Console(ConsoleCommand),
    /// Something about the identity service.
    Identity(IdentityCommand),
    /// Nothing is kept of a person any more who is no longer in the settings (OPS-13).
    Erase {
        /// Their id.
        id: AgentId,
        /// All that they were called with pairs of servers.
        agents: Vec<AgentKey>,
    },
    /// A node goes into maintenance or comes out of it.
    SetMaintenance {
        /// Which node.
        node: NodeName,
        /// Whether it refuses sign-ins from now on.
        on: bool,
    },
    /// Keeps the secrets that all nodes share, unless there are some.
    KeepDeployment {
        /// The root secret, sealed.
        root: Sealed,
    },
    /// Secrets sealed anew, which are what they were: nothing else changes.
    Reseal {
        /// The number of the settings in which they were looked for.
        base: u64,
        /// Documents of the settings, the same but for how their secrets are sealed.
        put: Vec<SettingDocument>,
        /// The root secret as it was sealed, and as it is sealed now.
        root: Option<(Sealed, Sealed)>,
    },
    /// Something about a contact.
    Contact(ContactCommand),
    /// Something for an agent's desk.
    Desk(DeskCommand),
    /// Contacts that are over and older than is kept go (OPS-13).
    ForgetContacts {
        /// They go where they ended before that.
        before: Timestamp,
        /// Which ones; at most [`CONTACTS_FORGOTTEN_MAX`] at once.
        contacts: Vec<ContactId>,
    },
    /// What became of mails is forgotten, where nobody can ask for it any more.
    ForgetLedger {
        /// They go where they were dealt with before that.
        before: Timestamp,
        /// Which rows; at most [`CONTACTS_FORGOTTEN_MAX`] at once.
        rows: Vec<Key>,
    },
    /// Headsets that no phone reported for long are removed from the inventory (OPS-13).
    ForgetHeadsets {
        /// They go where they were seen last before that.
        before: Timestamp,
        /// Which ones; at most [`HEADSETS_FORGOTTEN_MAX`] at once.
        serials: Vec<HeadsetSerial>,
    },
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// A timer is due.
    WakeDue(Wake),
    /// A password was checked for an account that exists.
    PasswordChecked {
        /// Whose.
        agent: AgentId,
        /// Whether it was right.
        right: bool,
    },
    /// The owner of an agent's voice state, asked for it, says that the agent is signed out.
    VoiceSignedOut {
        /// Whom.
        agent: AgentKey,
        /// The holder of the session when it was asked.
        session: SessionRef,
        /// Why, where that was told.
        reason: Option<ReasonCode>,
        /// By whom.
        by: SignedOutBy,
    },
    /// A sign-out that was owed is seen, or refused for good.
    Left {
        /// Whom.
        agent: AgentKey,
        /// What it was meant for.
        generation: u32,
        /// The reason that the owner shows, where there is one.
        reason: Option<ReasonCode>,
    },
    /// A phone that shows a session was seen at another node than the one that answers for it.
    SeenAt {
        /// Whose session.
        agent: AgentKey,
        /// The holder that the phone speaks for.
        session: SessionRef,
        /// The node that answered for it.
        from: NodeName,
        /// Where it was seen.
        node: NodeName,
    },
    /// The node that answers for a session, or to which its client is connected, is gone.
    NodeGone {
        /// Whose session.
        agent: AgentKey,
        /// Its holder.
        session: SessionRef,
        /// The node that is gone.
        node: NodeName,
        /// The node that answers for it from now on.
        heir: NodeName,
    },
    /// What a node says of a desktop client that is, or was, connected to it.
    ClientPresence {
        /// Whose client.
        agent: AgentKey,
        /// The holder of the session that it speaks for.
        session: SessionRef,
        /// Which connection.
        connection: ConnectionNumber,
        /// The node that has or had it.
        node: NodeName,
        /// Whether it is there.
        presence: ClientPresence,
    },
    /// A round found a mail on a server.
    MailArrived(Box<ArrivedMail>),
    /// How far a folder was read.
    MailCursorMoved(MailCursor),
    /// How far a mail on its way out came.
    MailOutMoved {
        /// Which.
        out: ContactId,
        /// How far it had come as whoever says this knew it.
        was: OutState,
        /// How far.
        state: OutState,
        /// It is not tried before.
        next_try_at: Option<Timestamp>,
        /// Message-IDs under which it was found among the sent mails, beside its own.
        other_ids: Vec<String>,
    },
    /// What a node says of an agent's browser.
    DeskPresence(DeskNews),
    /// An agent is in the settings no more, so nobody sits at their desk.
    DeskOver {
        /// Whose desk.
        agent: AgentId,
    },
    /// What a phone says of the headsets at it.
    HeadsetSeen {
        /// Which phone.
        device: DeviceName,
        /// What it says of them.
        event: HeadsetEvent,
        /// The headsets; at most [`crate::HEADSETS_OF_REPORT_MAX`] are looked at.
        headsets: Vec<SeenHeadset>,
        /// When the report came.
        at: Timestamp,
    },
}

/// Something for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentCommand {
    /// Whom.
    pub agent: AgentKey,
    /// Who asks, where the session must still be theirs.
    pub holder: Option<SessionRef>,
    /// The count of changes the asker saw, or the mark of a state that another owns
    /// ([`crate::LiveAgent::mark`]); the wish is stale where it is another by now.
    pub seen_changes: Option<u32>,
    /// What is wished for.
    pub wish: Wish,
}

/// What may be wished for an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Calls.
    Ready,
    /// No calls.
    NotReady(Option<ReasonCode>),
    /// The call was about that.
    WrapUpReason(ReasonCode),
    /// To be signed out by their own wish; only from Not Ready.
    SignOut(Option<ReasonCode>),
    /// To be signed out by somebody else, whatever the state.
    ForceSignOut {
        /// Why.
        reason: Option<ReasonCode>,
        /// By whom.
        by: SignedOutBy,
    },
    /// A call, on owned voice state.
    CallBegins {
        /// Its id.
        id: String,
        /// Who began it.
        direction: CallDirection,
        /// The other side's number.
        number: String,
        /// What comes with it.
        variables: Vec<CallVariable>,
    },
    /// The end of the call, on owned voice state.
    CallEnds {
        /// Which call; the end of another one changes nothing. Without it, the one there is.
        id: Option<String>,
    },
}

/// What follows from an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// More must be loaded; ask again with it.
    Load(Vec<Ask>),
    /// This shall be so.
    Decide(Decision),
    /// Nothing changes.
    Refuse(Refusal),
}

/// Why a rule stopped before it came to a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt {
    /// More must be loaded.
    Load(Vec<Ask>),
    /// The wish is refused.
    Refuse(Refusal),
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

impl Input {
    /// A wish under that id.
    pub fn command(id: InputId, command: Command) -> Self {
        Self { id, body: InputBody::Command(command) }
    }

    /// A fact under that id.
    pub fn report(id: InputId, report: Report) -> Self {
        Self { id, body: InputBody::Report(report) }
    }

    /// Whether its outcome is kept even where there is nothing else to write. A wish that does not name
    /// the state it was made for would be carried out when it comes again later.
    pub fn is_always_kept(&self) -> bool {
        matches!(&self.body, InputBody::Command(Command::Agent(command))
            if command.seen_changes.is_none() && command.agent.is_owned())
    }

    /// Whether it changes settings.
    pub fn changes_settings(&self) -> bool {
        match &self.body {
            InputBody::Command(command) => command.changes_settings(),
            InputBody::Report(_) => false,
        }
    }

    /// The agent it is about, where it is about one.
    pub fn agent(&self) -> Option<&AgentKey> {
        match &self.body {
            InputBody::Command(command) => command.agent(),
            InputBody::Report(
                Report::VoiceSignedOut { agent, .. }
                | Report::Left { agent, .. }
                | Report::SeenAt { agent, .. }
                | Report::NodeGone { agent, .. }
                | Report::ClientPresence { agent, .. },
            ) => Some(agent),
            _ => None,
        }
    }

    /// Whether it writes to the audit log, whose head all those compete for.
    pub fn is_told(&self) -> bool {
        match &self.body {
            InputBody::Command(Command::Audited { .. }) => true,
            InputBody::Command(Command::Console(command)) => command.is_of_audit(),
            _ => false,
        }
    }

    /// Inputs of one lane run in their order of arrival, those of different lanes at once.
    pub fn lane(&self) -> String {
        match &self.body {
            InputBody::Command(command) => command.lane(),
            InputBody::Report(Report::WakeDue(wake)) => match wake.subject.kind {
                crate::Kind::Session => format!("agent/{}", wake.subject.id),
                _ => wake.subject.to_string(),
            },
            InputBody::Report(Report::PasswordChecked { agent, .. }) => format!("account/{agent}"),
            InputBody::Report(
                Report::VoiceSignedOut { agent, .. }
                | Report::Left { agent, .. }
                | Report::SeenAt { agent, .. }
                | Report::NodeGone { agent, .. }
                | Report::ClientPresence { agent, .. },
            ) => format!("agent/{agent}"),
            InputBody::Report(Report::HeadsetSeen { .. }) => HEADSETS_LANE.to_owned(),
            InputBody::Report(Report::MailArrived(mail)) => {
                format!("mail/{}/{}", mail.csq, mail.identity)
            }
            InputBody::Report(Report::MailCursorMoved(cursor)) => {
                format!("cursor/{}/{}", cursor.csq, cursor.folder)
            }
            InputBody::Report(Report::MailOutMoved { out, .. }) => format!("out/{out}"),
            InputBody::Report(
                Report::DeskPresence(DeskNews { agent, .. }) | Report::DeskOver { agent },
            ) => format!("desk/{agent}"),
        }
    }
}

impl Command {
    fn changes_settings(&self) -> bool {
        match self {
            Self::ApplySettings { .. } | Self::ChangeSettings { .. } | Self::Reseal { .. } => true,
            Self::Console(ConsoleCommand::UseSetUpLink { .. }) => true,
            Self::Audited { command: Some(command), .. } => command.changes_settings(),
            _ => false,
        }
    }

    fn agent(&self) -> Option<&AgentKey> {
        match self {
            Self::SignIn(wish) => Some(&wish.agent),
            Self::Agent(command) => Some(&command.agent),
            Self::SignOutRemoved(agent) => Some(agent),
            Self::Audited { command: Some(command), .. } => command.agent(),
            _ => None,
        }
    }

    fn lane(&self) -> String {
        match self {
            Self::SignIn(wish) => format!("agent/{}", wish.agent),
            Self::Agent(command) => format!("agent/{}", command.agent),
            Self::SignOutRemoved(agent) => format!("agent/{agent}"),
            Self::ApplySettings { .. } | Self::ChangeSettings { .. } | Self::Reseal { .. } => {
                "settings".to_owned()
            }
            Self::SetMaintenance { node, .. } => format!("node/{node}"),
            Self::KeepDeployment { .. } => "deployment".to_owned(),
            Self::Erase { id, .. } => format!("erase/{id}"),
            Self::ForgetHeadsets { .. } => HEADSETS_LANE.to_owned(),
            // Desks guard what is given to them, so contacts may come at once.
            Self::Contact(command) => format!("contact/{}", command.contact),
            Self::Desk(command) => format!("desk/{}", command.agent),
            Self::ForgetContacts { .. } => "contacts_forget".to_owned(),
            Self::ForgetLedger { .. } => "ledger_forget".to_owned(),
            Self::Audited { command: Some(command), .. } => command.lane(),
            Self::Audited { command: None, .. } => "audit".to_owned(),
            Self::Console(command) => command.lane(),
            Self::Identity(command) => command.lane(),
        }
    }
}

/// What follows from `input` at `now`, given what is loaded. Equal arguments give equal steps.
pub fn step(now: Timestamp, entropy: Entropy, input: &Input, view: &View) -> Step {
    let decided = match &input.body {
        InputBody::Command(command) => command_step(now, entropy, command, view),
        InputBody::Report(Report::WakeDue(wake)) if console::is_end_wake(wake) => {
            console::end_due(wake, view)
        }
        InputBody::Report(Report::WakeDue(wake)) if contact::is_desk_wake(wake) => {
            contact::absent_too_long(now, wake, view)
        }
        InputBody::Report(Report::WakeDue(wake)) if contact::is_sticky_wake(wake) => {
            contact::released(now, wake, view)
        }
        InputBody::Report(Report::MailArrived(mail)) => contact::arrived(now, entropy, mail, view),
        InputBody::Report(Report::MailCursorMoved(cursor)) => contact::cursor_moved(cursor, view),
        InputBody::Report(Report::MailOutMoved { out, was, state, next_try_at, other_ids }) => {
            contact::out_moved(now, *out, (was, state), *next_try_at, other_ids, view)
        }
        InputBody::Report(Report::DeskPresence(news)) => contact::presence(now, news, view),
        InputBody::Report(Report::DeskOver { agent }) => {
            contact::signed_out_elsewhere(now, agent, view)
        }
        InputBody::Report(Report::WakeDue(wake)) if owner::is_leaving(wake) => {
            owner::leaving_over(now, wake, view)
        }
        InputBody::Report(Report::WakeDue(wake)) if is_client_wake(wake) => {
            client::wake_due(now, wake, view)
        }
        InputBody::Report(Report::WakeDue(wake)) => agent::wake_due(now, wake, view),
        InputBody::Report(Report::VoiceSignedOut { agent, session, reason, by }) => {
            owner::voice_signed_out(now, agent, *session, *reason, *by, view)
        }
        InputBody::Report(Report::Left { agent, generation, reason }) => {
            owner::left(now, agent, *generation, *reason, view)
        }
        InputBody::Report(Report::SeenAt { agent, session, from, node }) => {
            Move { agent, session: *session, from, to: node }.seen(now, view)
        }
        InputBody::Report(Report::NodeGone { agent, session, node, heir }) => {
            Move { agent, session: *session, from: node, to: heir }.node_gone(now, view)
        }
        InputBody::Report(Report::ClientPresence {
            agent,
            session,
            connection,
            node,
            presence,
        }) => {
            let (session, connection, presence) = (*session, *connection, *presence);
            client::presence(now, &News { agent, session, connection, node, presence }, view)
        }
        InputBody::Report(Report::HeadsetSeen { device, event, headsets, at }) => {
            inventory::seen(now, &Seen { device, event: *event, headsets, at: *at }, view)
        }
        InputBody::Report(Report::PasswordChecked { agent, right }) => {
            crate::sign_in::password_checked(now, agent, *right, view)
        }
    };
    match decided {
        Ok(decision) => Step::Decide(crate::origin::noted(decision, now, input, view)),
        Err(Halt::Load(asks)) => Step::Load(asks),
        Err(Halt::Refuse(refusal)) => Step::Refuse(refusal),
    }
}

fn command_step(
    now: Timestamp,
    entropy: Entropy,
    command: &Command,
    view: &View,
) -> Result<Decision, Halt> {
    match command {
        Command::SignIn(wish) => crate::sign_in::sign_in(now, entropy, wish, view),
        Command::Agent(command) if command.agent.is_owned() => agent::agent(now, command, view),
        Command::Agent(command) => owner::agent(now, command, view),
        Command::SignOutRemoved(agent) => agent::sign_out_removed(now, agent, view),
        Command::ApplySettings { documents, source } => {
            administration::apply_settings(documents, source.as_deref(), view)
        }
        Command::ChangeSettings { base, put, removed } => {
            administration::change_settings(*base, put, removed, view)
        }
        Command::SetMaintenance { node, on } => administration::set_maintenance(node, *on, view),
        Command::KeepDeployment { root } => administration::keep_deployment(root, view),
        Command::Reseal { base, put, root } => resealing::reseal(*base, put, root.as_ref(), view),
        Command::Console(command) => console::console(now, command, view),
        Command::Identity(command) => identity::identity(now, command, view),
        Command::Erase { id, agents } => erasure::erase(id, agents, view),
        Command::ForgetHeadsets { before, serials } => inventory::forget(*before, serials, view),
        Command::Contact(command) => contact::contact(now, entropy, command, view),
        Command::Desk(command) => contact::desk(now, entropy, command, view),
        Command::ForgetContacts { before, contacts } => contact::forget(*before, contacts, view),
        Command::ForgetLedger { before, rows } => contact::forget_ledger(*before, rows, view),
        Command::Audited { by, deed, command } => {
            let decision = match command {
                Some(command) => command_step(now, entropy, command, view)?,
                None => Decision::already(crate::Reply::Done),
            };
            audited::audited(now, by, deed.as_ref(), command.is_some(), decision, view)
        }
    }
}
