//! A save that is given up over an object that is there already, a hundred times at other moments.
//! The contract's checks drop saves of free names; here the object of somebody else is at stake.

use std::{sync::Arc, time::Duration};

use storehouse_storage::Storage;
use storehouse_test_support::{Action, Proxy, services::Service};
use tokio::{runtime, task, time};

use crate::fixture::{self, name, save};

const TIMES: u64 = 100;
/// How long each request is held back, so that a save has moments to be dropped at.
const DELAY: Duration = Duration::from_millis(20);
const THEIRS: &[u8] = b"theirs";

/// Drops saves under a name that is taken, each by a storage that knows nothing of the service yet
/// and by one that has found out what it keeps. Returns how often the object stayed as it was.
pub(crate) fn how_often_the_object_stays(service: &Arc<Service>) -> (u64, u64) {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let stayed = runtime.unwrap().block_on(drop_saves(Arc::clone(service)));
    (stayed, TIMES)
}

async fn drop_saves(service: Arc<Service>) -> u64 {
    let made = task::spawn_blocking(move || {
        let bucket = service.bucket("dropped");
        let proxy = Proxy::start(service.endpoint());
        proxy.when_times(usize::MAX, |_| true, Action::Delay(DELAY));
        (bucket, proxy)
    });
    let (bucket, proxy) = made.await.unwrap();
    let open = || fixture::opened(&bucket, &proxy.endpoint(), &[]);
    let knows = open();
    let mut stayed = 0;
    for number in 0..TIMES {
        let file = format!("{number}.txt");
        task::block_in_place(|| bucket.put_raw(&file, THEIRS));
        let fresh = open();
        let storage = if number % 2 == 0 { &fresh } else { &knows };

        // From the first request on to after the last.
        let moment = DELAY * u32::try_from(number).unwrap() / 15;
        drop(time::timeout(moment, save(storage, &file, "ours")).await);
        storage.settle().await;

        let found = task::block_in_place(|| bucket.get_raw(name(&file).as_str()));
        stayed += u64::from(found.as_deref() == Some(THEIRS));
    }
    task::block_in_place(|| drop((bucket, proxy)));
    stayed
}
