//! Runs checks: as tests that panic, or by a program that wants each failure as a value.

use std::{any::Any, fmt, future::Future, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use storehouse_storage::Prefixed;
use tokio::task::JoinError;

use crate::{
    every_check,
    fixture::Fixture,
    subject::{Subject, name},
};

/// A check that takes longer hangs. The slowest needs some seconds of a bucket on this machine.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Which storage a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The storage itself.
    Plain,
    /// One folder of it, through [`Prefixed`].
    Prefixed,
}

/// One promise of the trait, and how to see whether it is kept.
#[derive(Clone, Copy)]
pub struct Check {
    pub(crate) group: &'static str,
    pub(crate) name: &'static str,
    pub(crate) body: fn(Subject) -> BoxFuture<'static, ()>,
}

impl Check {
    /// Returns what the check is about, for example `listing`.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// Returns the promise as a sentence, for example `a_taken_name_gets_a_suffix`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the check, and returns which promise was broken, if one was.
    ///
    /// It must be called in a Tokio runtime with more than one thread. The fixture must be fresh.
    ///
    /// # Errors
    /// The sentence that the check panicked with.
    pub async fn outcome(&self, fixture: &dyn Fixture, mode: Mode) -> Result<(), String> {
        let outcome = self.spawn(fixture, mode).await;
        outcome.map_err(|error| said(error.into_panic().as_ref()))
    }

    async fn spawn(&self, fixture: &dyn Fixture, mode: Mode) -> Result<(), JoinError> {
        let storage = fixture.storage().await;
        let subject = Subject {
            storage: match mode {
                Mode::Plain => storage,
                Mode::Prefixed => Arc::new(Prefixed::new(storage, name("tenants/7"))),
            },
            secrets: fixture.secrets(),
        };
        let (body, sentence) = (self.body, self.name);
        let outcome = tokio::spawn(async move {
            if tokio::time::timeout(TIME_LIMIT, body(subject))
                .await
                .is_err()
            {
                panic!("{sentence}: no answer within {TIME_LIMIT:?}");
            }
        });
        let outcome = outcome.await;
        fixture.clean_up().await;
        outcome
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.group, self.name)
    }
}

/// Returns all checks, for a program that runs them by itself.
///
/// ```
/// use storehouse_conformance::{Fixture, Mode, checks};
///
/// async fn broken_promises(fresh: impl AsyncFn() -> Box<dyn Fixture>) -> Vec<String> {
///     let mut broken = Vec::new();
///     for check in checks() {
///         if let Err(sentence) = check.outcome(&*fresh().await, Mode::Plain).await {
///             broken.push(format!("{check:?}: {sentence}"));
///         }
///     }
///     broken
/// }
/// ```
#[must_use]
pub fn checks() -> Vec<Check> {
    every_check!(list_checks, [])
}

/// Runs one check as a test; this is what [`suite!`](crate::suite!) writes for each of them.
///
/// # Panics
/// If the promise is broken, with a sentence that says which.
pub fn run<F, Fut>(mode: Mode, group: &str, check: &str, fixture: F)
where
    F: FnOnce() -> Fut,
    Fut: Future<Output: Fixture>,
{
    let wanted = |known: &Check| known.group == group && known.name == check;
    let check = checks().into_iter().find(wanted);
    let check = check.expect("suite! takes the names from the same table");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test needs a runtime");
    let outcome = runtime.block_on(async {
        let fixture = fixture().await;
        check.spawn(&fixture, mode).await
    });
    if let Err(error) = outcome {
        // It was printed where it happened; this only makes the test fail.
        std::panic::resume_unwind(error.into_panic());
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a sentence").to_owned()
}
