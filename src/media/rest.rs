//! What is still to come of a form that is not taken. A server that closes a connection while its client
//! sends resets it, and with that go the answer's bytes that the client has not read: browsers say that the
//! connection was reset, and nobody hears that the file was too large. So it is read on for a while and
//! thrown away, as nginx does with its `lingering_close`.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use http::{HeaderMap, header::EXPECT};
use tokio::{sync::Semaphore, task::yield_now, time::timeout};

use super::body::{Blocks, Body, Progress};

/// How long it is read at most: nginx's `lingering_time`.
const TIME: Duration = Duration::from_secs(30);
/// How long it may be silent: nginx's `lingering_timeout`.
const SILENCE: Duration = Duration::from_secs(5);

/// How many are read at once. Each may fill a server's buffer for a connection, hyper's of 400 KiB; where
/// uploads are refused because there are too many, that is not to be what there is too much of.
pub(super) const PLACES: usize = 64;

/// Reads the rest of a body in a task of its own, so that the answer does not wait for it, if one of the
/// `places` is free.
pub(super) fn throw_away(headers: &HeaderMap, body: Body, places: &Arc<Semaphore>) {
    let is_coming = match body.progress() {
        // To read would be to say that it may be sent.
        Progress::Untouched => !waits_to_be_asked(headers),
        Progress::Begun => true,
        Progress::Over => false,
    };
    if !is_coming {
        return;
    }
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        tokio::spawn(async move {
            let _place = place;
            // However it ends: the answer was given.
            let _ = timeout(TIME, read_to_end(body.into_rest())).await;
        });
    }
}

async fn read_to_end(mut blocks: Blocks) {
    while let Ok(Some(Ok(_))) = timeout(SILENCE, blocks.next()).await {
        // A body that always has more ready would keep a thread for itself, and no end would be seen.
        yield_now().await;
    }
}

/// RFC 9110, section 10.1.1.
fn waits_to_be_asked(headers: &HeaderMap) -> bool {
    headers
        .get_all(EXPECT)
        .iter()
        .any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use bytes::Bytes;
    use futures::stream;
    use http::HeaderValue;
    use tokio::time::Instant;

    use super::*;
    use crate::media::UploadLimits;

    /// A body of `blocks` blocks, one each `pause`, and how many of them were asked for.
    fn body(blocks: usize, pause: Duration) -> (Body, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&asked);
        let blocks = stream::iter(0..blocks).then(move |_| {
            counting.fetch_add(1, Relaxed);
            async move {
                tokio::time::sleep(pause).await;
                Ok(Bytes::from("x"))
            }
        });
        let body = Body::new(blocks.boxed(), None, &UploadLimits::default());
        (body, asked)
    }

    /// Waits until nobody holds the body; returns how many blocks were asked for, and after how long.
    async fn thrown_away(asked: &Arc<AtomicUsize>) -> (usize, Duration) {
        let began = Instant::now();
        while Arc::strong_count(asked) > 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        (asked.load(Relaxed), began.elapsed())
    }

    fn places(count: usize) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(count))
    }

    fn headers(expect: Option<&'static str>) -> HeaderMap {
        let expect = expect.map(|value| (EXPECT, HeaderValue::from_static(value)));
        expect.into_iter().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_is_read_and_who_waits_is_not_asked() {
        let second = Duration::from_secs(1);
        for (expect, read_before, expected) in [
            (None, 0, 3),
            (None, 1, 3),
            (None, 4, 3),
            (Some("100-continue"), 0, 0),
            (Some("100-Continue"), 0, 0),
            // It was asked, and sends.
            (Some("100-continue"), 1, 3),
            (Some("something-else"), 0, 3),
        ] {
            let (mut body, asked) = body(3, second);
            for _ in 0..read_before {
                body.next().await.unwrap();
            }

            throw_away(&headers(expect), body, &places(1));

            let (count, _) = thrown_away(&asked).await;
            assert_eq!(count, expected, "{expect:?} after {read_before}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_read_for_so_long_and_no_longer() {
        for (case, pause, blocks, seconds) in [
            ("an end", 1, 3, 3),
            ("a body without end", 1, usize::MAX, 30),
            ("silence", 3600, 1, 5),
        ] {
            let (body, asked) = body(blocks, Duration::from_secs(pause));

            throw_away(&headers(None), body, &places(1));

            let (_, after) = thrown_away(&asked).await;
            assert_eq!(after.as_secs(), seconds, "{case}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_are_read_at_once() {
        let places = places(1);
        let second = Duration::from_secs(1);
        let ((first, of_first), (second, of_second)) = (body(3, second), body(3, second));

        throw_away(&headers(None), first, &places);
        throw_away(&headers(None), second, &places);

        assert_eq!(thrown_away(&of_second).await, (0, Duration::ZERO));
        assert_eq!(thrown_away(&of_first).await.0, 3);
        let (third, of_third) = body(3, Duration::from_secs(1));
        throw_away(&headers(None), third, &places);
        assert_eq!(thrown_away(&of_third).await.0, 3);
    }

    #[tokio::test]
    async fn a_body_that_always_has_more_holds_nobody_up() {
        let endless = stream::repeat_with(|| Ok(Bytes::from("x"))).boxed();

        let endless = Body::new(endless, None, &UploadLimits::default());
        throw_away(&headers(None), endless, &places(1));

        // On the same thread as this test.
        for _ in 0..10 {
            yield_now().await;
        }
    }
}
