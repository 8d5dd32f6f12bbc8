//! Who is told of what happens here: by SUBSCRIBE to one package, or by a REFER that is not done yet.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::super::{BadHeader, Flow, Message, Status, Value};
use super::notify::{Dialog, NotificationId, Notify, Standing};
use super::{REFER, declines_subscription};

/// What is offered, for how long, and to how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifierSettings {
    /// The package.
    pub package: String,
    /// The shortest lifetime that is granted; an hour at most counts (RFC 6665, section 4.2.1.1).
    pub expires_seconds_min: u32,
    /// The lifetime where none is asked for.
    pub expires_seconds_default: u32,
    /// The longest lifetime; who asks for more gets this.
    pub expires_seconds_max: u32,
    /// How long a REFER may take to be done.
    pub referral_seconds: u32,
    /// How many subscriptions there may be, REFERs included.
    pub count_max: usize,
}

/// What a SUBSCRIBE comes to. A NOTIFY follows where it is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscribed {
    /// It is taken: 200, with that lifetime in Expires.
    Taken {
        /// Which one it is.
        subscription: NotificationId,
        /// The lifetime; 0 where it is over.
        expires_seconds: u32,
    },
    /// The lifetime is too short: 423, with this one in Min-Expires.
    TooBrief {
        /// The shortest one.
        expires_seconds_min: u32,
    },
    /// Another package, or none: 489, with Allow-Events.
    BadEvent,
    /// It belongs to a subscription that is not there.
    NoSuch,
    /// It is older than one that came before.
    OutOfOrder,
    /// There are too many, or this is about to stop: 503.
    Full,
    /// It cannot be used.
    Malformed(BadHeader),
}

impl Subscribed {
    /// The answer that it gets.
    pub fn status(&self) -> Status {
        match self {
            Self::Taken { .. } => Status::OK,
            Self::TooBrief { .. } => Status::INTERVAL_TOO_BRIEF,
            Self::BadEvent => Status::BAD_EVENT,
            Self::NoSuch => Status::NO_SUCH_DIALOG,
            Self::OutOfOrder => Status::SERVER_ERROR,
            Self::Full => Status::SERVICE_UNAVAILABLE,
            Self::Malformed(_) => Status::BAD_REQUEST,
        }
    }
}

/// Why nobody is told how a REFER goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreferred {
    /// Its sender does not want to be told: it is answered as if he was.
    Declined,
    /// There are too many, or this is about to stop: 503.
    Full,
    /// It cannot be used, which it cannot without exactly one Refer-To: 400.
    Malformed(BadHeader),
}

impl Unreferred {
    /// The answer that the REFER gets.
    pub fn status(&self) -> Status {
        match self {
            Self::Declined => Status::ACCEPTED,
            Self::Full => Status::SERVICE_UNAVAILABLE,
            Self::Malformed(_) => Status::BAD_REQUEST,
        }
    }
}

#[derive(Debug)]
struct Subscription {
    key: String,
    dialog: Dialog,
    /// As it is written in each NOTIFY.
    event: Value,
    event_id: Option<String>,
    /// How the REFER goes, where it is one.
    referral: Option<Status>,
    until: Instant,
}

/// All who are told.
#[derive(Debug)]
pub struct Notifier {
    settings: NotifierSettings,
    all: HashMap<u64, Subscription>,
    by_key: HashMap<String, u64>,
    ends: BTreeSet<(Instant, u64)>,
    number: u64,
    is_closed: bool,
    outputs: VecDeque<Notify>,
}

impl Notifier {
    /// Nobody yet.
    #[must_use]
    pub fn new(settings: NotifierSettings) -> Self {
        Self {
            settings,
            all: HashMap::new(),
            by_key: HashMap::new(),
            ends: BTreeSet::new(),
            number: 0,
            is_closed: false,
            outputs: VecDeque::new(),
        }
    }

    /// A SUBSCRIBE came. `local_tag` is the tag that its answer bears in To where it has none.
    pub fn subscribed(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Message,
        local_tag: &str,
    ) -> Subscribed {
        self.subscribe(now, flow, request, local_tag).unwrap_or_else(Subscribed::Malformed)
    }

