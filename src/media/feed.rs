//! A content that is saved while it arrives: what is fed here comes out of the [`Content`] there. It
//! holds one block.

use bytes::Bytes;
use futures::stream;
use storehouse_storage::Content;
use tokio::sync::mpsc;

enum Item {
    Block(Bytes),
    End,
}

/// Where the blocks go in. Dropped before [`end`](Self::end), it makes the content fail: a save of half
/// a file must not look like one of the whole.
pub(super) struct Feed(mpsc::Sender<Item>);

/// The storage reads no more.
#[derive(Debug)]
pub(super) struct Closed;

/// Makes a content and its feed.
pub(super) fn feed() -> (Feed, Content) {
    let (sender, receiver) = mpsc::channel(1);
    let blocks = stream::try_unfold(receiver, |mut receiver| async move {
        match receiver.recv().await {
            Some(Item::Block(block)) => Ok(Some((block, receiver))),
            Some(Item::End) => Ok(None),
            None => Err("the upload was given up"),
        }
    });
    (Feed(sender), Content::from_stream(blocks))
}

impl Feed {
    /// Waits until the block before was taken.
    pub(super) async fn send(&self, block: Bytes) -> Result<(), Closed> {
        self.0.send(Item::Block(block)).await.map_err(|_| Closed)
    }

    /// Says that the content is whole.
    pub(super) async fn end(self) -> Result<(), Closed> {
        self.0.send(Item::End).await.map_err(|_| Closed)
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn a_feed_that_is_dropped_makes_no_whole_content() {
        let (given_up, cut) = feed();
        let (whole, content) = feed();
        let fed = async move {
            given_up.send(Bytes::from("ha")).await.unwrap();
            drop(given_up);
            whole.send(Bytes::from("whole")).await.unwrap();
            whole.end().await.unwrap();
        };
        let read = async {
            (
                cut.try_collect::<Vec<_>>().await,
                content.try_collect::<Vec<_>>().await,
            )
        };

        let ((), (cut, content)) = futures::join!(fed, read);

        assert!(cut.unwrap_err().to_string().contains("given up"));
        assert_eq!(content.unwrap(), ["whole"]);
    }

    #[tokio::test]
    async fn a_feed_notices_that_nobody_reads() {
        let (feed, content) = feed();
        drop(content);

        assert!(feed.send(Bytes::from("x")).await.is_err());
    }
}
