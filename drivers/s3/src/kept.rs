//! What the service behind a bucket keeps of S3: said by an option, or found out by its answers. It
//! sends nothing by itself, and is forgotten when the storage is.
//!
//! Services speak S3 and leave parts of it out, some of them without a word. What a promise rests on
//! is therefore found out and not believed:
//!
//! | what | is found out by |
//! |---|---|
//! | `If-None-Match: *` on PUT | the first exclusive save: see [`create`](crate::create) |
//! | the same when an upload is completed | a refusal; until then each completion looks first |
//! | ETags that are MD5s | the first ETag that is the MD5 of what was sent, or is not; an answer that tells of encryption by a key |
//! | DeleteObjects, UploadPartCopy, CopyObject, a condition on DELETE | a refusal |
//! | names of 255 bytes between two slashes | the header `Server` |

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

use http::{HeaderMap, header::SERVER};
use storehouse_storage::Limitation;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

use crate::headers;

/// How a save makes sure that it replaces nothing: the option `exclusive_create`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExclusiveCreate {
    /// Finds out which of the others is right.
    Auto,
    /// The service keeps the condition.
    Condition,
    /// It does not: look, then write.
    Look,
    /// Neither.
    Off,
}

impl ExclusiveCreate {
    /// Reads the option; the table knows no other words.
    pub(crate) fn read(text: Option<&str>) -> Self {
        match text {
            Some("condition") => Self::Condition,
            Some("look") => Self::Look,
            Some("off") => Self::Off,
            _ => Self::Auto,
        }
    }
}

/// Whether a service keeps `If-None-Match: *` on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Unknown,
    /// What is there is never replaced.
    Kept,
    /// The request is carried out whatever is there.
    Ignored,
    /// The request is refused because of the condition.
    Refused,
    /// The user wants neither condition nor look.
    Off,
}

const CONDITIONS: [Condition; 5] = [
    Condition::Unknown,
    Condition::Kept,
    Condition::Ignored,
    Condition::Refused,
    Condition::Off,
];

/// The request that makes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Put,
    Completion,
}

/// A call that some services do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optional {
    CopyObject,
    CopyPart,
    DeleteObjects,
    /// `If-Match` on DELETE.
    DeleteIfMatch,
}

/// What a service keeps.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The user says that the condition is kept; no answer has shown it.
    on_trust: bool,
    on_put: AtomicU8,
    at_completion: AtomicU8,
    /// Held by the one save that finds out what holds for PUT.
    finding: AsyncMutex<()>,
    /// One for each [`Optional`].
    missing: [AtomicBool; 4],
    md5_etags: AtomicU8,
    encrypts: AtomicBool,
    bucket_is_there: AtomicBool,
    max_part_bytes: AtomicU8,
    said: Mutex<Vec<Limitation>>,
    /// An examination goes on, which returns what is found out.
    is_examined: AtomicBool,
}

const ETAGS_UNKNOWN: u8 = 0;
const ETAGS_ARE_MD5S: u8 = 1;
const ETAGS_ARE_NO_MD5S: u8 = 2;

const PARTS_UNKNOWN: u8 = 0;
const PARTS_SHORT: u8 = 1;
const PARTS_FREE: u8 = 2;

/// What services that keep objects as files take between two slashes.
pub(crate) const FILE_NAME_BYTES: usize = 255;

/// How such services call themselves in `Server`.
const FILE_SERVICES: &[&str] = &["MinIO", "VERSITYGW", "SeaweedFS"];

