//! Whether a request is sent again, and when: exponential backoff with jitter, inside a total time.
//! It sends nothing and sleeps nowhere.

use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use crate::{
    call::Action,
    client::TransportError,
    errors::{Attempt, Problem},
    refusal::Refusal,
};

/// The pause before the second attempt; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// An endpoint that nobody listens on is most often a mistake, and told within five seconds.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// How often a write that MinIO denies is tried: what is really denied costs half a second.
const DENIED_ATTEMPTS: u32 = 4;

/// The attempts of one request.
#[derive(Debug)]
pub(crate) struct Retry {
    start: Instant,
    timeout: Duration,
    attempts: u32,
    maybe_done: bool,
}

impl Retry {
    /// Starts the clock before the first attempt.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            start: Instant::now(),
            timeout,
            attempts: 0,
            maybe_done: false,
        }
    }

    /// Returns how long to wait before the next attempt; `None` if there is to be none.
    pub(crate) fn pause(&mut self, action: Action, attempt: &Attempt) -> Option<Duration> {
        self.attempts += 1;
        let worth_it = match &attempt.problem {
            Problem::Refused(refusal) if refusal.may_be_minios_race() => {
                is_write(action) && self.attempts < DENIED_ATTEMPTS
            }
            Problem::Refused(refusal) => is_passing(refusal, action),
            Problem::Transport(TransportError::Connect(_)) => {
                self.start.elapsed() < CONNECT_PATIENCE
            }
            Problem::Transport(TransportError::Tls(_) | TransportError::TooLong(_)) => false,
            Problem::Transport(_) => true,
            Problem::Unsent(_) | Problem::Nonsense(_) => false,
        };
        let pause = self.backoff().max(attempt.retry_after.unwrap_or_default());
        let in_time = self.start.elapsed() + pause < self.timeout;
        let again = worth_it && in_time;
        // The last attempt's own problem is what the caller sees; this is about those before it, and
        // about a last one that has no answer.
        self.maybe_done |= is_unanswered(&attempt.problem);
        again.then_some(pause)
    }

    /// Returns how many attempts there were.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns whether an attempt may have succeeded without our knowing.
    pub(crate) fn maybe_done(&self) -> bool {
        self.maybe_done
    }

    /// Between a half and the whole of a time that doubles, so that many clients do not come at once.
    fn backoff(&self) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << self.attempts.saturating_sub(1).min(16));
        let most = doubled.min(LONGEST_PAUSE);
        // No random numbers: no jitter.
        let random = getrandom::u32().unwrap_or(u32::MAX);
        most.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
    }
}

/// Whether the server may have done what was asked, for all that is known.
fn is_unanswered(problem: &Problem) -> bool {
    match problem {
        // A gateway may say so after the service has done it.
        Problem::Refused(refusal) => refusal.status.is_server_error(),
        Problem::Transport(error) => error.maybe_sent(),
        Problem::Unsent(_) | Problem::Nonsense(_) => false,
    }
}

fn is_write(action: Action) -> bool {
    matches!(
        action,
        Action::PutObject
            | Action::CopyObject
            | Action::CreateUpload
            | Action::UploadPart
            | Action::CopyPart
            | Action::CompleteUpload
    )
}

