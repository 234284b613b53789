//! A storage in memory that is right, unless it is made with a [`Fault`]: then it breaks one
//! promise, in the way that drivers do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use storehouse_conformance::Fixture;
use storehouse_storage::{
    Attributes, ByteRange, Candidates, Capabilities, Content, Entry, Error, ErrorKind, Name,
    OpenOptions, Put, Reader, Result, SaveOptions, Saved, Storage, Target, UrlOptions,
    guess_content_type, join_url,
};

use crate::faults::Fault::{self, *};

/// What the storage was given and must not show.
const SECRET: &str = "wJalrXUtnFEMI";

pub(crate) struct Double {
    objects: Arc<Mutex<Objects>>,
    fault: Fault,
}

type Objects = BTreeMap<String, Object>;

#[derive(Debug, Clone)]
struct Object {
    content: Bytes,
    attributes: Attributes,
    modified: SystemTime,
}

impl Double {
    pub(crate) fn new(fault: Fault) -> Self {
        let objects = Arc::default();
        Self { objects, fault }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap()
    }

    /// What the storage calls a name.
    fn key(&self, name: &Name) -> String {
        let text = name.as_str();
        match self.fault {
            DecodesNames => text.replace("%20", " ").replace("%25", "%"),
            ComposesLetters => text.replace("e\u{301}", "\u{e9}"),
            LowersLetters => text.to_lowercase(),
            TrimsNames => text.trim().to_owned(),
            _ => text.to_owned(),
        }
    }

    fn entry(&self, name: Name, object: &Object) -> Entry {
        let size = object.content.len() as u64;
        let etag = match self.fault {
            HasOneEtag => "tag".to_owned(),
            MakesEtagsOfSizes => size.to_string(),
            _ => format!("{size}-{:?}", object.modified),
        };
        Entry::new(name, size)
            .with_modified(object.modified)
            .with_etag(etag)
            .with_attributes(object.attributes.clone())
    }

    fn choose(&self, objects: &Objects, target: Target) -> Result<Name> {
        let taken = |name: &Name| objects.contains_key(&self.key(name));
        match target {
            Target::Create(name) if taken(&name) && !self.has(CreatesOverOthers) => {
                Err(Error::already_exists())
            }
            Target::Create(name) | Target::Replace(name) => Ok(name),
            Target::FirstFree(mut candidates) => loop {
                let name = candidates.next_name()?;
                if !taken(&name) || self.has(SavesOverOthers) {
                    return Ok(name);
                }
            },
        }
    }

    fn insert(
        &self,
        objects: &mut Objects,
        name: Name,
        content: Bytes,
        options: &SaveOptions,
    ) -> Saved {
        let mut attributes = options.attributes.clone();
        let key = self.key(&name);
        if let (KeepsOldMetadata, Some(old)) = (self.fault, objects.get(&key)) {
            attributes.metadata.extend(old.attributes.metadata.clone());
        }
        if self.has(LosesMetadata) {
            attributes.metadata.clear();
        }
        if self.has(ClaimsAttributes) {
            attributes = Attributes::default();
        }
        if attributes.content_type.is_none() && !self.has(GuessesNoType) {
            attributes.content_type = guess_content_type(&name);
        }
        if self.has(DropsEmptyObjects) && content.is_empty() {
            return Saved::new(name, 0);
        }
        let modified = match self.fault {
            TellsNoTime => SystemTime::UNIX_EPOCH,
            _ => SystemTime::now(),
        };
        let object = Object {
            content,
            attributes,
            modified,
        };
        let entry = self.entry(name, &object);
        objects.insert(key, object);
        Saved::new(entry.name, entry.size).with_etag(entry.etag)
    }

    async fn gather(&self, content: Content) -> Result<Bytes> {
        let length = content.length();
        let mut all = Vec::new();
        let mut blocks: Vec<Bytes> = match self.fault {
            StopsAtTheDeclaredLength => content
                .take_while(|block| futures::future::ready(block.is_ok()))
                .try_collect()
                .await
                .unwrap_or_default(),
            _ => content.try_collect().await?,
        };
        if self.has(DropsTheLastBlock) && blocks.len() > 1 {
            blocks.pop();
        }
        for block in blocks {
            all.extend_from_slice(&block);
        }
        if let (StopsAtTheDeclaredLength, Some(length)) = (self.fault, length) {
            all.truncate(position(length));
        }
        Ok(all.into())
    }

