//! Attempts that another judges: the limits of ordinary ones, and counted with them.

use engine::Judgement;

use super::*;

fn applicant(account: &str) -> Applicant {
    let source = "192.0.2.1".parse().unwrap();
    Applicant { account: account.to_owned(), source, surface: "phone" }
}

impl Fixture {
    /// Has another judge attempts, one after another, and compares all results.
    async fn judge(&self, account: &str, judgements: &[Judgement], expected: &[&str]) {
        let mut results = Vec::new();
        for judgement in judgements {
            let came = match self.frame.admit(applicant(account)).await {
                Ok(admission) => admission.judged(*judgement).await,
                Err(refusal) => Err(refusal),
            };
            results.push(match came {
                Ok(()) => "right",
                Err(AuthenticationRefusal::Wrong) => "wrong",
                Err(AuthenticationRefusal::Locked { .. }) => "locked",
                Err(AuthenticationRefusal::Busy { .. }) => "busy",
                Err(AuthenticationRefusal::Unavailable) => "unavailable",
            });
        }
        assert_eq!(results, expected, "{account}");
    }
}

const WRONG: Judgement = Judgement::Wrong;

#[tokio::test(start_paused = true)]
async fn what_another_judged_wrong_locks_ordinary_attempts_too_and_the_other_way_round() {
    let it = fixture();
    it.check("1001", &["x"; 2], &["wrong"; 2]).await;
    it.judge("1001", &[WRONG; 3], &["wrong", "wrong", "locked"]).await;
    it.check("1001", &["right"], &["locked"]).await;
    it.judge("1001", &[Judgement::Right], &["locked"]).await;
    it.clock.advance(Duration::from_secs(LOCK_SECONDS));
    it.judge("1001", &[Judgement::Right], &["right"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_right_one_takes_the_count_back_and_one_that_was_not_judged_changes_nothing() {
    let it = fixture();
    it.judge("1001", &[WRONG; 4], &["wrong"; 4]).await;
    it.judge("1001", &[Judgement::None; 3], &["right"; 3]).await;
    // Dropped without a word it is as if it had not been judged.
    drop(it.frame.admit(applicant("1001")).await.ok().unwrap());
    it.judge("1001", &[Judgement::Right], &["right"]).await;
    it.judge("1001", &[WRONG; 5], &["wrong", "wrong", "wrong", "wrong", "locked"]).await;
}

#[tokio::test(start_paused = true)]
async fn names_that_are_no_account_are_counted_in_memory_and_answer_alike() {
    let it = fixture();
    let expected = ["wrong", "wrong", "wrong", "wrong", "locked", "locked"];
    it.judge("9999", &[WRONG; 6], &expected).await;
    assert_eq!(it.accounts.reports.load(Ordering::Acquire), 0);
    it.judge("9998", &[WRONG], &["wrong"]).await;
    it.clock.advance(Duration::from_secs(LOCK_SECONDS));
    it.judge("9999", &[Judgement::Right], &["right"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_one_takes_as_long_as_any_answer_that_is_no_yes() {
    let it = fixture();
    for account in ["1001", "9999"] {
        let began = Instant::now();
        it.judge(account, &[WRONG], &["wrong"]).await;
        assert_eq!(began.elapsed(), FAILING, "{account}");
    }
    it.judge("1001", &[WRONG; 4], &["wrong", "wrong", "wrong", "locked"]).await;
    let began = Instant::now();
    it.judge("1001", &[WRONG], &["locked"]).await;
    assert_eq!(began.elapsed(), FAILING);
}

#[tokio::test(start_paused = true)]
async fn one_attempt_at_a_time_for_an_account() {
    let it = Arc::new(fixture());
    let first = it.frame.admit(applicant("1001")).await.ok().unwrap();
    let other = Arc::clone(&it);
    let second = tokio::spawn(async move { other.frame.admit(applicant("1001")).await.is_ok() });
    let third = Arc::clone(&it);
    let ordinary = tokio::spawn(async move { third.attempt("1001", "right", "192.0.2.2").await });
    // Another account goes on meanwhile, so these two had every chance.
    it.judge("1002", &[WRONG], &["wrong"]).await;
    assert!(!second.is_finished() && !ordinary.is_finished());
    drop(first);
    assert!(second.await.unwrap());
    assert_eq!(ordinary.await.unwrap(), "right");
}

#[tokio::test(start_paused = true)]
async fn without_the_store_nobody_is_admitted_and_a_count_that_cannot_be_written_is_kept() {
    let it = fixture();
    it.accounts.full.store(true, Ordering::Release);
    let expected = ["wrong", "wrong", "wrong", "wrong", "locked", "locked"];
    it.judge("1001", &[WRONG; 6], &expected).await;
    it.accounts.away.store(true, Ordering::Release);
    it.judge("1001", &[Judgement::Right], &["unavailable"]).await;
}

#[tokio::test(start_paused = true)]
async fn ops_06_nobody_types_a_name_that_one_time_passwords_are_counted_under() {
    let it = fixture();
    let expected = ["wrong", "wrong", "wrong", "wrong", "locked"];
    it.check("\0someone", &["x"; 5], &expected).await;
    it.judge("\0someone", &[Judgement::None], &["right"]).await;
}

#[tokio::test(start_paused = true)]
async fn phn_15_wrong_pins_lock_pins_and_no_password_and_the_other_way_round() {
    let it = fixture();
    let pin = "\u{0}pin\u{0}1001";
    it.judge(pin, &[WRONG; 4], &["wrong"; 4]).await;
    // A right password between them sets nothing back.
    it.check("1001", &["right"], &["right"]).await;
    it.judge(pin, &[WRONG, Judgement::Right], &["locked"; 2]).await;
    it.check("1001", &["right"], &["right"]).await;
    it.check("1002", &["x"; 5], &["wrong", "wrong", "wrong", "wrong", "locked"]).await;
    it.judge("\u{0}pin\u{0}1002", &[Judgement::Right], &["right"]).await;
}
