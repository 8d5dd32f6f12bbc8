//! What is known of a directory's own account, so that one that was refused is left alone (OPS-10).
//!
//! ```text
//!   unknown --bind--> good --bind refused--> refused, until a pause is over --bind--> ...
//! ```
//!
//! While it is not known to be good one bind runs at a time: ten people who sign in at once make one
//! wrong try, not ten. Other settings of the directory begin at unknown.

use std::time::Duration;

use domain::Timestamp;
use tokio::sync::{Mutex, Semaphore};

use crate::configuration::Prepared;
use crate::connection::{Bound, Connection};
use crate::trouble::Trouble;

/// After a refusal the account is left alone so long; each time twice as long. Servers that lock
/// accounts count wrong passwords within half an hour, often.
const PAUSE: Duration = Duration::from_secs(30 * 60);
/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(8 * 3_600);

/// Binds at one time of an account that is known to be good: so many wrong tries at most are made once
/// its password was changed.
const AT_ONCE: usize = 2;

/// What is known of the account.
#[derive(Debug)]
pub(crate) struct Standing {
    known: Mutex<Known>,
    permits: Semaphore,
}

impl Default for Standing {
    fn default() -> Self {
        Self { known: Mutex::default(), permits: Semaphore::new(AT_ONCE) }
    }
}

#[derive(Clone, Debug, Default)]
enum Known {
    #[default]
    Nothing,
    Good,
    Refused {
        until: Timestamp,
        pause: Duration,
        trouble: Trouble,
    },
}

/// Why we could not become the directory's own account.
pub(crate) enum NotBound {
    /// It was refused, now or a while ago; the account is left alone until then.
    Refused { trouble: Trouble, until: Timestamp },
    /// The server could not be asked.
    Trouble(Trouble),
}

impl Standing {
    /// Becomes the directory's own account on that connection.
    pub(crate) async fn bind(
        &self,
        connection: &mut Connection<'_>,
        prepared: &Prepared,
        now: Timestamp,
    ) -> Result<(), NotBound> {
        // Never closed, so that there is always one to wait for.
        let _permit = self.permits.acquire().await.ok();
        let mut known = self.known.lock().await;
        let pause = match &*known {
            Known::Good => {
                drop(known);
                return match ask(connection, prepared).await {
                    Ok(()) => Ok(()),
                    Err(NotBound::Refused { trouble, .. }) => {
                        known = self.known.lock().await;
                        Err(note(&mut known, trouble, PAUSE, now))
                    }
                    Err(trouble) => Err(trouble),
                };
            }
            Known::Nothing => PAUSE,
            Known::Refused { until, pause, .. } if *until <= now => (*pause * 2).min(PAUSE_MAX),
            Known::Refused { until, trouble, .. } => {
                return Err(NotBound::Refused { trouble: trouble.clone(), until: *until });
            }
        };
        match ask(connection, prepared).await {
            Ok(()) => {
                *known = Known::Good;
                Ok(())
            }
            Err(NotBound::Refused { trouble, .. }) => Err(note(&mut known, trouble, pause, now)),
            Err(trouble) => Err(trouble),
        }
    }

    /// Why and until when the account is left alone, where it is.
    pub(crate) async fn refused(&self, now: Timestamp) -> Option<(Trouble, Timestamp)> {
        match &*self.known.lock().await {
            Known::Refused { until, trouble, .. } if *until > now => {
                Some((trouble.clone(), *until))
            }
            _ => None,
        }
    }
}

fn note(known: &mut Known, trouble: Trouble, pause: Duration, now: Timestamp) -> NotBound {
    let until = now.after(pause);
    *known = Known::Refused { until, pause, trouble: trouble.clone() };
    NotBound::Refused { trouble, until }
}

async fn ask(connection: &mut Connection<'_>, prepared: &Prepared) -> Result<(), NotBound> {
    let directory = &prepared.directory;
    let bound = connection.bind(&directory.bind_dn, directory.bind_password.expose()).await;
    match bound.map_err(NotBound::Trouble)? {
        Bound::Yes => Ok(()),
        Bound::No(outcome, _) => {
            let trouble = connection.refused("our own account", outcome);
            // A server that is busy says nothing of the account.
            if trouble.is_of_one_server() {
                return Err(NotBound::Trouble(trouble));
            }
            Err(NotBound::Refused { trouble, until: Timestamp::default() })
        }
    }
}
