//! The phone's few cookies: four to a host, eight hosts, 255 bytes each, gone after 30 idle minutes.
//!
//! Pure: time comes as an argument. Attributes other than those that delete a cookie are ignored, as
//! the documents promise none.

use std::time::{Duration, Instant, SystemTime};

use super::limits;

/// What the open application window remembers; dropped when it closes.
#[derive(Debug, Default)]
pub(crate) struct Jar {
    sessions: Vec<Session>,
}

#[derive(Debug)]
struct Session {
    host: String,
    cookies: Vec<(String, String)>,
    used: Instant,
}

impl Jar {
    /// The `Cookie` header for a request, if there is anything to send.
    pub(crate) fn cookie_header(&mut self, host: &str, now: Instant) -> Option<String> {
        self.forget_idle(now);
        let session = self.sessions.iter_mut().find(|session| session.host == host)?;
        session.used = now;
        let pairs: Vec<String> =
            session.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Takes one `Set-Cookie`; the answer says which limit it broke.
    pub(crate) fn set(
        &mut self,
        host: &str,
        set_cookie: &str,
        now: Instant,
        date: SystemTime,
    ) -> Option<String> {
        self.forget_idle(now);
        let mut parts = set_cookie.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('='))?;
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        if set_cookie.len() > limits::COOKIE_BYTES_MAX {
            return Some(format!(
                "cookie {name:?} has {} bytes, a phone keeps at most {}",
                set_cookie.len(),
                limits::COOKIE_BYTES_MAX
            ));
        }
        let deleted = parts.any(|attribute| deletes(attribute, date));
        let session = self.session(host, now);
        session.cookies.retain(|(other, _)| *other != name);
        if deleted {
            return None;
        }
        session.cookies.push((name, value));
        if session.cookies.len() <= limits::COOKIES_PER_HOST_MAX {
            return None;
        }
        session.cookies.remove(0);
        Some(format!(
            "{host} sets a cookie more than the {} a phone keeps",
            limits::COOKIES_PER_HOST_MAX
        ))
    }

    /// Forgets everything: the application window closed.
    pub(crate) fn clear(&mut self) {
        self.sessions.clear();
    }

    fn session(&mut self, host: &str, now: Instant) -> &mut Session {
        let index = match self.sessions.iter().position(|session| session.host == host) {
            Some(index) => index,
            None => {
                if self.sessions.len() == limits::COOKIE_SESSIONS_MAX {
                    self.sessions.sort_by_key(|session| session.used);
                    self.sessions.remove(0);
                }
                self.sessions.push(Session {
                    host: host.to_owned(),
                    cookies: Vec::new(),
                    used: now,
                });
                self.sessions.len() - 1
            }
        };
        #[expect(clippy::indexing_slicing, reason = "found or pushed just above")]
        let session = &mut self.sessions[index];
        session.used = now;
        session
    }

    fn forget_idle(&mut self, now: Instant) {
        let idle = Duration::from_secs(limits::COOKIE_IDLE_MINUTES_MAX * 60);
        self.sessions.retain(|session| now.saturating_duration_since(session.used) < idle);
    }
}

fn deletes(attribute: &str, date: SystemTime) -> bool {
    let Some((name, value)) = attribute.split_once('=') else { return false };
    match name.trim().to_ascii_lowercase().as_str() {
        "max-age" => value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0),
        "expires" => httpdate::parse_http_date(value.trim()).is_ok_and(|expires| expires < date),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets cookies at given minutes, then asks for the header at `asked`.
    #[track_caller]
    fn check(set: &[(u64, &str)], asked: u64, expected: Option<&str>, violations: usize) {
        let start = Instant::now();
        let at = |minute: u64| start + Duration::from_secs(60 * minute);
        let mut jar = Jar::default();
        let found = set
            .iter()
            .filter_map(|(minute, cookie)| jar.set("h", cookie, at(*minute), SystemTime::now()))
            .count();
        assert_eq!(jar.cookie_header("h", at(asked)).as_deref(), expected);
        assert_eq!(jar.cookie_header("other", at(asked)), None);
        assert_eq!(found, violations);
    }

    #[test]
    fn four_cookies_are_kept_and_the_fifth_pushes_one_out() {
        let four = [(0, "a=1; Path=/; Secure"), (0, "b=2"), (0, "c=3"), (0, "d=4")];
        check(&four, 1, Some("a=1; b=2; c=3; d=4"), 0);
        let five = [(0, "a=1"), (0, "b=2"), (0, "c=3"), (0, "d=4"), (0, "e=5")];
        check(&five, 1, Some("b=2; c=3; d=4; e=5"), 1);
    }

    #[test]
    fn a_cookie_of_255_bytes_is_the_longest() {
        let fits = format!("a={}", "x".repeat(253));
        check(&[(0, &fits)], 1, Some(&fits), 0);
        check(&[(0, &format!("{fits}x"))], 1, None, 1);
    }

    #[test]
    fn thirty_idle_minutes_forget() {
        check(&[(0, "a=1")], 29, Some("a=1"), 0);
        check(&[(0, "a=1")], 30, None, 0);
        check(&[(0, "a=1"), (29, "b=1")], 58, Some("a=1; b=1"), 0);
    }

    #[test]
    fn a_cookie_is_replaced_and_deleted() {
        check(&[(0, "a=1"), (0, "a=2")], 1, Some("a=2"), 0);
        check(&[(0, "a=1"), (0, "a=; Max-Age=0")], 1, None, 0);
        check(&[(0, "a=1"), (0, "a=; Expires=Sat, 01 Jan 2000 00:00:00 GMT")], 1, None, 0);
    }

    #[test]
    fn eight_hosts_are_remembered() {
        let now = Instant::now();
        let mut jar = Jar::default();
        for index in 0..9_u64 {
            jar.set(
                &format!("h{index}"),
                "a=1",
                now + Duration::from_secs(index),
                SystemTime::now(),
            );
        }
        let later = now + Duration::from_secs(10);
        assert_eq!(jar.cookie_header("h0", later), None);
        assert_eq!(jar.cookie_header("h1", later).as_deref(), Some("a=1"));
        jar.clear();
        assert_eq!(jar.cookie_header("h1", later), None);
    }
}
