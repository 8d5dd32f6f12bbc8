//! What the frame answers to tries, with accounts in memory and a clock moved by hand.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use domain::settings::Agent;
use domain::{Account, LOCK_SECONDS, Settings, WRONG_PASSWORDS_MAX};
use engine::metrics::Counter;
use engine::testing::ManualClock;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use domain::Role;

use super::*;

mod admission;

/// Accounts as the engine would keep them.
struct InMemory {
    settings: Mutex<Arc<Settings>>,
    counts: Mutex<HashMap<AgentId, Account>>,
    away: AtomicBool,
    /// What is loaded still comes, but nothing can be written.
    full: AtomicBool,
    reports: AtomicUsize,
    /// Tries that came as far as looking their account up.
    begun: AtomicUsize,
    /// Lookups wait here; closed where a test wants them to.
    gate: Semaphore,
    clock: Arc<ManualClock>,
}

#[async_trait]
impl Accounts for Arc<InMemory> {
    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.lock().unwrap())
    }

    async fn account(&self, id: &AgentId) -> Result<Option<Account>, StoreAway> {
        self.begun.fetch_add(1, Ordering::AcqRel);
        drop(self.gate.acquire().await.unwrap());
        if self.away.load(Ordering::Acquire) {
            return Err(StoreAway);
        }
        Ok(self.counts.lock().unwrap().get(id).cloned())
    }

    async fn checked(&self, id: &AgentId, right: bool) -> Result<Option<Timestamp>, StoreAway> {
        self.reports.fetch_add(1, Ordering::AcqRel);
        // A commit takes its time.
        tokio::time::sleep(Duration::from_millis(30)).await;
        if self.full.load(Ordering::Acquire) {
            return Err(StoreAway);
        }
        let mut counts = self.counts.lock().unwrap();
        if right {
            counts.remove(id);
            return Ok(None);
        }
        let now = self.clock.now();
        let fresh = Account { wrong_passwords: 0, last_at: now, locked_until: None };
        let account = counts.entry(id.clone()).or_insert(fresh);
        account.wrong_passwords += 1;
        if account.wrong_passwords >= WRONG_PASSWORDS_MAX {
            account.wrong_passwords = 0;
            account.locked_until = Some(now.after(Duration::from_secs(LOCK_SECONDS)));
        }
        Ok(account.locked_until)
    }
}

struct Fixture {
    frame: Arc<Frame<Arc<InMemory>>>,
    accounts: Arc<InMemory>,
    clock: Arc<ManualClock>,
    lines: LineLimit,
    turned_away: Counter,
}

/// Agents 1001 to 1020 with the password `right`, hashed cheaply.
fn fixture() -> Fixture {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_000_000)));
    let accounts = Arc::new(InMemory {
        settings: Mutex::default(),
        counts: Mutex::default(),
        away: AtomicBool::new(false),
        full: AtomicBool::new(false),
        reports: AtomicUsize::new(0),
        begun: AtomicUsize::new(0),
        gate: Semaphore::new(1_000),
        clock: Arc::clone(&clock),
    });
    accounts.set_password("right");
    let metrics = Metrics::new();
    let handed: Arc<dyn Clock> = clock.clone();
    let lines = LineLimit::default();
    let overload = metrics.counters("overload_total", "Turned away.", &["surface"]);
    let turned_away = overload.with(&["phone"]);
    let known = Arc::clone(&accounts);
    // The same on every machine.
    let pool = Pool::with(2, 100);
    let frame = Frame::new(known, pool, handed, &metrics, overload, lines.clone());
    Fixture { frame: Arc::new(frame), accounts, clock, lines, turned_away }
}

