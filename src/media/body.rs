//! The body of a request, block by block: how much of it may come and how slowly. What is in it is not
//! looked at.

use std::time::Duration;

use bytes::Bytes;
use futures::{
    StreamExt, future,
    stream::{self, BoxStream},
};
use tokio::time::{Instant, timeout};

use super::{error::UploadError, limits::UploadLimits};

/// What a body gives, whatever the framework calls its errors.
pub(super) type Blocks =
    BoxStream<'static, Result<Bytes, Box<dyn std::error::Error + Send + Sync>>>;

/// The data of a body; what is no data is left out.
pub(super) fn of_http_body<B>(body: B) -> Blocks
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut body = Box::pin(body);
    let frames = stream::poll_fn(move |cx| body.as_mut().poll_frame(cx));
    let data = frames.filter_map(|frame| {
        future::ready(match frame {
            Ok(frame) => frame.into_data().ok().map(Ok),
            Err(error) => Some(Err(error.into())),
        })
    });
    data.boxed()
}

/// A body and what it has cost so far.
pub(super) struct Body {
    blocks: Blocks,
    /// `Content-Length`.
    declared: Option<u64>,
    received: u64,
    waited: Duration,
    max_bytes: Option<u64>,
    max_wait: Duration,
    min_bytes_per_second: u32,
    progress: Progress,
}

/// How far a body has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nobody has asked for a byte. A client that wants to be asked has sent none.
    Untouched,
    /// There may be more.
    Begun,
    /// All of it came, or it broke off, or too little came for too long.
    Over,
}

impl Body {
    /// Takes a body of `declared` bytes.
    pub(super) fn new(blocks: Blocks, declared: Option<u64>, limits: &UploadLimits) -> Self {
        Self {
            blocks,
            declared,
            received: 0,
            waited: Duration::ZERO,
            max_bytes: limits.max_request_bytes,
            max_wait: limits.max_wait,
            min_bytes_per_second: limits.min_bytes_per_second,
            progress: Progress::Untouched,
        }
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// What has not been read of it.
    pub(super) fn into_rest(self) -> Blocks {
        self.blocks
    }

    /// Refuses a body that says that it is too long, before it is read.
    pub(super) fn check_declared(&self) -> Result<(), UploadError> {
        self.check_size(self.declared.unwrap_or_default())
    }

    /// Waits for the next block; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, UploadError> {
        let began = Instant::now();
        self.progress = Progress::Begun;
        let Ok(block) = timeout(self.patience(), self.blocks.next()).await else {
            self.progress = Progress::Over;
            return Err(UploadError::TimedOut {
                received: self.received,
            });
        };
        self.waited += began.elapsed();
        if !matches!(block, Some(Ok(_))) {
            self.progress = Progress::Over;
        }
        match block {
            Some(Ok(block)) => {
                self.received += block.len() as u64;
                self.check_size(self.received)?;
                self.check_length(
                    self.declared
                        .is_some_and(|declared| self.received > declared),
                )?;
                Ok(Some(block))
            }
            Some(Err(cause)) => Err(UploadError::Body(cause)),
            None => {
                self.check_length(
                    self.declared
                        .is_some_and(|declared| self.received < declared),
                )?;
                Ok(None)
            }
        }
    }

    /// How long the next block may keep us waiting. Only waiting for the client counts, not what a storage
    /// takes.
    fn patience(&self) -> Duration {
        let Some(seconds) = self
            .received
            .checked_div(u64::from(self.min_bytes_per_second))
        else {
            return self.max_wait;
        };
        let earned = self.max_wait.saturating_add(Duration::from_secs(seconds));
        earned.saturating_sub(self.waited).min(self.max_wait)
    }

    fn check_size(&self, bytes: u64) -> Result<(), UploadError> {
        match self.max_bytes {
            Some(max) if bytes > max => {
                let problem = format!("the request has more than the {max} bytes that it may have");
                Err(UploadError::TooLarge(problem))
            }
            _ => Ok(()),
        }
    }

    fn check_length(&self, is_wrong: bool) -> Result<(), UploadError> {
        match (is_wrong, self.declared) {
            (true, Some(declared)) => Err(UploadError::Malformed(format!(
                "{} bytes came, and Content-Length says {declared}",
                self.received
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that brings `bytes` bytes every `pause`.
    fn dripping(bytes: usize, pause: Duration, limits: &UploadLimits) -> Body {
        let blocks = stream::repeat(()).then(move |()| async move {
            tokio::time::sleep(pause).await;
            Ok(Bytes::from(vec![b'x'; bytes]))
        });
        Body::new(blocks.boxed(), None, limits)
    }

    /// How long a body is read until it is given up, in seconds; at most an hour.
    async fn given_up_after(mut body: Body) -> Option<u64> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3600) {
            match body.next().await {
                Ok(_) => {}
                Err(UploadError::TimedOut { .. }) => return Some(began.elapsed().as_secs()),
                Err(other) => panic!("{other}"),
            }
        }
        None
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_slow_is_given_up() {
        let second = Duration::from_secs(1);
        let limits = UploadLimits::default();
        let patient = limits.clone().with_max_wait(30 * second, 0);
        for (case, bytes, pause, limits, expected) in [
            ("silent", 0, 40 * second, &limits, Some(30)),
            ("a byte a second", 1, second, &limits, Some(30)),
            ("600 bytes a second", 600, second, &limits, None),
            (
                "much, then silence",
                10_000_000,
                40 * second,
                &limits,
                Some(30),
            ),
            (
                "a byte a second, and we are patient",
                1,
                second,
                &patient,
                None,
            ),
            (
                "silent, and we are patient",
                1,
                40 * second,
                &patient,
                Some(30),
            ),
        ] {
            assert_eq!(
                given_up_after(dripping(bytes, pause, limits)).await,
                expected,
                "{case}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_storage_takes_is_not_the_client_s_fault() {
        let mut body = dripping(1, Duration::from_millis(10), &UploadLimits::default());
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(20)).await;

            assert!(body.next().await.unwrap().is_some());
        }
    }

    #[tokio::test]
    async fn a_body_has_the_length_that_it_declares() {
        let limits = UploadLimits::default();
        for (declared, is_right) in [
            (None, true),
            (Some(6), true),
            (Some(5), false),
            (Some(7), false),
        ] {
            let blocks = stream::iter(["abc", "def"]).map(|block| Ok(Bytes::from(block)));
            let mut body = Body::new(blocks.boxed(), declared, &limits);
            let read = async {
                while body.next().await?.is_some() {}
                Ok::<_, UploadError>(())
            }
            .await;

            assert_eq!(read.is_ok(), is_right, "{declared:?}");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_before_it_is_read() {
        let limits = UploadLimits::default().with_max_request_bytes(5);

        let body = Body::new(stream::pending().boxed(), Some(6), &limits);

        let refused = body.check_declared();

        assert!(matches!(refused, Err(UploadError::TooLarge(_))));
        assert_eq!(body.progress(), Progress::Untouched);
    }
}
