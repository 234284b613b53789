//! The ways in which the [`Double`](crate::double::Double) breaks a promise. Each is a mistake
//! that a driver has made somewhere, or could make in one line.

/// What is wrong with a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is right.
    Nothing,
    // Saving.
    CreatesOverOthers,
    SavesOverOthers,
    LooksBeforeItWrites,
    LosesTheLastOfManyPuts,
    GoesOnAfterAFailedPut,
    LosesWhatWasReadAtAClash,
    NeverReplaces,
    PutsTheSuffixLast,
    IgnoresTheLongestName,
    DropsEmptyObjects,
    DropsTheLastBlock,
    StopsAtTheDeclaredLength,
    ClaimsFolders,
    // Saves that fail.
    WritesInPlace,
    LeavesPartsOfFailures,
    DeletesBeforeReplacing,
    HidesTheKind,
    // Names.
    DecodesNames,
    ComposesLetters,
    LowersLetters,
    TrimsNames,
    RefusesLongNames,
    ReadsNothingAsEmpty,
    HasFoldersAsObjects,
    // Reading.
    EndsRangesInclusive,
    MistakesSuffixes,
    AnswersAnyRange,
    EndsReadsEarly,
    MixesWhatItReads,
    ShowsItsSecret,
    // What is kept beside the content.
    LosesMetadata,
    KeepsOldMetadata,
    ClaimsAttributes,
    GuessesNoType,
    CopiesNoAttributes,
    HasOneEtag,
    MakesEtagsOfSizes,
    TellsNoTime,
    // Changing that.
    CopiesTheOldAttributes,
    MergesAttributes,
    ChangesWhatIsMissing,
    ChangesWhatWasReplaced,
    // Listing, deleting, copying.
    ListsByPrefix,
    ListsOneLevel,
    ListsOnePage,
    ListsTheLastTwice,
    ListsTheFirstPageForEver,
    ListsNoSizes,
    MissesWhatItDeletes,
    DeletesByPrefix,
    DeletesOnePage,
    TakesNothingBack,
    TakesBackWhatIsThere,
    EmptiesWhatItCopiesOntoItself,
    // URLs.
    HasNoUrls,
    QuotesNothing,
    IgnoresUrlOptions,
    ClaimsSignedUrls,
}
