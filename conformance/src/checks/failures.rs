//! A save that fails, or whose future is dropped, leaves nothing of itself, and what was there
//! stays.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::atomic::Ordering,
    task::Poll,
};

use bytes::Bytes;
use storehouse_storage::{Content, ErrorKind, Name, SaveOptions, Target};

use crate::{
    samples::{IN_PARTS, SMALL, failing_after, one_pass, sample, watched},
    subject::{Subject, assert_kind, name},
};

pub(crate) async fn a_content_that_fails_leaves_nothing(subject: Subject) {
    fail_into_nothing(&subject, SMALL).await;
}

pub(crate) async fn a_large_content_that_fails_leaves_nothing(subject: Subject) {
    fail_into_nothing(&subject, IN_PARTS).await;
}

pub(crate) async fn a_replace_that_fails_keeps_what_is_there(subject: Subject) {
    fail_to_replace(&subject, SMALL).await;
}

pub(crate) async fn a_large_replace_that_fails_keeps_what_is_there(subject: Subject) {
    fail_to_replace(&subject, IN_PARTS).await;
}

pub(crate) async fn a_content_of_another_length_than_declared_leaves_nothing(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let bytes = sample(1, size);
        for declared in [0, 1, size - 1, size + 1, size * 2] {
            let file = name(&format!("{size}-{declared}.bin"));
            let content = one_pass(&bytes).with_length(declared as u64);
            let saved = subject.put(Target::Create(file.clone()), content).await;

            let why = format!("{declared} bytes were declared, {size} came");
            assert_kind(saved, ErrorKind::Content, &why);
            subject.storage.settle().await;
            subject.assert_nothing_at(&file, &why).await;
        }
    }
}

pub(crate) async fn a_failed_save_can_be_repeated(subject: Subject) {
    for size in [SMALL, IN_PARTS] {
        let (bytes, file) = (sample(1, size), name(&format!("{size}.bin")));
        let options = SaveOptions::default();
        let failing = failing_after(&bytes, size / 2);
        let failed = subject.storage.save(&file, failing, &options).await;
        assert_kind(failed, ErrorKind::Content, "its content fails");

        let saved = subject
            .storage
            .save(&file, one_pass(&bytes), &options)
            .await;

        assert_eq!(
            saved.expect("the name is free").name,
            file,
            "the name is free"
        );
        subject
            .assert_holds(&file, &bytes, "it was saved after a failure")
            .await;
    }
}

pub(crate) async fn a_dropped_save_leaves_nothing(subject: Subject) {
    drop_everywhere(&subject, SMALL, Growth::ByOne).await;
}

pub(crate) async fn a_dropped_large_save_leaves_nothing(subject: Subject) {
    drop_everywhere(&subject, IN_PARTS, Growth::Doubling).await;
}

pub(crate) async fn a_dropped_replace_leaves_the_old_or_the_new_content(subject: Subject) {
    for (size, growth) in [(SMALL, Growth::ByOne), (IN_PARTS, Growth::Doubling)] {
        let file = name(&format!("{size}.bin"));
        let (old, new) = (sample(1, size), sample(2, size));
        for polls in growth.polls() {
            let target = Target::Replace(file.clone());
            subject
                .put(target, old.clone())
                .await
                .expect("a replace takes any name");
            let target = Target::Replace(file.clone());
            let ended = after(polls, subject.put(target, one_pass(&new))).await;
            subject.storage.settle().await;

            let found = subject.read(&file).await;
            assert!(
                found == old || found == new,
                "dropped after {polls} polls: it is torn"
            );
            let told = subject.stat(&file).await.size;
            assert_eq!(
                told,
                found.len() as u64,
                "stat tells another size than is read"
            );
            if let Some(replaced) = ended {
                replaced.expect("a replace takes any name");
                assert!(found == new, "a replace that succeeded is not there");
                break;
            }
        }
        assert!(subject.names_in(None).await.contains(&file.to_string()));
    }
}