    /// Shows the content while it is being written.
    async fn put_in_parts(
        &self,
        target: Target,
        content: Content,
        options: &SaveOptions,
    ) -> Result<Saved> {
        let name = self.choose(&self.objects(), target)?;
        let mut shown = Vec::new();
        let mut blocks = content;
        while let Some(block) = blocks.next().await {
            match block {
                Ok(block) => shown.extend_from_slice(&block),
                Err(error) if self.has(LeavesPartsOfFailures) => return Err(error),
                Err(error) => {
                    self.objects().remove(&self.key(&name));
                    return Err(error);
                }
            }
            let half = shown[..shown.len() / 2].to_vec();
            self.insert(&mut self.objects(), name.clone(), half.into(), options);
            tokio::task::yield_now().await;
        }
        Ok(self.insert(&mut self.objects(), name, shown.into(), options))
    }

    fn range(&self, asked: &ByteRange, size: u64) -> Result<std::ops::Range<u64>> {
        match (self.fault, asked) {
            (MistakesSuffixes, ByteRange::Suffix(count)) => Ok(0..size.min(*count)),
            (AnswersAnyRange, _) => Ok(asked.resolve(size).unwrap_or(size..size)),
            (EndsRangesInclusive, ByteRange::Bounded(range)) => {
                ByteRange::Bounded(range.start..range.end + 1).resolve(size)
            }
            _ => asked.resolve(size),
        }
    }

    /// Fetches each half when it is read, from whatever is there then.
    fn read_late(&self, key: String, content: Bytes) -> BoxStream<'static, Result<Bytes>> {
        let objects = Arc::clone(&self.objects);
        let half = content.len() / 2;
        stream::iter([0..half, half..content.len()])
            .map(move |range| {
                let objects = objects.lock().unwrap();
                let now = objects.get(&key).map_or(&content, |object| &object.content);
                Ok(now.slice(range))
            })
            .boxed()
    }
}

#[async_trait]
impl Storage for Double {
    fn describe(&self) -> String {
        "double:".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.attributes = true;
        capabilities.urls = true;
        capabilities.folders = self.has(ClaimsFolders);
        capabilities.signed_urls = self.has(ClaimsSignedUrls);
        capabilities.max_name_bytes = 4095;
        capabilities.max_part_bytes = 4095;
        capabilities
    }

    async fn put(&self, target: Target, content: Content, options: &SaveOptions) -> Result<Saved> {
        if self.has(RefusesLongNames) && target.name().as_str().len() > 900 {
            return Err(Error::new(ErrorKind::InvalidName, "the name is too long"));
        }
        if matches!(self.fault, WritesInPlace | LeavesPartsOfFailures) {
            return self.put_in_parts(target, content, options).await;
        }
        if let (DeletesBeforeReplacing, Target::Replace(name)) = (self.fault, &target) {
            self.objects().remove(&self.key(name));
        }
        if self.has(LooksBeforeItWrites) {
            let name = self.choose(&self.objects(), target)?;
            let content = self.gather(content).await?;
            // Long enough for others to look too, also on a busy machine.
            for _ in 0..10_000 {
                tokio::task::yield_now().await;
            }
            return Ok(self.insert(&mut self.objects(), name, content, options));
        }
        let mut content = content;
        if self.has(LosesWhatWasReadAtAClash) && self.objects().contains_key(target.name().as_str())
        {
            content.try_next().await?;
        }
        let content = self
            .gather(content)
            .await
            .map_err(|error| match self.fault {
                HidesTheKind => Error::new(ErrorKind::Other, error.to_string()),
                _ => error,
            })?;
        let mut objects = self.objects();
        let name = self.choose(&objects, target)?;
        Ok(self.insert(&mut objects, name, content, options))
    }

