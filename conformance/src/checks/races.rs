//! What holds when several tasks do things at once: nothing lost, nothing overwritten, nothing
//! mixed.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::future::join_all;
use storehouse_storage::{ErrorKind, Name, SaveOptions, StorageExt, Target};

use crate::{
    samples::{IN_PARTS, SMALL, sample, version_of},
    subject::{Subject, name},
};

pub(crate) async fn fifty_saves_of_one_name_get_fifty_names(subject: Subject) {
    save_at_once(&subject, 50, SMALL).await;
}

pub(crate) async fn eight_large_saves_of_one_name_get_eight_names(subject: Subject) {
    save_at_once(&subject, 8, IN_PARTS).await;
}

pub(crate) async fn one_of_fifty_creates_of_one_name_wins(subject: Subject) {
    create_at_once(&subject, 50, SMALL).await;
}

pub(crate) async fn one_of_eight_large_creates_of_one_name_wins(subject: Subject) {
    create_at_once(&subject, 8, IN_PARTS).await;
}

pub(crate) async fn readers_see_whole_versions_while_an_object_is_replaced(subject: Subject) {
    replace_while_read(subject, 40, [64 * 1024, SMALL]).await;
}

pub(crate) async fn readers_see_whole_versions_while_a_large_object_is_replaced(subject: Subject) {
    replace_while_read(subject, 6, [IN_PARTS, IN_PARTS + 4096]).await;
}

pub(crate) async fn the_last_of_many_replaces_is_whole(subject: Subject) {
    for (count, size) in [(20, SMALL), (4, IN_PARTS)] {
        let file = name(&format!("{size}.bin"));
        let replaces = (0..count).map(|version| {
            let (subject, file) = (subject.clone(), file.clone());
            tokio::spawn(async move {
                let replaced = subject
                    .put(Target::Replace(file), sample(version, size))
                    .await;
                replaced.expect("a replace takes any name");
            })
        });
        finished(join_all(replaces).await);

        let found = subject.read(&file).await;
        assert!(
            version_of(&found, &[size]).is_some(),
            "replaces at once were mixed"
        );
        let told = subject.stat(&file).await.size;
        assert_eq!(told, size as u64, "stat tells another size than is read");
    }
    assert_eq!(
        subject.names().await.len(),
        2,
        "replaces at once leave something"
    );
}

pub(crate) async fn deletes_of_one_name_at_once_all_succeed(subject: Subject) {
    let file = subject.create("folder/file.txt", "content").await;

    let deletes = (0..20).map(|_| {
        let (subject, file) = (subject.clone(), file.clone());
        tokio::spawn(async move {
            let deleted = subject.storage.delete(&file).await;
            deleted.expect("what is gone already is deleted");
        })
    });
    finished(join_all(deletes).await);

    subject.assert_nothing_at(&file, "it was deleted").await;
}

pub(crate) async fn saves_and_deletes_at_once_leave_the_folder_usable(subject: Subject) {
    let tasks = (0..16).map(|number| {
        let subject = subject.clone();
        tokio::spawn(async move {
            for round in 0..5 {
                let text = format!("one/folder/{number}-{round}.bin");
                let file = subject.create(&text, sample(number, SMALL)).await;
                subject
                    .storage
                    .delete(&file)
                    .await
                    .expect("it was just saved");
            }
        })
    });
    finished(join_all(tasks).await);

    assert_eq!(subject.names().await, [""; 0], "what was deleted is listed");
    subject.create("one/folder/last.txt", "content").await;
}

async fn save_at_once(subject: &Subject, count: u64, size: usize) {
    let saves = (0..count).map(|version| {
        let subject = subject.clone();
        tokio::spawn(async move {
            let options = SaveOptions::default().with_overwrite(false);
            let content = sample(version, size).into();
            let saved = subject
                .storage
                .save(&name("file.bin"), content, &options)
                .await;
            (
                version,
                saved
                    .expect("bytes can be sent again under another name")
                    .name,
            )
        })
    });
    let saved = finished(join_all(saves).await);

    let names: BTreeSet<&Name> = saved.iter().map(|(_, name)| name).collect();
    assert_eq!(names.len(), saved.len(), "two saves were given one name");
    assert!(
        names.contains(&name("file.bin")),
        "nobody got the free name"
    );
    for (version, name) in &saved {
        subject
            .assert_holds(name, &sample(*version, size), "its save succeeded")
            .await;
    }
    let listed = subject.names().await;
    assert_eq!(listed.len(), saved.len(), "there is more than was saved");
}

async fn create_at_once(subject: &Subject, count: u64, size: usize) {
    let file = name("file.bin");
    let creates = (0..count).map(|version| {
        let (subject, file) = (subject.clone(), file.clone());
        tokio::spawn(async move {
            match subject
                .put(Target::Create(file), sample(version, size))
                .await
            {
                Ok(_) => Some(version),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
                    None
                }
            }
        })
    });
    let created = finished(join_all(creates).await);

    let winners: Vec<u64> = created.into_iter().flatten().collect();
    assert_eq!(
        winners.len(),
        1,
        "of {count} creates at once exactly one wins"
    );
    subject.storage.settle().await;
    let expected = sample(winners[0], size);
    subject
        .assert_holds(&file, &expected, "its create won")
        .await;
    assert_eq!(
        subject.names().await,
        ["file.bin"],
        "the others leave something"
    );
}

/// Replaces an object `rounds` times while four tasks read it again and again.
async fn replace_while_read(subject: Subject, rounds: u64, sizes: [usize; 2]) {
    let file = subject.create("file.bin", sample(0, sizes[0])).await;
    let over = Arc::new(AtomicBool::new(false));
    let readers = (0..4).map(|_| {
        let (subject, file, over) = (subject.clone(), file.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut whole = 0;
            while !over.load(Ordering::SeqCst) || whole == 0 {
                match subject.storage.read(&file).await {
                    Ok(found) => {
                        let version = version_of(&found, &sizes);
                        assert!(version.is_some(), "a reader saw a torn or mixed content");
                        whole += 1;
                    }
                    // A reader may fail when its object is replaced, but there is always one.
                    Err(error) => assert_ne!(error.kind(), ErrorKind::NotFound, "{error}"),
                }
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for version in 1..=rounds {
        let size = sizes[usize::from(version % 2 == 1)];
        let content = sample(version, size);
        let replaced = subject.put(Target::Replace(file.clone()), content).await;
        replaced.expect("a replace takes any name");
    }
    over.store(true, Ordering::SeqCst);
    finished(join_all(readers).await);

    let last = sample(rounds, sizes[usize::from(rounds % 2 == 1)]);
    subject
        .assert_holds(&file, &last, "it was replaced last")
        .await;
}

/// Passes on what the tasks found, or the panic of one of them.
fn finished<T>(tasks: Vec<Result<T, tokio::task::JoinError>>) -> Vec<T> {
    let task = |task: Result<T, tokio::task::JoinError>| match task {
        Ok(found) => found,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    tasks.into_iter().map(task).collect()
}