pub(crate) async fn a_name_is_free_after_a_dropped_save(subject: Subject) {
    for polls in [1, 2, 3, 5, 8, 13] {
        let (bytes, file) = (sample(1, SMALL), name(&format!("{polls}.bin")));
        let (content, taken) = watched(&bytes);
        let ended = after(polls, subject.put(Target::Create(file.clone()), content)).await;
        subject.storage.settle().await;
        if ended.is_some() || taken.load(Ordering::SeqCst) {
            // It may have been whole by then.
            subject
                .storage
                .delete(&file)
                .await
                .expect("nothing keeps it");
        }

        let saved = subject
            .put(Target::Create(file.clone()), bytes.clone())
            .await;

        saved.unwrap_or_else(|error| panic!("dropped after {polls} polls: {error}"));
        subject
            .assert_holds(&file, &bytes, "a save before it was dropped")
            .await;
    }
}

async fn fail_into_nothing(subject: &Subject, size: usize) {
    let bytes = sample(1, size);
    for given in [0, 1, size / 2, size - 1, size] {
        let file = name(&format!("folder/{given}.bin"));
        for content in contents_failing_after(&bytes, given) {
            let saved = subject.put(Target::Create(file.clone()), content).await;

            let why = format!("the content failed after {given} of {size} bytes");
            assert_kind(saved, ErrorKind::Content, &why);
            subject.storage.settle().await;
            subject.assert_nothing_at(&file, &why).await;
        }
    }
    assert_eq!(
        subject.names().await,
        [""; 0],
        "failed saves leave something"
    );
}

async fn fail_to_replace(subject: &Subject, size: usize) {
    let (old, new) = (sample(1, size), sample(2, size));
    let file = subject.create("file.bin", old.clone()).await;
    for given in [0, 1, size / 2, size] {
        let content = failing_after(&new, given);
        let saved = subject.put(Target::Replace(file.clone()), content).await;

        let why = format!("the content failed after {given} of {size} bytes");
        assert_kind(saved, ErrorKind::Content, &why);
        subject.storage.settle().await;
        subject.assert_holds(&file, &old, &why).await;
    }
    assert_eq!(
        subject.names().await,
        ["file.bin"],
        "failed replaces leave something"
    );
}

/// The same failure with and without a declared length, where it comes before the end.
fn contents_failing_after(bytes: &Bytes, given: usize) -> Vec<Content> {
    let mut contents = vec![failing_after(bytes, given)];
    if given < bytes.len() {
        contents.push(failing_after(bytes, given).with_length(bytes.len() as u64));
    }
    contents
}

/// Drops creates after 0, 1, 2, … polls until one of them ends before it is dropped.
async fn drop_everywhere(subject: &Subject, size: usize, growth: Growth) {
    let bytes = sample(1, size);
    let mut whole: Vec<Name> = Vec::new();
    for polls in growth.polls() {
        let file = name(&format!("folder/{polls}.bin"));
        let (content, taken) = watched(&bytes);
        let ended = after(polls, subject.put(Target::Create(file.clone()), content)).await;
        subject.storage.settle().await;

        if let Some(saved) = ended {
            saved.expect("the name is free");
            subject
                .assert_holds(&file, &bytes, "its save was not dropped")
                .await;
            whole.push(file);
            break;
        }
        // Once the storage has all of it, the answer may be lost on the way instead.
        if taken.load(Ordering::SeqCst) && subject.exists(&file).await {
            subject
                .assert_holds(&file, &bytes, "its save was dropped at the end")
                .await;
            whole.push(file);
        } else {
            let why = format!("its save was dropped after {polls} polls");
            subject.assert_nothing_at(&file, &why).await;
        }
    }
    let listed = subject.names().await;
    assert_eq!(
        listed.len(),
        whole.len(),
        "dropped saves leave something: {listed:?}"
    );
}

/// After how many polls a future is dropped, one try after the other.
#[derive(Clone, Copy)]
enum Growth {
    /// At every point there is.
    ByOne,
    /// At fewer points, where every try costs megabytes.
    Doubling,
}

impl Growth {
    fn polls(self) -> impl Iterator<Item = usize> {
        // Far more than any save needs; the loops end when a save does.
        (0..500).map(move |step| match self {
            Self::ByOne => step,
            Self::Doubling => (1_usize << step.min(40)) - 1,
        })
    }
}

/// Polls a future at most `polls` times, each time it is woken, and then drops it.
async fn after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Not woken once more: the drop comes while the storage waits.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
