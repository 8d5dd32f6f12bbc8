//! The judgement of an update, over all states, wishes, reasons and times.

use domain::settings::{HeadsetMode, MuteButton};
use domain::{AgentKey, Presence, PresenceState, ReasonCode, Timestamp, Wish};
use proptest::prelude::*;

use super::site::{NOW, settings, with_headset};
use crate::judge::{Update, Verdict, Wanted, Why, judge};

fn states() -> impl Strategy<Value = PresenceState> {
    let reason = prop::option::of((0_u16..9).prop_map(ReasonCode));
    prop_oneof![
        reason.clone().prop_map(|reason| PresenceState::SignedOut { reason }),
        reason.prop_map(|reason| PresenceState::NotReady { reason }),
        Just(PresenceState::Ready),
        Just(PresenceState::Reserved),
        Just(PresenceState::Talking),
        Just(PresenceState::Held),
        any::<bool>().prop_map(|it| PresenceState::WrapUp { ready_afterwards: it }),
        Just(PresenceState::Busy),
        Just(PresenceState::Unknown),
    ]
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_microseconds(NOW.microseconds() + seconds * 1_000_000)
}

proptest! {
    #[test]
    fn hst_06_an_update_changes_something_only_where_it_is_newer_allowed_and_not_so_already(
        state in states(),
        is_known in any::<bool>(),
        ready in any::<bool>(),
        reason in prop::option::of(0_u32..12),
        sent in prop::option::of(-40_i64..40),
        changed in -20_i64..=0,
        mode in 0_usize..3,
        mutes in any::<bool>(),
    ) {
        let modes = [
            HeadsetMode::Disabled, HeadsetMode::Notification, HeadsetMode::NotificationAndControl,
        ];
        let settings = with_headset(&settings(), |it| {
            it.mode = modes[mode];
            it.mute_button = if mutes { MuteButton::Mute } else { MuteButton::ReadyToggle };
            it.default_not_ready_reason = Some(ReasonCode(1));
        });
        let agent = AgentKey::owned("1001".parse().unwrap());
        let presence = Presence {
            state, since: after(changed), pending: None, until: None, calls: vec![],
            not_known_since: (!is_known).then_some(NOW),
        };
        let wanted = if ready { Wanted::Ready } else { Wanted::NotReady };
        let update = Update { wanted, reason, sent_at: sent.map(after), sent_at_ours: sent.map(after) };
        let verdict = judge(&settings, &agent, &presence, after(changed), update, NOW);
        let controls = mode == 2 && !mutes;
        match verdict {
            Verdict::Ask(wish) => {
                prop_assert!(controls && is_known && !state.is_in_call());
                let is_there = !matches!(state, PresenceState::SignedOut { .. } | PresenceState::Unknown);
                prop_assert!(is_there);
                prop_assert!(sent.is_none_or(|sent| sent >= changed && sent.abs() <= 30));
                match wish {
                    Wish::Ready => prop_assert!(ready && state != PresenceState::Ready),
                    Wish::NotReady(given) => {
                        prop_assert!(!ready);
                        let code = given.unwrap().0;
                        prop_assert_eq!(u32::from(code), reason.filter(|it| *it != 0).unwrap_or(1));
                        prop_assert!(matches!(code, 1 | 7));
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            Verdict::Already => {
                prop_assert!(controls && is_known);
                match state {
                    PresenceState::Ready => prop_assert!(ready),
                    PresenceState::NotReady { .. } => prop_assert!(!ready),
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            Verdict::Refused(why) => match why {
                Why::NotAllowed => prop_assert!(!controls),
                Why::NotKnown => prop_assert!(!is_known || state == PresenceState::Unknown),
                Why::NoAgent => {
                    let is_out = matches!(state, PresenceState::SignedOut { .. });
                    prop_assert!(is_out);
                }
                Why::Clock => prop_assert!(sent.unwrap().abs() > 30),
                Why::InCall => prop_assert!(state.is_in_call()),
                Why::Stale => prop_assert!(sent.unwrap() < changed),
                Why::ReasonUnknown => prop_assert!(!matches!(reason, None | Some(0 | 1 | 7))),
                Why::Several | Why::CatchingUp => prop_assert!(false),
            },
        }
    }
}
