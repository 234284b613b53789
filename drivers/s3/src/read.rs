//! Reading: one GET, lazily, and another one from where it broke off. Nothing is fetched ahead of
//! the reader but what the connection holds.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, RANGE},
};
use storehouse_storage::{ByteRange, Entry, Error, ErrorKind, Name, OpenOptions, Reader, Result};

use crate::{
    bucket::Bucket,
    call::{Action, Answer, AnswerBody, Call, nonsense},
    client::{Body, TransportError},
    errors::{Attempt, Failure, Problem},
    headers,
    retry::Retry,
};

/// No object is larger (5 TiB), and some services read numbers beyond as something else.
const MAX_OFFSET: u64 = 1 << 50;

/// Asks for an object's headers.
pub(crate) async fn stat(bucket: &Bucket, name: &Name, key: &str) -> Result<Entry> {
    let answer = bucket.send(&Call::new(Action::HeadObject, key)).await?;
    has_etag(&answer)?;
    let size = length(&answer).ok_or_else(|| nonsense("it has no length"))?;
    Ok(headers::entry(name.clone(), size, &answer.headers))
}

/// Opens an object.
pub(crate) async fn open(
    bucket: &Arc<Bucket>,
    name: &Name,
    key: String,
    options: &OpenOptions,
) -> Result<Reader> {
    let mut call = Call::new(Action::GetObject, key);
    if let Some(asked) = &options.range {
        let Some(value) = range_header(asked) else {
            // It names no byte, so it only has to be told apart whether there is an object.
            let size = stat(bucket, name, &call.key).await?.size;
            asked.resolve(size)?;
            return Err(nonsense("a range of no bytes was taken"));
        };
        call = call.with_header("range", value);
    }
    let answer = match (bucket.send(&call).await, &options.range) {
        (Err(failure), Some(ByteRange::Suffix(_)))
            if failure.is(StatusCode::RANGE_NOT_SATISFIABLE) =>
        {
            whole_instead(bucket, &call, failure).await?
        }
        (answer, _) => answer?,
    };
    has_etag(&answer)?;
    let size = match total(&answer) {
        Some(size) => size,
        None => stat(bucket, name, &call.key).await?.size,
    };
    let range = extent(&answer, options.range.as_ref(), size)?;
    let entry = headers::entry(name.clone(), size, &answer.headers);
    let source = Source {
        bucket: Arc::clone(bucket),
        key: call.key,
        etag: answer.headers.get(ETAG).cloned(),
        retry: Retry::new(bucket.retry_timeout),
        left: range.clone(),
        body: coming(answer.body),
    };
    let blocks = stream::try_unfold(source, |mut source| async move {
        let block = source.next().await?;
        Ok(block.map(|block| (block, source)))
    });
    Ok(Reader::new(entry, range, blocks))
}

/// Asks for the whole of an object of which more was asked for than there is: RFC 9110, section 14.1.2,
/// gives the whole then, and some services refuse it. Nothing is there to give of an empty one.
async fn whole_instead(bucket: &Bucket, call: &Call, refused: Failure) -> Result<Answer> {
    let mut whole = call.clone();
    whole.headers.remove(RANGE);
    let answer = bucket.send(&whole).await?;
    match length(&answer) {
        Some(0) => Err(refused.into()),
        _ => Ok(answer),
    }
}

/// An object on its way.
struct Source {
    bucket: Arc<Bucket>,
    key: String,
    etag: Option<HeaderValue>,
    /// The attempts since the last block.
    retry: Retry,
    left: Range<u64>,
    body: Body,
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let problem = match self.body.next().await {
                Some(Ok(block)) => {
                    self.left.start += block.len() as u64;
                    self.retry = Retry::new(self.bucket.retry_timeout);
                    return Ok(Some(block));
                }
                _ if self.left.is_empty() => return Ok(None),
                Some(Err(error)) => error,
                None => TransportError::Broken("the content ended early".to_owned()),
            };
            self.resume(problem).await?;
        }
    }

    /// Asks for what is left, if it is still of the same object.
    async fn resume(&mut self, problem: TransportError) -> Result<()> {
        let attempt = Attempt::from(Problem::Transport(problem));
        let pause = self.retry.pause(Action::GetObject, &attempt);
        let (Some(pause), Some(etag)) = (pause, &self.etag) else {
            return Err(Failure {
                action: Action::GetObject,
                problem: attempt.problem,
                attempts: self.retry.attempts(),
                maybe_done: false,
            }
            .into());
        };
        tokio::time::sleep(pause).await;
        let range = ByteRange::Bounded(self.left.clone());
        let value = range_header(&range).ok_or_else(|| nonsense("nothing is left"))?;
        let condition = headers::etag_condition(&String::from_utf8_lossy(etag.as_bytes()))?;
        let call = Call::new(Action::GetObject, self.key.as_str())
            .with_header("range", value)
            .with_header("if-match", condition);
        let answer = match self.bucket.send(&call).await {
            Err(failure) if failure.is(StatusCode::PRECONDITION_FAILED) => {
                return Err(replaced().with_source(failure));
            }
            answer => answer?,
        };
        if answer.headers.get(ETAG) != Some(etag) {
            return Err(replaced());
        }
        let size = total(&answer).unwrap_or(self.left.end);
        extent(&answer, Some(&range), size)?;
        self.body = coming(answer.body);
        Ok(())
    }
}

