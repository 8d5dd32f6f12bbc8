//! Following a link of a page: views and presses of a session.

use std::sync::Arc;

use bytes::Bytes;
use domain::{AgentCommand, AgentSession, Command, Input, InputId, ReasonCategory, Refusal};
use engine::Outcome;
use engine::surface::Request;
use http::Response;

use super::visit::{Answer, Pressing, Visit};
use crate::link::{Issued, Link, LinkError, Press};
use crate::proof::{Proven, Unproven};
use crate::translate::{self, Ended, Problem, Remark};
use crate::{Phone, locked, proof};

impl Phone {
    /// Answers a link.
    pub(crate) async fn follow_link(self: Arc<Self>, request: Request) -> Response<Bytes> {
        let visit = Visit::new(&self, &request);
        let answer = follow(&visit).await;
        visit.respond(answer)
    }
}

async fn follow(visit: &Visit<'_>) -> Answer {
    let phone = visit.phone;
    let parameter = |name: &str| visit.request.parameters.get(name).map(String::as_str);
    let token = parameter("token").unwrap_or_default();
    let link = Link::parse(parameter("page").unwrap_or_default(), parameter("reason"));
    let opened = match link {
        Some(link) => phone.key.open(token, visit.now).map(|issued| (link, issued)),
        None => Err(LinkError::Foreign),
    };
    let (link, issued) = match opened {
        Ok(opened) => opened,
        Err(LinkError::Foreign) => {
            phone.note_no_link(visit.request, None);
            phone.figures.link_refused("foreign");
            return visit.problem(&Problem::Link, None);
        }
        Err(LinkError::Expired(issued)) => {
            phone.figures.link_refused("expired");
            visit.concerns(&issued.device);
            phone.note_no_link(visit.request, Some(&issued.device));
            return visit.ended(&issued.device, Ended::Unknown);
        }
    };
    visit.concerns(&issued.device);
    phone.note_link(visit.request, &issued.device, link);
    if !visit.base_fits() {
        return visit.problem(&Problem::Internal, None);
    }
    let session = match phone.port.session(issued.holder.number).await {
        Ok(session) => session,
        Err(error) => return visit.problem_at(&Problem::of_submit(&error), &issued, link),
    };
    if let Some(answer) = successor(visit, session.as_deref(), &issued).await {
        return answer;
    }
    let session = match standing(visit, session.as_deref(), &issued) {
        Ok(session) => session,
        Err(answer) => return answer,
    };
    match link {
        Link::Home => view(visit, &issued, session, None),
        Link::Call => {
            let page = visit.show(&issued.device, session, translate::call);
            page.map_or_else(|| over(visit, &issued, Ended::Unknown), Answer::from)
        }
        Link::Reasons(category) => list(visit, &issued, session, category),
        Link::Press(_) if visit.is_head() => view(visit, &issued, session, None),
        // A link without a reason, typed by hand or older than the reasons, leads to their list.
        Link::Press(Press::NotReady(None)) if offered(visit, session, ReasonCategory::NotReady) => {
            list(visit, &issued, session, ReasonCategory::NotReady)
        }
        Link::Press(Press::SignOut(None)) if offered(visit, session, ReasonCategory::SignOut) => {
            list(visit, &issued, session, ReasonCategory::SignOut)
        }
        Link::Press(press) => do_press(visit, &issued, session, press, token).await,
    }
}

/// The home screen of whoever signed in at the phone since, where the request brings that session's
/// cookie: a push for the one before may arrive late, and must not take the new page away.
async fn successor(
    visit: &Visit<'_>,
    session: Option<&AgentSession>,
    issued: &Issued,
) -> Option<Answer> {
    translate::ended(session, issued)?;
    let agent = locked(&visit.phone.screens).of(&issued.device)?.agent.clone();
    let session = visit.phone.port.session_of(&agent).await.ok()??;
    let signed_in = session.signed_in()?;
    let proof = signed_in.proof.as_ref()?;
    let here = signed_in.screen.as_ref() == Some(&issued.device);
    if !here || !proof::is_shown(&visit.request.headers, proof) {
        return None;
    }
    let page = visit.home(&issued.device, &session, None)?;
    visit.believe(&issued.device, session.holder(), Proven::Cookie);
    Some(page.into())
}

/// The session, where the page still speaks for it and the request is proven to be that phone's.
fn standing<'s>(
    visit: &Visit<'_>,
    session: Option<&'s AgentSession>,
    issued: &Issued,
) -> Result<&'s AgentSession, Answer> {
    if let Some(ended) = translate::ended(session, issued) {
        visit.phone.figures.link_refused("over");
        return Err(over(visit, issued, ended));
    }
    let unproven = |fault| {
        visit.phone.figures.link_refused(fault);
        visit.ended(&issued.device, Ended::Unknown)
    };
    let signed_in = session.and_then(AgentSession::signed_in);
    let (Some(session), Some(signed_in)) = (session, signed_in) else {
        return Err(unproven("over"));
    };
    let proof =
        signed_in.proof.as_ref().filter(|_| signed_in.screen.as_ref() == Some(&issued.device));
    let Some(proof) = proof else { return Err(unproven("over")) };
    let (device, holder) = (&issued.device, issued.holder);
    let proven = match proof::check(&visit.request.headers, visit.request.peer.address, proof) {
        Ok(proven) => proven,
        Err(Unproven::WrongCookie) => return Err(unproven("cookie")),
        Err(Unproven::OtherAddress) => return Err(unproven("address")),
    };
    if proven == Proven::Address && !visit.is_enough_without_cookie(device, holder) {
        return Err(unproven("cookie"));
    }
    visit.believe(device, holder, proven);
    visit.seen_here(session, signed_in);
    Ok(session)
}

