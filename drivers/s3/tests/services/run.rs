//! Runs checks on a service, several at once, each in a bucket of its own.

use std::{any::Any, panic, sync::Arc, thread};

use futures::{StreamExt, stream};
use storehouse_conformance::{Check, Mode};
use storehouse_test_support::services::{Service, gaps::Outcome};
use tokio::{runtime, task};

use crate::subject::InABucket;

/// Checks at once. Services wait for the disk more than they compute.
const AT_ONCE: usize = 4;

/// Some services answer 500 where there is no hope, such as for a name below a file. The driver's
/// default, a minute for each of these, would be half of a run.
const PATIENCE: [(&str, &str); 1] = [("retry_timeout", "10")];

/// The name of the threads that checks run on.
const THREADS: &str = "check";

/// A sentence with the bytes of two files in it is not read to its end.
const MAX_CHARACTERS: usize = 2_000;

/// Keeps panics of checks from being printed: each comes back as an outcome, and many are known.
pub(crate) fn silence_checks() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if thread::current().name() != Some(THREADS) {
            print(panic);
        }
    }));
}

/// Runs each check in both modes.
pub(crate) fn outcomes(service: &Arc<Service>, checks: &[Check]) -> Vec<Outcome> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(AT_ONCE)
        .thread_name(THREADS)
        .enable_all()
        .build()
        .unwrap();
    let jobs = checks
        .iter()
        .flat_map(|check| [Mode::Plain, Mode::Prefixed].map(|mode| (*check, mode)));
    let outcomes = stream::iter(jobs)
        .map(|(check, mode)| outcome(service, check, mode))
        .buffered(AT_ONCE)
        .collect();
    runtime.block_on(outcomes)
}

async fn outcome(service: &Arc<Service>, check: Check, mode: Mode) -> Outcome {
    let broken = broken(service, check, mode).await.err();
    Outcome {
        check: check.name(),
        mode: match mode {
            Mode::Plain => "plain",
            Mode::Prefixed => "prefixed",
        },
        broken: broken.map(|sentence| sentence.chars().take(MAX_CHARACTERS).collect()),
    }
}

async fn broken(service: &Arc<Service>, check: Check, mode: Mode) -> Result<(), String> {
    let service = Arc::clone(service);
    let made = task::spawn_blocking(move || Arc::new(service.bucket("conformance"))).await;
    let bucket = made.map_err(|error| said(error.into_panic().as_ref()))?;

    let outcome = check
        .outcome(&InABucket::new(Arc::clone(&bucket), &PATIENCE), mode)
        .await;

    // It is emptied, which blocks.
    task::spawn_blocking(|| drop(bucket)).await.unwrap();
    outcome
}

/// Why there is no bucket.
fn said(panic: &(dyn Any + Send)) -> String {
    let sentence = panic.downcast_ref::<String>();
    sentence.map_or_else(|| "no bucket".into(), Clone::clone)
}