/// Writes a range as a header; `None` if it has no byte.
fn range_header(range: &ByteRange) -> Option<HeaderValue> {
    let value = match range {
        ByteRange::From(start) => ByteRange::From(*start.min(&MAX_OFFSET)),
        ByteRange::Bounded(range) if range.is_empty() => return None,
        ByteRange::Bounded(range) => {
            ByteRange::Bounded(range.start.min(MAX_OFFSET)..range.end.min(MAX_OFFSET + 1))
        }
        ByteRange::Suffix(0) => return None,
        ByteRange::Suffix(count) => ByteRange::Suffix(*count.min(&MAX_OFFSET)),
    };
    HeaderValue::try_from(value.to_string()).ok()
}

/// Returns which bytes of the object come.
fn extent(answer: &Answer, asked: Option<&ByteRange>, size: u64) -> Result<Range<u64>> {
    let expected = match asked {
        Some(range) => range.resolve(size)?,
        None => 0..size,
    };
    let actual = match answer.status {
        StatusCode::PARTIAL_CONTENT => content_range(answer)
            .map(|(range, _)| range)
            .ok_or_else(|| nonsense("a part of an object without Content-Range"))?,
        _ => 0..size,
    };
    if actual != expected {
        return Err(nonsense(&format!(
            "bytes {expected:?} were asked for and {actual:?} came"
        )));
    }
    Ok(expected)
}

/// Returns the size of the whole object.
fn total(answer: &Answer) -> Option<u64> {
    match answer.status {
        StatusCode::PARTIAL_CONTENT => content_range(answer).map(|(_, size)| size),
        _ => length(answer),
    }
}

/// Reads `bytes 0-9/100`: RFC 9110, section 14.4.
fn content_range(answer: &Answer) -> Option<(Range<u64>, u64)> {
    let value = answer.header(CONTENT_RANGE.as_str())?;
    let (range, size) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    Some((first.parse().ok()?..end, size.parse().ok()?))
}

fn length(answer: &Answer) -> Option<u64> {
    answer.header(CONTENT_LENGTH.as_str())?.parse().ok()
}

/// Every object has one; the page of a login portal has none.
fn has_etag(answer: &Answer) -> Result<()> {
    match answer.headers.get(ETAG) {
        Some(_) => Ok(()),
        None => Err(nonsense("it has no ETag")),
    }
}

fn coming(body: AnswerBody) -> Body {
    match body {
        AnswerBody::Coming(body) => body,
        AnswerBody::Whole(bytes) => stream::iter([Ok(bytes)]).boxed(),
    }
}

fn replaced() -> Error {
    Error::new(
        ErrorKind::Integrity,
        "the object was replaced while it was read",
    )
    .with_retry(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_written_with_its_last_byte() {
        for (range, expected) in [
            (ByteRange::From(5), Some("bytes=5-")),
            (ByteRange::Bounded(0..1), Some("bytes=0-0")),
            (ByteRange::Suffix(3), Some("bytes=-3")),
            (ByteRange::Suffix(u64::MAX), Some("bytes=-1125899906842624")),
            (ByteRange::Suffix(0), None),
            (ByteRange::Bounded(5..5), None),
        ] {
            let value = range_header(&range);

            assert_eq!(
                value.as_ref().map(|value| value.to_str().unwrap()),
                expected
            );
        }
    }
}
