//! Dialogs that phones begin with a request, as far as one answer more is told in them.

use protocols::sip::{Contacts, Message, Name};

/// What we repeat of a dialog that a peer began may not be longer, each.
const FIELD_BYTES_MAX: usize = 1_024;

/// Where a request stands in a dialog that a peer began.
pub(crate) struct InDialog {
    pub(crate) uri: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) call_id: String,
    /// By way of whom, as the peer's Record-Route says.
    pub(crate) route: Vec<String>,
}

impl InDialog {
    /// Whether what we would repeat of the dialog of that request is short enough.
    pub(crate) fn is_short(request: &Message) -> bool {
        let is_short = |name: &Name| {
            let lengths = request.headers.all(name).map(|value| value.as_str().len());
            lengths.sum::<usize>() <= FIELD_BYTES_MAX
        };
        [Name::FROM, Name::TO, Name::CALL_ID, Name::CONTACT, Name::RECORD_ROUTE]
            .iter()
            .all(is_short)
    }

    /// The dialog of that request, in which our tag is `tag`.
    pub(crate) fn of_peer(request: &Message, tag: &str) -> Option<Self> {
        let field = |name: &Name| request.headers.get(name).map(|value| value.as_str().to_owned());
        let contact = match request.contacts().ok()? {
            Contacts::List(list) => list.into_iter().next()?,
            Contacts::All => return None,
        };
        let mut from = field(&Name::TO)?;
        if request.to().ok()?.tag().is_none() {
            from = format!("{from};tag={tag}");
        }
        Some(Self {
            uri: contact.uri.as_str().to_owned(),
            from,
            to: field(&Name::FROM)?,
            call_id: request.call_id().to_owned(),
            route: request
                .routes(&Name::RECORD_ROUTE)
                .ok()?
                .iter()
                .map(ToString::to_string)
                .collect(),
        })
    }
}