    fn subscribe(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Message,
        local_tag: &str,
    ) -> Result<Subscribed, BadHeader> {
        let Some(event) = request.event() else { return Ok(Subscribed::BadEvent) };
        let asked = request.expires()?;
        let to = request.to()?;
        let known = match to.tag() {
            None => None,
            Some(tag) => {
                let Some(&number) = self.by_key.get(&key(request, tag)?) else {
                    return Ok(Subscribed::NoSuch);
                };
                Some(number)
            }
        };
        let Self { all, settings, .. } = self;
        let Some((number, subscription)) =
            known.and_then(|number| Some((number, all.get_mut(&number)?)))
        else {
            return if *event.package == *settings.package {
                self.begin(now, flow, request, local_tag, asked)
            } else {
                Ok(Subscribed::BadEvent)
            };
        };
        let is_referral = subscription.referral.is_some();
        let package = if is_referral { REFER } else { &settings.package };
        if *event.package != *package {
            return Ok(Subscribed::BadEvent);
        }
        // That of a REFER may be named or left out.
        let is_unnamed_referral = is_referral && event.id.is_none();
        if !is_unnamed_referral && event.id.as_deref() != subscription.event_id.as_deref() {
            return Ok(Subscribed::NoSuch);
        }
        if request.cseq()?.number <= subscription.dialog.remote_number {
            return Ok(Subscribed::OutOfOrder);
        }
        let expires_seconds = match settings.granted(asked) {
            Ok(expires_seconds) => expires_seconds,
            Err(refusal) => return Ok(refusal),
        };
        subscription.dialog.refreshed(flow, request)?;
        self.ends.remove(&(subscription.until, number));
        subscription.until = now + Duration::from_secs(expires_seconds.into());
        self.ends.insert((subscription.until, number));
        if expires_seconds == 0 {
            self.end(now, number, "timeout");
        } else {
            self.tell(now, number);
        }
        Ok(Subscribed::Taken { subscription: NotificationId(number), expires_seconds })
    }

    fn begin(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Message,
        local_tag: &str,
        asked: Option<u32>,
    ) -> Result<Subscribed, BadHeader> {
        let expires_seconds = match self.settings.granted(asked) {
            Ok(expires_seconds) => expires_seconds,
            Err(refusal) => return Ok(refusal),
        };
        let event_id = request.event().and_then(|event| event.id).map(|id| id.as_str().to_owned());
        let event = match &event_id {
            Some(id) => format!("{};id={id}", self.settings.package),
            None => self.settings.package.clone(),
        };
        let new = New { local_tag, event, event_id, referral: None, seconds: expires_seconds };
        let Some(number) = self.add(now, flow, request, new)? else { return Ok(Subscribed::Full) };
        if expires_seconds == 0 {
            // Asked once, told once.
            self.end(now, number, "timeout");
        } else {
            self.tell(now, number);
        }
        Ok(Subscribed::Taken { subscription: NotificationId(number), expires_seconds })
    }

    /// A REFER is taken and will be done later: its sender is told so now, and how it went by
    /// [`Notifier::progressed`]. `local_tag` is the tag that its answer bears in To.
    pub fn referred(
        &mut self,
        now: Instant,
        flow: Flow,
        refer: &Message,
        local_tag: &str,
    ) -> Result<NotificationId, Unreferred> {
        if let Err(problem) = refer.refer_to() {
            return Err(Unreferred::Malformed(BadHeader::new("Refer-To", problem.to_string())));
        }
        if declines_subscription(refer) {
            return Err(Unreferred::Declined);
        }
        let cseq = refer.cseq().map_err(Unreferred::Malformed)?;
        let new = New {
            local_tag,
            event: REFER.to_owned(),
            event_id: Some(cseq.number.to_string()),
            referral: Some(Status::TRYING),
            seconds: self.settings.referral_seconds,
        };
        let number = self.add(now, flow, refer, new).map_err(Unreferred::Malformed)?;
        let number = number.ok_or(Unreferred::Full)?;
        self.tell(now, number);
        Ok(NotificationId(number))
    }

    /// How a REFER goes; a final status ends its subscription. False where nobody is told any more.
    pub fn progressed(
        &mut self,
        now: Instant,
        NotificationId(number): NotificationId,
        status: Status,
    ) -> bool {
        let referral = self.all.get_mut(&number).and_then(|all| all.referral.as_mut());
        let Some(referral) = referral else { return false };
        *referral = status;
        if status.is_provisional() {
            self.tell(now, number);
        } else {
            self.end(now, number, "noresource");
        }
        true
    }

    /// What the package is about changed: all are told.
    pub fn changed(&mut self, now: Instant) {
        let is_of_package = |subscription: &Subscription| subscription.referral.is_none();
        let mut numbers: Vec<_> = self.all.iter().filter(|(_, each)| is_of_package(each)).collect();
        numbers.sort_unstable_by_key(|(number, _)| **number);
        let numbers: Vec<_> = numbers.into_iter().map(|(number, _)| *number).collect();
        for number in numbers {
            self.tell(now, number);
        }
    }