    async fn open(&self, name: &Name, options: &OpenOptions) -> Result<Reader> {
        let key = self.key(name);
        let object = match self.objects().get(&key) {
            Some(object) => object.clone(),
            None if self.has(ReadsNothingAsEmpty) => Object {
                content: Bytes::new(),
                attributes: Attributes::default(),
                modified: SystemTime::now(),
            },
            None => return Err(Error::not_found()),
        };
        let size = object.content.len() as u64;
        let entry = self.entry(name.clone(), &object);
        let Some(asked) = &options.range else {
            if self.has(MixesWhatItReads) {
                return Ok(Reader::new(
                    entry,
                    0..size,
                    self.read_late(key, object.content),
                ));
            }
            let end = match self.fault {
                EndsReadsEarly => object.content.len().saturating_sub(1),
                _ => object.content.len(),
            };
            let content = object.content.slice(..end);
            return Ok(Reader::new(entry, 0..size, stream::iter([Ok(content)])));
        };
        let range = self.range(asked, size)?;
        let content = object
            .content
            .slice(position(range.start)..position(range.end));
        Ok(Reader::new(entry, range, stream::iter([Ok(content)])))
    }

    async fn delete(&self, name: &Name) -> Result<()> {
        let key = self.key(name);
        if self.has(DeletesByPrefix) {
            self.objects().retain(|known, _| !known.starts_with(&key));
        }
        match self.objects().remove(&key) {
            None if self.has(MissesWhatItDeletes) => Err(Error::not_found()),
            _ => Ok(()),
        }
    }

    async fn stat(&self, name: &Name) -> Result<Entry> {
        let objects = self.objects();
        let folder = format!("{name}/");
        if self.has(HasFoldersAsObjects) && objects.keys().any(|key| key.starts_with(&folder)) {
            return Ok(Entry::new(name.clone(), 0));
        }
        let object = objects.get(&self.key(name)).ok_or_else(Error::not_found)?;
        Ok(self.entry(name.clone(), object))
    }