impl Kept {
    /// Starts with what the option says. Amazon's own service keeps its conditions.
    pub(crate) fn new(exclusive: ExclusiveCreate, on_amazon: bool) -> Self {
        let condition = match exclusive {
            ExclusiveCreate::Auto if on_amazon => Condition::Kept,
            ExclusiveCreate::Auto => Condition::Unknown,
            ExclusiveCreate::Condition => Condition::Kept,
            ExclusiveCreate::Look => Condition::Refused,
            ExclusiveCreate::Off => Condition::Off,
        };
        let parts = if on_amazon { PARTS_FREE } else { PARTS_UNKNOWN };
        Self {
            on_trust: exclusive == ExclusiveCreate::Condition,
            on_put: AtomicU8::new(condition as u8),
            at_completion: AtomicU8::new(condition as u8),
            finding: AsyncMutex::new(()),
            missing: [const { AtomicBool::new(false) }; 4],
            md5_etags: AtomicU8::new(ETAGS_UNKNOWN),
            encrypts: AtomicBool::new(false),
            bucket_is_there: AtomicBool::new(false),
            max_part_bytes: AtomicU8::new(parts),
            said: Mutex::default(),
            is_examined: AtomicBool::new(false),
        }
    }

    /// Returns what is known of the condition.
    pub(crate) fn condition(&self, step: Step) -> Condition {
        let known = self.cell(step).load(Ordering::Relaxed);
        CONDITIONS[usize::from(known) % CONDITIONS.len()]
    }

    /// Returns whether the user alone says that the condition is kept.
    pub(crate) fn is_on_trust(&self) -> bool {
        self.on_trust
    }

    /// Notes what was found out. What does not keep the condition is said once.
    pub(crate) fn found(&self, step: Step, condition: Condition) {
        self.cell(step).store(condition as u8, Ordering::Relaxed);
        let what = match step {
            Step::Put => "on PUT",
            Step::Completion => "when an upload in parts is completed",
        };
        let problem = match condition {
            Condition::Ignored => format!("the service ignores If-None-Match {what}"),
            Condition::Refused => format!("the service refuses If-None-Match {what}"),
            _ => return,
        };
        self.say(
            format!(
                "{problem}, so a save looks whether its name is free and then writes: two processes \
                 that save under one name at the same moment may replace each other's file"
            ),
            "set exclusive_create = \"look\" to accept that; file_overwrite = true needs no condition",
        );
    }

    /// Notes that the user wants saves that are not guarded.
    pub(crate) fn are_not_guarded(&self) {
        self.remember(Limitation::new(
            "with exclusive_create = \"off\" a save replaces what is there",
            "set it to \"auto\", or file_overwrite = true to say that this is meant",
        ));
    }

