//! What a message says, typed. Of a message that `wire` gave, none of these fails: it was checked.

use super::event::token_and_parameters;
use super::{
    BadHeader, CSeq, Contacts, Event, MediaType, NameAddress, ReferTo, ReferToProblem,
    SubscriptionState, Via,
};
use crate::sip::{Known, Message, Name, StartLine, Text, Value, grammar};

impl Message {
    /// The URI of a request, as it was written.
    pub fn request_uri(&self) -> Option<&Text> {
        match &self.start {
            StartLine::Request { uri, .. } => Some(uri),
            StartLine::Response { .. } => None,
        }
    }

    /// All values of Via, in their order.
    pub fn vias(&self) -> Result<Vec<Via>, BadHeader> {
        self.list(&Name::VIA, "Via", Via::read)
    }

    /// The first value of Via.
    pub fn top_via(&self) -> Result<Via, BadHeader> {
        let bad = |words: &str| BadHeader::new("Via", words);
        let text = self.headers.get(&Name::VIA).ok_or_else(|| bad("is missing"))?.text();
        let first = grammar::items(text).next().unwrap_or(Ok("")).map_err(bad)?;
        Via::read(text, first).map_err(bad)
    }

    /// Who asks.
    pub fn from(&self) -> Result<NameAddress, BadHeader> {
        self.address(&Name::FROM, "From")
    }

    /// Who is asked.
    pub fn to(&self) -> Result<NameAddress, BadHeader> {
        self.address(&Name::TO, "To")
    }

    /// The number of the request, and its method.
    pub fn cseq(&self) -> Result<CSeq, BadHeader> {
        let value = self.only(&Name::CSEQ, "CSeq")?;
        CSeq::read(value.as_str()).map_err(|words| BadHeader::new("CSeq", words))
    }

    /// The name of the conversation; empty where there is none.
    pub fn call_id(&self) -> &str {
        self.headers.get(&Name::CALL_ID).map_or("", Value::as_str)
    }

    /// Where the sender is reached.
    pub fn contacts(&self) -> Result<Contacts, BadHeader> {
        if self.headers.get(&Name::CONTACT).is_some_and(|value| value.as_str() == "*") {
            self.only(&Name::CONTACT, "Contact")?;
            return Ok(Contacts::All);
        }
        Ok(Contacts::List(self.list(&Name::CONTACT, "Contact", NameAddress::read)?))
    }

    /// The values of Route, Record-Route, Path or Service-Route.
    pub fn routes(&self, name: &Name) -> Result<Vec<NameAddress>, BadHeader> {
        let field = match name {
            Name::Known(Known::RecordRoute) => "Record-Route",
            Name::Known(Known::Path) => "Path",
            Name::Known(Known::ServiceRoute) => "Service-Route",
            _ => "Route",
        };
        self.list(name, field, NameAddress::read)
    }

    /// The lifetime in Expires.
    pub fn expires(&self) -> Result<Option<u32>, BadHeader> {
        self.number(&Name::EXPIRES, "Expires")
    }

    /// What the body is.
    pub fn content_type(&self) -> Option<MediaType> {
        MediaType::read(self.headers.get(&Name::CONTENT_TYPE)?.text())
    }

    /// The event package.
    pub fn event(&self) -> Option<Event> {
        Event::read(self.headers.get(&Name::EVENT)?.text())
    }

    /// How the subscription stands.
    pub fn subscription_state(&self) -> Option<SubscriptionState> {
        SubscriptionState::read(self.headers.get(&Name::SUBSCRIPTION_STATE)?.text())
    }

    /// After how many seconds to try again; a comment and parameters are left out.
    pub fn retry_after(&self) -> Option<u32> {
        let text = self.headers.get(&Name::RETRY_AFTER)?.as_str();
        let (digits, _) = grammar::cut(text, |byte| byte.is_ascii_digit());
        digits.parse().ok()
    }

    /// The single words of a list: Require, Supported, Allow and their like. Parameters are left out, and so
    /// is what is empty.
    pub fn tokens(&self, name: &Name) -> Vec<Text> {
        let of_value = |value: &Value| {
            let text = value.text().clone();
            let items: Vec<_> = grammar::items(&text).map_while(Result::ok).collect();
            let words = items.into_iter().filter_map(|item| token_and_parameters(item).ok());
            words.map(|(word, _)| grammar::share(&text, word)).collect::<Vec<_>>()
        };
        self.headers.all(name).flat_map(of_value).collect()
    }

    /// What to turn to.
    pub fn refer_to(&self) -> Result<ReferTo, ReferToProblem> {
        let mut all = self.headers.all(&Name::REFER_TO);
        let text = all.next().ok_or(ReferToProblem::Missing)?.text();
        let mut items = grammar::items(text);
        let item = items.next().unwrap_or(Ok("")).map_err(ReferToProblem::Malformed)?;
        if all.next().is_some() || items.next().is_some() {
            return Err(ReferToProblem::Several);
        }
        let address = NameAddress::read(text, item).map_err(ReferToProblem::Malformed)?;
        ReferTo::of(address.uri)
    }

    fn only(&self, name: &Name, field: &'static str) -> Result<&Value, BadHeader> {
        let single = self.headers.single(name);
        let single = single.map_err(|_| BadHeader::new(field, "is there more than once"))?;
        single.ok_or_else(|| BadHeader::new(field, "is missing"))
    }

    fn address(&self, name: &Name, field: &'static str) -> Result<NameAddress, BadHeader> {
        let text = self.only(name, field)?.text();
        NameAddress::read(text, text).map_err(|words| BadHeader::new(field, words))
    }

    fn number(&self, name: &Name, field: &'static str) -> Result<Option<u32>, BadHeader> {
        if !self.headers.has(name) {
            return Ok(None);
        }
        let number = grammar::number(self.only(name, field)?.as_str(), u32::MAX.into());
        let number = number.map_err(|words| BadHeader::new(field, words))?;
        Ok(u32::try_from(number).ok())
    }

    fn list<T>(
        &self,
        name: &Name,
        field: &'static str,
        read: fn(&Text, &str) -> Result<T, grammar::Wrong>,
    ) -> Result<Vec<T>, BadHeader> {
        let bad = |words| BadHeader::new(field, words);
        let mut all = Vec::new();
        for value in self.headers.all(name) {
            for item in grammar::items(value.text()) {
                all.push(read(value.text(), item.map_err(bad)?).map_err(bad)?);
            }
        }
        Ok(all)
    }
}
