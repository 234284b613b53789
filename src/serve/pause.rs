//! When something is looked at again: after a pause, and by one of those who ask.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// A look at something, and when it is time for the next.
#[derive(Debug)]
pub(super) struct Look {
    first: Instant,
    pause: Duration,
    /// The latest look, in milliseconds from the first.
    latest: AtomicU64,
}

impl Look {
    /// Takes now for the first look.
    pub(super) fn new(pause: Duration) -> Self {
        Self {
            first: Instant::now(),
            pause,
            latest: AtomicU64::new(0),
        }
    }

    /// Returns whether it is time to look again. Only one of those who ask meanwhile is told so.
    pub(super) fn is_due(&self) -> bool {
        let now = self.first.elapsed();
        let latest = self.latest.load(Ordering::Relaxed);
        let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        now.saturating_sub(Duration::from_millis(latest)) >= self.pause
            && self
                .latest
                .compare_exchange(latest, millis, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_those_who_ask_looks_again_and_not_before_the_pause_is_over() {
        // Longer than a test may be held up, and no more: where an `Instant` counts from the start of
        // the system, as on Windows, none is from before it.
        let minute = Duration::from_secs(60);
        let ago = |time| Instant::now().checked_sub(time).unwrap();
        for (case, first, expected) in [
            ("now", Instant::now(), [false, false]),
            ("a while ago", ago(minute / 2), [false, false]),
            ("a pause ago", ago(minute), [true, false]),
        ] {
            let look = Look {
                first,
                ..Look::new(minute)
            };

            assert_eq!([look.is_due(), look.is_due()], expected, "{case}");
        }
    }

    #[test]
    fn without_a_pause_it_is_always_time() {
        let look = Look::new(Duration::ZERO);

        assert!(look.is_due() && look.is_due());
    }
}