    fn list(&self, folder: Option<&Name>) -> BoxStream<'static, Result<Entry>> {
        let prefix = match folder {
            Some(folder) if self.has(ListsByPrefix) => folder.to_string(),
            Some(folder) => format!("{folder}/"),
            None => String::new(),
        };
        let objects = self.objects();
        let found = objects.iter().filter(|(key, _)| key.starts_with(&prefix));
        let mut entries: Vec<_> = found
            .filter(|(key, _)| !self.has(ListsOneLevel) || !key[prefix.len()..].contains('/'))
            .map(|(key, object)| Name::new(key).map(|name| self.entry(name, object)))
            .collect();
        if self.has(ListsOnePage) {
            entries.truncate(1000);
        }
        if self.has(ListsTheLastTwice) && entries.len() > 1000 {
            entries.push(Ok(entries[999].as_ref().unwrap().clone()));
        }
        if self.has(ListsNoSizes) {
            for entry in entries.iter_mut().flatten() {
                entry.size = 0;
            }
        }
        if self.has(ListsTheFirstPageForEver) && !entries.is_empty() {
            let first = entries.remove(0).unwrap();
            return stream::repeat_with(move || Ok(first.clone())).boxed();
        }
        stream::iter(entries).boxed()
    }

    async fn url(&self, name: &Name, options: &UrlOptions) -> Result<String> {
        if self.has(HasNoUrls) {
            return Err(Error::unsupported("this storage has no URLs"));
        }
        if self.has(QuotesNothing) {
            return Ok(format!("/media/{name}"));
        }
        if options.needs_signature() && !matches!(self.fault, IgnoresUrlOptions | ClaimsSignedUrls)
        {
            return Err(Error::unsupported("this storage has no signed URLs"));
        }
        Ok(join_url("/media/", name))
    }

    async fn save(&self, name: &Name, content: Content, options: &SaveOptions) -> Result<Saved> {
        let overwrite = options.overwrite.unwrap_or_default() && !self.has(NeverReplaces);
        let max_length = options
            .max_length
            .filter(|_| !self.has(IgnoresTheLongestName));
        let target = match (overwrite, max_length) {
            (true, None) => Target::Replace(name.clone()),
            (true, Some(max_length)) => Target::Replace(name.shortened(max_length)?),
            (false, _) if self.has(PutsTheSuffixLast) && self.exists(name).await? => {
                Target::Create(Name::new(format!("{name}_abcdefg"))?)
            }
            (false, _) => {
                let names = Candidates::new(name.clone(), max_length);
                Target::FirstFree(names.within(&self.capabilities()))
            }
        };
        self.put(target, content, options).await
    }

    async fn copy(&self, from: &Name, target: Target) -> Result<Saved> {
        let object = self.objects().get(&self.key(from)).cloned();
        let object = object.ok_or_else(Error::not_found)?;
        let options = match self.fault {
            CopiesNoAttributes => SaveOptions::default(),
            _ => SaveOptions::default().with_attributes(object.attributes),
        };
        if let (EmptiesWhatItCopiesOntoItself, Target::Replace(to)) = (self.fault, &target)
            && to == from
        {
            let mut objects = self.objects();
            return Ok(self.insert(&mut objects, to.clone(), Bytes::new(), &options));
        }
        self.put(target, object.content.into(), &options).await
    }

    async fn copy_as(&self, from: &Entry, target: Target, options: &SaveOptions) -> Result<Saved> {
        let mut objects = self.objects();
        let found = objects.get(&self.key(&from.name)).cloned();
        let object = match found {
            Some(object) => object,
            None if self.has(ChangesWhatIsMissing) => Object {
                content: Bytes::new(),
                attributes: Attributes::default(),
                modified: SystemTime::now(),
            },
            None => return Err(Error::not_found()),
        };
        let now = self.entry(from.name.clone(), &object).etag;
        if from.etag.is_some() && from.etag != now && !self.has(ChangesWhatWasReplaced) {
            return Err(Error::replaced_meanwhile());
        }
        let itself = matches!(&target, Target::Replace(name) if *name == from.name);
        let mut options = options.clone();
        match self.fault {
            CopiesTheOldAttributes => options.attributes = object.attributes,
            MergesAttributes => options
                .attributes
                .metadata
                .extend(object.attributes.metadata),
            _ => {}
        }
        let content = match self.fault {
            EmptiesWhatItCopiesOntoItself if itself => Bytes::new(),
            _ => object.content,
        };
        let name = self.choose(&objects, target)?;
        Ok(self.insert(&mut objects, name, content, &options))
    }

    async fn put_many(&self, puts: Vec<Put>) -> (Vec<Saved>, Option<Error>) {
        let (mut saved, mut failure) = (Vec::new(), None);
        for put in puts {
            match self.put(put.target, put.content, &put.options).await {
                Ok(one) => saved.push(one),
                Err(error) => failure = failure.or(Some(error)),
            }
            if failure.is_some() && !self.has(GoesOnAfterAFailedPut) {
                break;
            }
        }
        if self.has(LosesTheLastOfManyPuts) {
            let lost = saved.last().map(|one| self.key(&one.name));
            lost.map(|key| self.objects().remove(&key));
        }
        (saved, failure)
    }

    async fn take_back(&self, saved: &Saved) -> Result<()> {
        let key = self.key(&saved.name);
        let mut objects = self.objects();
        let Some(object) = objects.get(&key) else {
            return Ok(());
        };
        let is_ours = self.entry(saved.name.clone(), object).etag == saved.etag;
        if (is_ours && !self.has(TakesNothingBack)) || self.has(TakesBackWhatIsThere) {
            objects.remove(&key);
        }
        Ok(())
    }

    async fn delete_many(&self, names: &[Name]) -> Vec<(Name, Error)> {
        let most = if self.has(DeletesOnePage) {
            1000
        } else {
            names.len()
        };
        for name in names.iter().take(most) {
            self.objects().remove(&self.key(name));
        }
        Vec::new()
    }
}

fn position(byte: u64) -> usize {
    usize::try_from(byte).expect("it is in memory")
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secret = if self.has(ShowsItsSecret) {
            SECRET
        } else {
            "***"
        };
        f.debug_struct("Double").field("secret", &secret).finish()
    }
}

/// A double that was given a secret.
pub(crate) struct Planted(pub(crate) Arc<dyn Storage>);

#[async_trait]
impl Fixture for Planted {
    async fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.0)
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }
}