impl InMemory {
    fn set_password(&self, password: &str) {
        use argon2::password_hash::PasswordHasher;
        let parameters = argon2::Params::new(64, 1, 1, None).unwrap();
        let cheap =
            argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
        let hash = cheap.hash_password(password.as_bytes()).unwrap().to_string();
        let mut agents = BTreeMap::new();
        for number in 1001..=1020 {
            let id: AgentId = number.to_string().parse().unwrap();
            let agent = Agent {
                id: id.clone(),
                name: None,
                team: None,
                pair: None,
                extension: None,
                roles: vec![Role::Agent],
                alias: None,
                skills: BTreeMap::new(),
                origin: None,
                password_hash: Some(hash.clone()),
                pin_hash: None,
            };
            agents.insert(id, Arc::new(agent));
        }
        let settings = Settings { agents: Arc::new(agents), ..Settings::default() };
        *self.settings.lock().unwrap() = Arc::new(settings);
    }
}

fn attempt(account: &str, password: &str, source: &str) -> Attempt {
    Attempt {
        account: account.to_owned(),
        password: Secret::new(password),
        source: source.parse::<IpAddr>().unwrap(),
        surface: "phone",
    }
}

impl Fixture {
    async fn attempt(&self, account: &str, password: &str, source: &str) -> &'static str {
        match self.frame.authenticate(attempt(account, password, source)).await {
            Ok(principal) => {
                assert_eq!((principal.who.as_str(), principal.how), (account, Proof::Password));
                "right"
            }
            Err(AuthenticationRefusal::Wrong) => "wrong",
            Err(AuthenticationRefusal::Locked { .. }) => "locked",
            Err(AuthenticationRefusal::Busy { .. }) => "busy",
            Err(AuthenticationRefusal::Unavailable) => "unavailable",
        }
    }

    /// Tries passwords one after another from one source and compares all results.
    #[track_caller]
    fn check<'a>(
        &'a self,
        account: &'a str,
        passwords: &'a [&'a str],
        expected: &'a [&'a str],
    ) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut results = Vec::new();
            for password in passwords {
                results.push(self.attempt(account, password, "192.0.2.1").await);
            }
            assert_eq!(results, expected, "{caller}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn five_wrong_passwords_lock_an_account_for_five_minutes() {
    let it = fixture();
    it.check("1001", &["right"], &["right"]).await;
    it.check("1001", &["x"; 5], &["wrong", "wrong", "wrong", "wrong", "locked"]).await;
    it.check("1001", &["right"; 2], &["locked"; 2]).await;
    it.check("1002", &["right"], &["right"]).await;
    it.clock.advance(Duration::from_secs(LOCK_SECONDS - 1));
    it.check("1001", &["right"], &["locked"]).await;
    it.clock.advance(Duration::from_secs(1));
    it.check("1001", &["right"], &["right"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_right_password_takes_the_count_back() {
    let it = fixture();
    it.check(
        "1001",
        &["x", "x", "x", "x", "right"],
        &["wrong", "wrong", "wrong", "wrong", "right"],
    )
    .await;
    it.check("1001", &["x"; 4], &["wrong"; 4]).await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_account_answers_as_a_known_one_and_is_not_written() {
    let it = fixture();
    let passwords = ["x", "x", "x", "x", "x", "right"];
    let expected = ["wrong", "wrong", "wrong", "wrong", "locked", "locked"];
    it.check("1001", &passwords, &expected).await;
    let reports = it.accounts.reports.load(Ordering::Acquire);
    it.check("nobody", &passwords, &expected).await;
    it.check("no such name \u{0} \u{e4}", &passwords, &expected).await;
    assert_eq!(it.accounts.reports.load(Ordering::Acquire), reports);
    it.clock.advance(Duration::from_secs(LOCK_SECONDS));
    it.check("nobody", &["x"], &["wrong"]).await;
}

#[tokio::test(start_paused = true)]
async fn parallel_guesses_cannot_pass_the_count() {
    let it = Arc::new(fixture());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..9 {
        let it = Arc::clone(&it);
        tasks.spawn(async move {
            it.attempt("1001", &format!("guess {number}"), &format!("198.51.100.{number}")).await
        });
    }
    let results = tasks.join_all().await;
    let wrong = results.iter().filter(|result| **result == "wrong").count();
    assert_eq!(wrong, usize::from(WRONG_PASSWORDS_MAX) - 1, "{results:?}");
    assert!(results.iter().all(|result| ["wrong", "locked"].contains(result)), "{results:?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_for_one_account_is_bounded() {
    let order = Order::default();
    let _turn = order.wait("1001").await.unwrap();
    let mut waiting: Vec<_> = (0..8).map(|_| Box::pin(order.wait("1001"))).collect();
    for wait in &mut waiting {
        let poll = std::future::poll_fn(|context| {
            std::task::Poll::Ready(wait.as_mut().poll(context).is_pending())
        });
        assert!(poll.await);
    }
    assert!(order.wait("1001").await.is_none());
    assert!(order.wait("1002").await.is_some());
    drop(waiting);
    drop(_turn);
    assert!(order.wait("1001").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_site_is_never_locked_by_guesses_from_within() {
    let it = fixture();
    let mut results = Vec::new();
    for number in 0..60 {
        results.push(it.attempt(&format!("nobody-{number}"), "x", "192.0.2.1").await);
    }
    // Names are tried on, one after another, whether or not they are an account's.
    assert_eq!(results, ["wrong"; 60]);
    // Everybody else of the site still gets in, also anew and with a wrong password first.
    for number in 1001..=1010 {
        assert_eq!(it.attempt(&number.to_string(), "right", "192.0.2.1").await, "right");
    }
    assert_eq!(it.attempt("1011", "x", "192.0.2.1").await, "wrong");
    assert_eq!(it.attempt("1011", "right", "192.0.2.1").await, "busy");
    assert_eq!(it.attempt("nobody-59", "x", "192.0.2.1").await, "busy");
    assert_eq!(it.turned_away.value(), 2);
    // Another source is not touched; time gives tries back.
    assert_eq!(it.attempt("1011", "right", "192.0.2.2").await, "right");
    it.clock.advance(Duration::from_secs(3));
    assert_eq!(it.attempt("1011", "right", "192.0.2.1").await, "right");
}

#[tokio::test(start_paused = true)]
async fn one_ipv6_network_is_one_source() {
    let it = fixture();
    for number in 0..50 {
        it.attempt(&format!("nobody-{number}"), "x", &format!("2001:db8::{number}")).await;
    }
    assert_eq!(it.attempt("nobody-1", "x", "2001:db8::1:2").await, "busy");
    assert_eq!(it.attempt("nobody-1", "x", "2001:db8:0:1::1").await, "wrong");
}

#[tokio::test(start_paused = true)]
async fn a_new_password_counts_at_once() {
    let it = fixture();
    it.check("1001", &["right"; 2], &["right"; 2]).await;
    it.accounts.set_password("new");
    it.check("1001", &["right", "new"], &["wrong", "right"]).await;
}

#[tokio::test(start_paused = true)]
async fn ops_11_with_the_store_away_who_was_right_a_moment_ago_stays_right() {
    let it = fixture();
    it.check("1001", &["right"], &["right"]).await;
    it.accounts.away.store(true, Ordering::Release);
    it.check("1001", &["right", "x"], &["right", "unavailable"]).await;
    it.check("1002", &["right"], &["unavailable"]).await;
}

#[tokio::test(start_paused = true)]
async fn no_more_than_needed_is_written() {
    let it = fixture();
    it.check("1001", &["right"; 3], &["right"; 3]).await;
    assert_eq!(it.accounts.reports.load(Ordering::Acquire), 0);
}

/// Once a source's share is used up, names go on by the same rules, an account's or not.
#[tokio::test(start_paused = true)]
async fn a_source_without_tries_learns_nothing_of_accounts() {
    let it = fixture();
    for number in 0..50 {
        it.attempt(&format!("nobody-{number}"), "x", "192.0.2.1").await;
    }
    for name in ["1001", "nobody-at-all", "no such name \u{e4}"] {
        let results =
            [it.attempt(name, "x", "192.0.2.1").await, it.attempt(name, "x", "192.0.2.1").await];
        assert_eq!(results, ["wrong", "busy"], "{name}");
        let source = "192.0.2.1".parse::<IpAddr>().unwrap().into();
        let Standing::UsedUp { lane, .. } = it.frame.0.sources.take(source, "x", it.clock.now())
        else {
            panic!("{name}: tries are left");
        };
        let held = lane.acquire().await.unwrap();
        assert_eq!(it.attempt(&format!("{name}-9"), "x", "192.0.2.1").await, "busy", "{name}");
        drop(held);
    }
}

/// On a clock of the test: whether something was committed does not show.
#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_answered_at_the_same_time_for_every_name() {
    let it = fixture();
    for name in ["1001", "nobody", "no such name \u{e4}"] {
        for expected in ["wrong", "wrong", "wrong", "wrong", "locked", "locked"] {
            let began = Instant::now();
            assert_eq!(it.attempt(name, "x", "192.0.2.1").await, expected);
            assert_eq!(began.elapsed(), FAILING, "{name} {expected}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ops_11_with_the_store_away_no_name_is_told_from_another() {
    let it = fixture();
    it.accounts.away.store(true, Ordering::Release);
    for name in ["1001", "nobody", "no such name \u{e4}"] {
        it.check(name, &["x"], &["unavailable"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_try_is_counted_though_nobody_waits_for_its_answer() {
    let it = fixture();
    for name in ["1001", "nobody"] {
        for _ in 0..WRONG_PASSWORDS_MAX {
            let hung_up = it.frame.authenticate(attempt(name, "x", "192.0.2.1"));
            assert!(tokio::time::timeout(Duration::ZERO, hung_up).await.is_err());
            // The next one gets its turn when this one is counted.
            let next = it.frame.0.order.wait(name);
            let next = tokio::time::timeout(Duration::from_secs(20), next).await;
            drop(next.expect("a turn"));
        }
        it.check(name, &["right"], &["locked"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_prolongs_no_lock() {
    let it = fixture();
    it.check("1001", &["right"], &["right"]).await;
    it.check("nobody", &["x"; 5], &["wrong", "wrong", "wrong", "wrong", "locked"]).await;
    let reports = it.accounts.reports.load(Ordering::Acquire);
    it.clock.set_back(Duration::from_secs(100_000));
    it.check("nobody", &["x"], &["wrong"]).await;
    // What was right in what is the future now is checked anew.
    let id: AgentId = "1001".parse().unwrap();
    let hash = it.accounts.settings().agents[&id].password_hash.clone().unwrap();
    let right = Secret::new("right");
    assert!(!it.frame.0.remembered.knows(&id, &hash, &right, it.clock.now()));
    it.check("1001", &["right"], &["right"]).await;
    assert_eq!(it.accounts.reports.load(Ordering::Acquire), reports);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_tries_is_no_flood_of_lines() {
    let it = fixture();
    for number in 0..30 {
        it.attempt(&format!("nobody-{number}"), "x", "192.0.2.1").await;
    }
    assert_eq!(it.lines.suppressed(Line::PasswordChecked), 20);
}

#[tokio::test(start_paused = true)]
async fn with_nothing_written_guesses_are_counted_and_accounts_lock_all_the_same() {
    let it = fixture();
    it.accounts.full.store(true, Ordering::Release);
    it.check("1002", &["x", "right"], &["wrong", "right"]).await;
    for name in ["1001", "nobody"] {
        let passwords = ["x", "x", "x", "x", "x", "right"];
        it.check(name, &passwords, &["wrong", "wrong", "wrong", "wrong", "locked", "locked"]).await;
    }
    it.clock.advance(Duration::from_secs(LOCK_SECONDS));
    it.check("1001", &["right"], &["right"]).await;
    // The source's share is used up by them as by others.
    for number in 0..50 {
        it.attempt(&format!("nobody-{number}"), "x", "192.0.2.1").await;
    }
    it.check("1003", &["x", "right"], &["wrong", "busy"]).await;
}

#[tokio::test(start_paused = true)]
async fn invented_names_keep_no_account_from_being_counted() {
    let it = fixture();
    it.accounts.full.store(true, Ordering::Release);
    let now = it.clock.now();
    for number in 0..=NAMES_MAX {
        it.frame.0.of_names.failed(&format!("invented-{number}"), now);
    }
    for name in ["1001", "nobody"] {
        it.check(name, &["x"; 5], &["wrong", "wrong", "wrong", "wrong", "locked"]).await;
    }
}

/// What is remembered of an agent answers without the store, and must not be found out by asking.
#[tokio::test(start_paused = true)]
async fn with_the_store_away_what_is_remembered_cannot_be_guessed() {
    let it = fixture();
    it.check("1001", &["right"], &["right"]).await;
    it.accounts.away.store(true, Ordering::Release);
    it.check("1001", &["x"; 5], &["unavailable"; 5]).await;
    it.check("1001", &["right"], &["unavailable"]).await;
}

/// Lets all tasks go as far as they can.
async fn settle() {
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn many_tries_at_once_get_no_more_than_one_after_another() {
    let it = Arc::new(fixture());
    // At home there, though not remembered any more.
    it.check("1001", &["right"], &["right"]).await;
    it.clock.advance(Duration::from_secs(3_600));
    let gate = it.accounts.gate.acquire_many(1_000).await.unwrap();
    let before = it.accounts.begun.load(Ordering::Acquire);
    let begun = || it.accounts.begun.load(Ordering::Acquire) - before;
    let try_it = |name: String, password: &'static str, source: &'static str| {
        let it = Arc::clone(&it);
        tokio::spawn(async move { it.attempt(&name, password, source).await })
    };
    let guesses: Vec<_> =
        (0..80).map(|number| try_it(format!("nobody-{number}"), "x", "192.0.2.1")).collect();
    settle().await;
    // The share, and one by the slow lane.
    assert_eq!(begun(), 51);
    // Neither another source nor who is at home there waits behind them.
    let others = [
        try_it("1002".to_owned(), "right", "192.0.2.2"),
        try_it("1001".to_owned(), "right", "192.0.2.1"),
    ];
    settle().await;
    assert_eq!(begun(), 53);
    drop(gate);
    for other in others {
        assert_eq!(other.await.unwrap(), "right");
    }
    for guess in guesses {
        assert!(["wrong", "busy"].contains(&guess.await.unwrap()));
    }
    // No try is left for a name that failed, at once or later.
    assert_eq!(it.attempt("nobody-1", "x", "192.0.2.1").await, "busy");
}

#[tokio::test(start_paused = true)]
async fn guesses_from_many_sources_keep_nobody_out_who_is_remembered() {
    let it = Arc::new(fixture());
    it.check("1001", &["right"], &["right"]).await;
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..150 {
        let it = Arc::clone(&it);
        let source = format!("198.51.100.{}", number % 50);
        guesses.spawn(async move { it.attempt(&format!("nobody-{number}"), "x", &source).await });
    }
    settle().await;
    assert_eq!(it.attempt("1001", "right", "192.0.2.1").await, "right");
    let results = guesses.join_all().await;
    assert!(results.contains(&"wrong"), "{results:?}");
    assert!(results.iter().all(|result| ["wrong", "busy"].contains(result)), "{results:?}");
}

#[tokio::test(start_paused = true)]
async fn a_try_that_came_to_nothing_is_given_back() {
    let it = fixture();
    it.accounts.away.store(true, Ordering::Release);
    for number in 0..80 {
        let result = it.attempt(&format!("nobody-{number}"), "x", "192.0.2.1").await;
        assert_eq!(result, "unavailable");
    }
    it.accounts.away.store(false, Ordering::Release);
    it.check("1001", &["x", "right"], &["wrong", "right"]).await;
}