/// The page of a session that is over; the phone shows nothing of it any more.
fn over(visit: &Visit<'_>, issued: &Issued, ended: Ended) -> Answer {
    // An old link must not cancel what is owed to whoever uses the phone now.
    if !visit.is_head() && locked(&visit.phone.screens).forget(&issued.device, issued.holder) {
        locked(&visit.phone.pace).unwant(&issued.device);
    }
    visit.ended(&issued.device, ended)
}

fn view(
    visit: &Visit<'_>,
    issued: &Issued,
    session: &AgentSession,
    remark: Option<Remark>,
) -> Answer {
    let page = visit.home(&issued.device, session, remark);
    page.map_or_else(|| over(visit, issued, Ended::Unknown), Answer::from)
}

fn list(
    visit: &Visit<'_>,
    issued: &Issued,
    session: &AgentSession,
    category: ReasonCategory,
) -> Answer {
    if !offered(visit, session, category) {
        return view(visit, issued, session, Some(Remark::ReasonGone));
    }
    let page = visit
        .show(&issued.device, session, |scene, shown| translate::reasons(scene, shown, category));
    page.map_or_else(|| over(visit, issued, Ended::Unknown), Answer::from)
}

fn offered(visit: &Visit<'_>, session: &AgentSession, category: ReasonCategory) -> bool {
    visit.settings.reasons_for(&session.agent.id, category).next().is_some()
}

async fn do_press(
    visit: &Visit<'_>,
    issued: &Issued,
    session: &AgentSession,
    press: Press,
    token: &str,
) -> Answer {
    let phone = visit.phone;
    let link = Link::Press(press);
    let command = AgentCommand {
        agent: session.agent.clone(),
        holder: Some(issued.holder),
        seen_changes: Some(issued.changes),
        wish: translate::wish(press),
    };
    // The same link again is the same press: Back and a repeated fetch do nothing a second time.
    let id = InputId::new("phone", format_args!("{token}/{}", link.path()));
    let input = Input::command(id, Command::Agent(command));
    // The press may take its time; every other link is answered with a page at once.
    locked(&phone.screens).hear(&issued.device, visit.now);
    let pressing = Pressing::begin(phone, &issued.device);
    let outcome = phone.port.submit(input).await;
    let name = name(press);
    let (result, remark) = match &outcome {
        Ok(Outcome::Done(_)) => ("done", None),
        // The page was older than the state: what is so now is the answer.
        Ok(Outcome::Refused(Refusal::Stale)) => ("stale", Some(Remark::Changed)),
        Ok(Outcome::Refused(refusal)) => ("refused", Some(remark(refusal))),
        Ok(Outcome::Unclear(_)) => ("unclear", Some(Remark::NotConfirmed)),
        Err(_) => ("failed", None),
    };
    phone.figures.press(name, result);
    let answer = match outcome {
        Err(error) => visit.problem_at(&Problem::of_submit(&error), issued, link),
        Ok(_) => match phone.port.session(issued.holder.number).await {
            Err(error) => visit.problem_at(&Problem::of_submit(&error), issued, link),
            Ok(session) => match standing(visit, session.as_deref(), issued) {
                Ok(session) => {
                    let page = visit.show(&issued.device, session, |scene, shown| {
                        let so = translate::is_so(press, shown, scene.settings);
                        let settled = |it: &Remark| {
                            so && matches!(it, Remark::Changed | Remark::NotConfirmed)
                        };
                        translate::home(scene, shown, remark.filter(|it| !settled(it)))
                    });
                    page.map_or_else(|| over(visit, issued, Ended::Unknown), Answer::from)
                }
                Err(answer) => answer,
            },
        },
    };
    pressing.end();
    phone.follow(&session.agent).await;
    answer
}

fn remark(refusal: &Refusal) -> Remark {
    match refusal {
        Refusal::ReasonUnknown { .. } => Remark::ReasonGone,
        Refusal::SignOutNeedsNotReady => Remark::NotReadyFirst,
        Refusal::NoCall => Remark::CallGone,
        Refusal::CallInProgress => Remark::InCall,
        Refusal::OwnerAway { .. } => Remark::Away,
        Refusal::NotKnown { .. } => Remark::NotKnown,
        Refusal::Owner { why } => Remark::Owner { kind: why.kind, code: why.code },
        _ => Remark::Changed,
    }
}

fn name(press: Press) -> &'static str {
    match press {
        Press::Ready => "ready",
        Press::NotReady(_) => "not_ready",
        Press::WrapUp(_) => "wrap_up",
        Press::SignOut(_) => "sign_out",
    }
}