/// Whether a refusal may pass.
fn is_passing(refusal: &Refusal, action: Action) -> bool {
    match refusal.status {
        StatusCode::NOT_IMPLEMENTED | StatusCode::INSUFFICIENT_STORAGE => false,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => true,
        // Two writers met and neither won, so nobody has taken the name. An upload that meets this
        // when it is completed is over: the API reference asks to begin another.
        StatusCode::CONFLICT => {
            action != Action::CompleteUpload
                && matches!(
                    refusal.code.as_str(),
                    "ConditionalRequestConflict" | "OperationAborted"
                )
        }
        StatusCode::BAD_REQUEST => refusal.code == "RequestTimeout",
        status => status.is_server_error() && refusal.code != "XMinioStorageFull",
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn refused(status: u16, code: &str) -> Attempt {
        let document = format!("<Error><Code>{code}</Code></Error>");
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = Refusal::new(status, &HeaderMap::new(), document.as_bytes());
        Problem::Refused(Box::new(refusal)).into()
    }

    fn is_sent_again(action: Action, attempt: &Attempt) -> bool {
        Retry::new(Duration::from_secs(60))
            .pause(action, attempt)
            .is_some()
    }

    #[tokio::test]
    async fn a_write_that_minio_denies_is_tried_a_few_times() {
        let document = b"<Error><Code>AccessDenied</Code></Error>";
        let mut headers = HeaderMap::new();
        let denied = |headers: &HeaderMap| -> Attempt {
            let refusal = Refusal::new(StatusCode::FORBIDDEN, headers, document);
            Problem::Refused(Box::new(refusal)).into()
        };
        assert!(!is_sent_again(Action::PutObject, &denied(&headers)));

        headers.insert("server", "MinIO".parse().unwrap());
        let mut retry = Retry::new(Duration::from_secs(60));
        let attempt = denied(&headers);
        let pauses = std::iter::from_fn(|| retry.pause(Action::PutObject, &attempt)).count();

        assert_eq!(pauses, 3);
        assert!(!is_sent_again(Action::GetObject, &attempt));
    }

    #[tokio::test]
    async fn only_what_may_pass_is_sent_again() {
        for (status, code, action, expected) in [
            (500, "InternalError", Action::PutObject, true),
            (503, "SlowDown", Action::PutObject, true),
            (429, "", Action::GetObject, true),
            (400, "RequestTimeout", Action::PutObject, true),
            (409, "ConditionalRequestConflict", Action::PutObject, true),
            (
                409,
                "ConditionalRequestConflict",
                Action::CompleteUpload,
                false,
            ),
            (409, "BucketAlreadyExists", Action::PutObject, false),
            (400, "InvalidRequest", Action::PutObject, false),
            (403, "AccessDenied", Action::GetObject, false),
            (404, "NoSuchKey", Action::GetObject, false),
            (412, "PreconditionFailed", Action::PutObject, false),
            (501, "NotImplemented", Action::PutObject, false),
            (507, "XMinioStorageFull", Action::PutObject, false),
        ] {
            assert_eq!(
                is_sent_again(action, &refused(status, code)),
                expected,
                "{status} {code}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_end_with_the_time_limit() {
        let mut retry = Retry::new(Duration::from_secs(30));
        let mut pauses = Vec::new();
        while let Some(pause) = retry.pause(Action::GetObject, &refused(503, "SlowDown")) {
            tokio::time::advance(pause).await;
            pauses.push(pause);
        }

        assert!(retry.start.elapsed() < Duration::from_secs(30));
        assert!(pauses.len() > 6, "{pauses:?}");
        assert!(pauses[0] <= FIRST_PAUSE && pauses[0] >= FIRST_PAUSE / 2);
        assert!(
            pauses.windows(2).all(|pair| pair[1] * 2 > pair[0]),
            "{pauses:?}"
        );
        assert!(pauses.last() > Some(&Duration::from_secs(2)), "{pauses:?}");
    }

    #[tokio::test]
    async fn the_service_can_ask_for_a_longer_pause() {
        let mut attempt = refused(429, "");
        attempt.retry_after = Some(Duration::from_secs(2));

        let pause = Retry::new(Duration::from_secs(60)).pause(Action::GetObject, &attempt);

        assert!(pause >= Some(Duration::from_secs(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_listening_is_told_within_seconds() {
        let attempt = Problem::Transport(TransportError::Connect("refused".to_owned())).into();
        let mut retry = Retry::new(Duration::from_secs(600));
        while let Some(pause) = retry.pause(Action::GetObject, &attempt) {
            tokio::time::advance(pause).await;
        }

        assert!(retry.start.elapsed() < Duration::from_secs(5));
        assert!(!retry.maybe_done());
    }

    #[tokio::test]
    async fn only_a_lost_answer_leaves_a_doubt() {
        for (case, attempt, expected) in [
            ("gateway", refused(502, ""), true),
            ("clash", refused(412, "PreconditionFailed"), false),
            (
                "broken",
                Problem::Transport(TransportError::Broken("reset".to_owned())).into(),
                true,
            ),
        ] {
            let mut retry = Retry::new(Duration::from_secs(60));
            retry.pause(Action::PutObject, &attempt);

            assert_eq!(retry.maybe_done(), expected, "{case}");
        }
    }
}