    /// A NOTIFY was answered finally; 408 where it was not answered. Some answers say that nobody is there any
    /// more (RFC 6665, section 4.2.2).
    pub fn answered(&mut self, NotificationId(number): NotificationId, status: Status) {
        if matches!(status.code(), 404 | 405 | 408 | 410 | 416 | 430 | 480..=485 | 489 | 501 | 604)
        {
            self.remove(number);
        }
    }

    /// A flow is gone, and who subscribed by it with it.
    pub fn lost(&mut self, flow: Flow) {
        let gone = self.all.iter().filter(|(_, subscription)| subscription.dialog.is_by(&flow));
        let gone: Vec<_> = gone.map(|(number, _)| *number).collect();
        for number in gone {
            self.remove(number);
        }
    }

    /// This is about to stop: all get their last NOTIFY, so that they subscribe elsewhere.
    pub fn close(&mut self, now: Instant) {
        self.is_closed = true;
        let mut numbers: Vec<_> = self.all.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            self.end(now, number, "deactivated");
        }
    }

    /// Ends what is over.
    pub fn elapse(&mut self, now: Instant) {
        while let Some(&(until, number)) = self.ends.first()
            && until <= now
        {
            self.ends.remove(&(until, number));
            self.end(now, number, "timeout");
        }
    }

    /// When to call [`Notifier::elapse`] next.
    pub fn deadline(&self) -> Option<Instant> {
        self.ends.first().map(|(until, _)| *until)
    }

    /// A NOTIFY to be sent. Drain it after every call.
    pub fn poll(&mut self) -> Option<Notify> {
        self.outputs.pop_front()
    }

    /// How many are told.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether nothing at all is left.
    #[cfg(test)]
    pub(super) fn is_at_rest(&self) -> bool {
        let is_without = self.all.is_empty() && self.by_key.is_empty();
        is_without && self.ends.is_empty() && self.outputs.is_empty()
    }

    /// Takes a new one in; `None` where there are too many.
    fn add(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Message,
        new: New<'_>,
    ) -> Result<Option<u64>, BadHeader> {
        let dialog = Dialog::new(flow, request, new.local_tag)?;
        let event = Value::new(new.event);
        let event = event.map_err(|error| BadHeader::new("Event", error.to_string()))?;
        let key = key(request, new.local_tag)?;
        let is_full = self.all.len() >= self.settings.count_max;
        if self.is_closed || is_full || self.by_key.contains_key(&key) {
            return Ok(None);
        }
        self.number += 1;
        let until = now + Duration::from_secs(new.seconds.into());
        let New { event_id, referral, .. } = new;
        self.by_key.insert(key.clone(), self.number);
        self.ends.insert((until, self.number));
        let subscription = Subscription { key, dialog, event, event_id, referral, until };
        self.all.insert(self.number, subscription);
        Ok(Some(self.number))
    }

    fn tell(&mut self, now: Instant, number: u64) {
        if let Some(subscription) = self.all.get_mut(&number) {
            let standing = Standing::Active { until: subscription.until };
            self.outputs.push_back(subscription.notify(now, number, standing));
        }
    }

    fn end(&mut self, now: Instant, number: u64, reason: &'static str) {
        if let Some(mut subscription) = self.remove(number) {
            self.outputs.push_back(subscription.notify(now, number, Standing::Over(reason)));
        }
    }

    fn remove(&mut self, number: u64) -> Option<Subscription> {
        let subscription = self.all.remove(&number)?;
        self.by_key.remove(&subscription.key);
        self.ends.remove(&(subscription.until, number));
        Some(subscription)
    }
}

struct New<'a> {
    local_tag: &'a str,
    event: String,
    event_id: Option<String>,
    referral: Option<Status>,
    seconds: u32,
}

impl Subscription {
    fn notify(&mut self, now: Instant, number: u64, standing: Standing) -> Notify {
        let subscription = NotificationId(number);
        self.dialog.notify(now, subscription, &self.event, standing, self.referral)
    }
}

impl NotifierSettings {
    /// The lifetime that is granted, or the refusal.
    fn granted(&self, asked: Option<u32>) -> Result<u32, Subscribed> {
        let expires_seconds_min = self.expires_seconds_min.min(3_600);
        let asked = asked.unwrap_or(self.expires_seconds_default);
        if asked > 0 && asked < expires_seconds_min {
            return Err(Subscribed::TooBrief { expires_seconds_min });
        }
        Ok(asked.min(self.expires_seconds_max))
    }
}

/// What a subscription is found by: Call-ID and both tags.
fn key(request: &Message, local_tag: &str) -> Result<String, BadHeader> {
    let from = request.from()?;
    let remote_tag = from.tag().unwrap_or_default();
    // No field has a control character in it.
    Ok(format!("{}\0{local_tag}\0{remote_tag}", request.call_id()))
}