    /// Returns the right to find out what holds for PUT, unless another save has it.
    pub(crate) fn finding(&self) -> Option<MutexGuard<'_, ()>> {
        self.finding.try_lock().ok()
    }

    fn cell(&self, step: Step) -> &AtomicU8 {
        match step {
            Step::Put => &self.on_put,
            Step::Completion => &self.at_completion,
        }
    }

    /// Returns whether a call can be made, for all that is known.
    pub(crate) fn has(&self, call: Optional) -> bool {
        !self.missing[call as usize].load(Ordering::Relaxed)
    }

    /// Notes that the service has refused a call, so that it is not made again. Nothing is lost by it
    /// but time, so the log is not told.
    pub(crate) fn lacks(&self, call: Optional) {
        self.missing[call as usize].store(true, Ordering::Relaxed);
        let problem = match call {
            Optional::CopyObject => {
                "the service has no CopyObject, so copies go through this process"
            }
            Optional::CopyPart => {
                "the service has no UploadPartCopy, so copies of large objects go through this process"
            }
            Optional::DeleteObjects => {
                "the service has no DeleteObjects, so each object is deleted by a request of its own"
            }
            Optional::DeleteIfMatch => return,
        };
        self.remember(Limitation::new(problem, "nothing has to be set"));
    }

    /// Returns whether ETags of unencrypted objects are known to be MD5s, or to be none.
    pub(crate) fn has_md5_etags(&self) -> Option<bool> {
        match self.md5_etags.load(Ordering::Relaxed) {
            ETAGS_ARE_MD5S => Some(true),
            ETAGS_ARE_NO_MD5S => Some(false),
            _ => None,
        }
    }

    /// Notes that an ETag was the MD5 of what was sent.
    pub(crate) fn etags_are_md5s(&self) {
        self.md5_etags.store(ETAGS_ARE_MD5S, Ordering::Relaxed);
    }

    /// Notes that an ETag of 32 digits was no MD5, and says so once.
    pub(crate) fn etags_are_no_md5s(&self) {
        self.md5_etags.store(ETAGS_ARE_NO_MD5S, Ordering::Relaxed);
        self.say(
            "the service's ETags are no MD5s, so what it stored cannot be compared with what was sent"
                .to_owned(),
            "a push compares the digest in the metadata of its objects, with one request for each",
        );
    }

    /// Returns whether ETags were MD5s so far. One of an object that a key of the user's encrypts is not,
    /// even where an answer shows another.
    pub(crate) fn etags_follow_rule(&self) -> Option<bool> {
        match self.encrypts.load(Ordering::Relaxed) {
            true => Some(false),
            false => self.has_md5_etags(),
        }
    }

    /// Returns whether the bucket was seen.
    pub(crate) fn bucket_is_there(&self) -> bool {
        self.bucket_is_there.load(Ordering::Relaxed)
    }

    /// Notes that the bucket is there, or that this access key may not see whether it is.
    pub(crate) fn bucket_was_seen(&self) {
        self.bucket_is_there.store(true, Ordering::Relaxed);
    }

    /// Looks at the headers of an answer: how its object is encrypted, and who answers.
    pub(crate) fn note_answer(&self, headers: &HeaderMap) {
        if !headers::has_md5_etag(headers) {
            self.encrypts.store(true, Ordering::Relaxed);
        }
        if self.max_part_bytes.load(Ordering::Relaxed) != PARTS_UNKNOWN {
            return;
        }
        let name = headers.get(SERVER).and_then(|name| name.to_str().ok());
        let name = name.unwrap_or_default();
        let keeps_files = FILE_SERVICES.iter().any(|known| name.starts_with(known));
        let parts = if keeps_files { PARTS_SHORT } else { PARTS_FREE };
        self.max_part_bytes.store(parts, Ordering::Relaxed);
    }

    /// Returns how many bytes of a name may stand between two slashes; `None` for any number. Before
    /// the first answer of a service other than Amazon's it is the lower limit.
    pub(crate) fn max_part_bytes(&self) -> Option<usize> {
        (self.max_part_bytes.load(Ordering::Relaxed) != PARTS_FREE).then_some(FILE_NAME_BYTES)
    }

    /// Returns whether the service is known to take no longer parts.
    pub(crate) fn refuses_part(&self, bytes: usize) -> bool {
        bytes > FILE_NAME_BYTES && self.max_part_bytes.load(Ordering::Relaxed) == PARTS_SHORT
    }

    /// Returns what the service was found to lack, in the order in which it was found.
    pub(crate) fn said(&self) -> Vec<Limitation> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }

    /// Begins an examination, which ends when the value is dropped. While it goes on the log is told of
    /// no limitation: the examination returns each of them.
    pub(crate) fn examination(&self) -> Examination<'_> {
        self.is_examined.store(true, Ordering::Relaxed);
        Examination(self)
    }

    /// Tells the log of a limitation, once.
    fn say(&self, problem: String, advice: &str) {
        let limitation = Limitation::new(problem, advice);
        if self.remember(limitation.clone()) && !self.is_examined.load(Ordering::Relaxed) {
            tracing::warn!("{limitation}");
        }
    }

    /// Returns whether it is a new one.
    fn remember(&self, limitation: Limitation) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !said.contains(&limitation);
        if is_new {
            said.push(limitation);
        }
        is_new
    }
}

/// An examination of the service that goes on.
pub(crate) struct Examination<'kept>(&'kept Kept);

impl Drop for Examination<'_> {
    fn drop(&mut self) {
        self.0.is_examined.store(false, Ordering::Relaxed);
    }
}
