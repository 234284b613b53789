//! The suite fails for every storage that breaks a promise, in the check that is named for it,
//! and for no storage that keeps them all. Otherwise a green suite would prove nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "everything here is a test"
)]

mod defaults;
mod double;
mod faults;

use std::sync::{Arc, Once};

use storehouse_conformance::{Check, Mode, checks};

use crate::{
    defaults::Least,
    double::{Double, Planted},
    faults::Fault,
};

#[test]
fn a_storage_that_is_right_passes_every_check() {
    for mode in [Mode::Plain, Mode::Prefixed] {
        for check in checks() {
            assert_eq!(
                outcome(Fault::Nothing, check, mode),
                Ok(()),
                "{check:?}, {mode:?}"
            );
        }
    }
}

#[test]
fn what_the_trait_provides_passes_every_check() {
    for check in checks() {
        let double = Arc::new(Double::new(Fault::Nothing));
        let storage = Planted(Arc::new(Least(double)));

        let outcome = outcome_of(&storage, check, Mode::Plain);

        assert_eq!(outcome, Ok(()), "{check:?}");
    }
}

#[test]
fn no_check_is_in_the_suite_twice() {
    let mut names: Vec<String> = checks().iter().map(|check| format!("{check:?}")).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();

    assert_eq!(names.len(), all);
    assert!(all >= 60, "only {all} checks are left");
}

/// One test for each fault: `sentence: fault, "group::check that must see it"`.
macro_rules! caught {
    ($($test:ident: $fault:ident, $check:literal;)*) => {
        $(
            #[test]
            fn $test() {
                assert_caught(Fault::$fault, $check);
            }
        )*
    };
}

caught! {
    a_create_over_others_is_seen: CreatesOverOthers,
        "saving::a_create_of_a_taken_name_fails_and_keeps_what_is_there";
    a_save_over_others_is_seen: SavesOverOthers,
        "saving::a_taken_name_gets_a_suffix";
    a_create_that_looks_first_and_writes_later_is_seen: LooksBeforeItWrites,
        "races::one_of_fifty_creates_of_one_name_wins";
    a_save_that_looks_first_and_writes_later_is_seen: LooksBeforeItWrites,
        "races::fifty_saves_of_one_name_get_fifty_names";
    many_puts_without_the_last_are_seen: LosesTheLastOfManyPuts,
        "saving::many_puts_are_saved_each_under_its_name";
    puts_after_a_failed_one_are_seen: GoesOnAfterAFailedPut,
        "saving::many_puts_end_with_the_first_that_fails";
    a_content_that_lost_its_start_at_a_clash_is_seen: LosesWhatWasReadAtAClash,
        "saving::a_one_pass_content_never_replaces_what_is_there";
    a_storage_that_never_replaces_is_seen: NeverReplaces,
        "saving::the_caller_says_whether_a_save_replaces";
    a_suffix_after_the_extension_is_seen: PutsTheSuffixLast,
        "saving::a_taken_name_gets_a_suffix";
    a_name_longer_than_allowed_is_seen: IgnoresTheLongestName,
        "saving::a_save_keeps_to_the_longest_name_allowed";
    an_empty_object_that_is_dropped_is_seen: DropsEmptyObjects,
        "round_trip::an_empty_content_is_an_object";
    a_last_block_that_is_dropped_is_seen: DropsTheLastBlock,
        "round_trip::a_stream_comes_back_as_it_went_in";
    bytes_beyond_the_declared_length_that_are_ignored_are_seen: StopsAtTheDeclaredLength,
        "failures::a_content_of_another_length_than_declared_leaves_nothing";
    folders_that_are_claimed_are_seen: ClaimsFolders,
        "saving::a_file_below_a_file_is_refused_where_folders_are_real";
    a_torn_write_is_seen_by_readers: WritesInPlace,
        "races::readers_see_whole_versions_while_an_object_is_replaced";
    a_save_in_progress_is_seen_in_a_listing: WritesInPlace,
        "listing::what_is_being_saved_is_not_listed";
    a_part_that_a_dropped_save_leaves_is_seen: WritesInPlace,
        "failures::a_dropped_save_leaves_nothing";
    a_part_that_a_failed_save_leaves_is_seen: LeavesPartsOfFailures,
        "failures::a_content_that_fails_leaves_nothing";
    a_delete_before_a_replace_is_seen: DeletesBeforeReplacing,
        "failures::a_replace_that_fails_keeps_what_is_there";
    an_error_of_the_wrong_kind_is_seen: HidesTheKind,
        "failures::a_content_that_fails_leaves_nothing";
    names_that_are_decoded_are_seen: DecodesNames,
        "names::names_with_percent_signs_are_kept";
    names_that_are_composed_are_seen: ComposesLetters,
        "names::composed_and_decomposed_letters_are_two_names";
    names_in_lower_case_are_seen: LowersLetters,
        "names::capital_and_small_letters_are_two_names";
    names_that_are_trimmed_are_seen: TrimsNames,
        "names::names_with_blanks_are_kept";
    a_limit_that_is_not_told_is_seen: RefusesLongNames,
        "names::the_longest_name_is_kept";
    a_missing_object_that_reads_as_empty_is_seen: ReadsNothingAsEmpty,
        "names::a_name_that_is_missing_is_not_found";
    folders_that_exist_are_seen: HasFoldersAsObjects,
        "listing::folders_do_not_exist_as_objects";
    a_range_that_is_one_byte_too_long_is_seen: EndsRangesInclusive,
        "ranges::a_bounded_range_gives_its_bytes";
    a_suffix_read_from_the_start_is_seen: MistakesSuffixes,
        "ranges::a_suffix_gives_the_last_bytes";
    a_range_beyond_the_end_that_is_answered_is_seen: AnswersAnyRange,
        "ranges::a_range_beyond_the_end_is_refused_at_once";
    a_read_that_ends_early_is_seen: EndsReadsEarly,
        "round_trip::bytes_come_back_as_they_went_in";
    a_reader_that_mixes_two_contents_is_seen: MixesWhatItReads,
        "reading::a_reader_stays_on_its_content_when_it_is_replaced";
    a_secret_in_debug_output_is_seen: ShowsItsSecret,
        "reading::nothing_shows_a_secret";
    metadata_that_is_lost_is_seen: LosesMetadata,
        "attributes::attributes_come_back_as_they_went_in";
    metadata_that_outlives_a_replace_is_seen: KeepsOldMetadata,
        "attributes::a_replace_drops_the_old_attributes";
    attributes_that_are_claimed_are_seen: ClaimsAttributes,
        "attributes::attributes_come_back_as_they_went_in";
    a_content_type_that_is_not_guessed_is_seen: GuessesNoType,
        "attributes::a_content_type_is_guessed_where_none_is_given";
    a_copy_without_attributes_is_seen: CopiesNoAttributes,
        "attributes::a_copy_keeps_the_attributes";
    a_change_that_keeps_the_old_attributes_is_seen: CopiesTheOldAttributes,
        "changing::attributes_are_replaced_and_the_content_stays";
    a_copy_that_keeps_the_old_attributes_is_seen: CopiesTheOldAttributes,
        "changing::a_copy_can_have_other_attributes";
    a_change_that_loses_the_content_is_seen: EmptiesWhatItCopiesOntoItself,
        "changing::attributes_are_replaced_and_the_content_stays";
    a_change_that_adds_to_the_old_attributes_is_seen: MergesAttributes,
        "changing::attributes_that_are_left_out_are_gone";
    a_change_of_what_is_missing_is_seen: ChangesWhatIsMissing,
        "changing::attributes_of_what_is_missing_are_not_found";
    a_change_of_another_content_is_seen: ChangesWhatWasReplaced,
        "changing::a_content_that_was_replaced_meanwhile_is_left_alone";
    a_copy_with_other_attributes_over_others_is_seen: CreatesOverOthers,
        "changing::a_copy_with_other_attributes_never_takes_a_taken_name";
    an_etag_for_everything_is_seen: HasOneEtag,
        "attributes::an_etag_changes_with_the_content";
    an_etag_made_of_the_size_is_seen: MakesEtagsOfSizes,
        "attributes::an_etag_changes_with_the_content";
    times_of_long_ago_are_seen: TellsNoTime,
        "attributes::times_are_those_of_the_save";
    a_listing_by_prefix_is_seen: ListsByPrefix,
        "listing::a_folder_is_not_the_start_of_a_name";
    a_listing_of_one_level_is_seen: ListsOneLevel,
        "listing::a_listing_is_recursive";
    a_listing_of_one_page_is_seen: ListsOnePage,
        "listing::more_than_a_page_is_listed_exactly_once";
    a_page_that_starts_with_the_last_of_the_page_before_is_seen: ListsTheLastTwice,
        "listing::more_than_a_page_is_listed_exactly_once";
    a_listing_that_does_not_end_is_seen: ListsTheFirstPageForEver,
        "listing::a_listing_is_recursive";
    a_listing_without_sizes_is_seen: ListsNoSizes,
        "listing::a_listing_tells_the_sizes";
    a_delete_that_fails_for_what_is_missing_is_seen: MissesWhatItDeletes,
        "deleting::a_delete_of_what_is_missing_succeeds";
    a_delete_by_prefix_is_seen: DeletesByPrefix,
        "deleting::what_is_deleted_is_gone";
    deletes_of_one_page_are_seen: DeletesOnePage,
        "deleting::many_deletes_are_done_and_missing_names_are_no_failures";
    a_save_that_stays_when_it_is_taken_back_is_seen: TakesNothingBack,
        "deleting::a_save_that_is_taken_back_is_gone";
    a_save_that_is_taken_back_whatever_is_there_is_seen: TakesBackWhatIsThere,
        "deleting::what_replaced_a_save_is_not_taken_back";
    a_copy_onto_itself_that_empties_is_seen: EmptiesWhatItCopiesOntoItself,
        "copying::a_copy_onto_itself_keeps_the_object";
    urls_that_are_claimed_are_seen: HasNoUrls,
        "urls::a_url_leads_to_its_object";
    a_url_that_is_not_quoted_is_seen: QuotesNothing,
        "urls::a_url_leads_to_its_object";
    an_expiry_that_a_url_does_not_have_is_seen: IgnoresUrlOptions,
        "urls::a_url_with_an_expiry_is_signed_or_refused";
    a_download_name_that_a_url_does_not_have_is_seen: IgnoresUrlOptions,
        "urls::a_url_with_a_download_name_is_signed_or_refused";
    signed_urls_that_are_claimed_are_seen: ClaimsSignedUrls,
        "urls::a_url_with_a_content_type_is_signed_or_refused";
}

fn assert_caught(fault: Fault, check: &str) {
    let found = checks()
        .into_iter()
        .find(|known| format!("{known:?}") == check);
    let found = found.unwrap_or_else(|| panic!("there is no check {check}"));

    let outcome = outcome(fault, found, Mode::Plain);

    let sentence = outcome.expect_err("the check does not see it");
    assert!(sentence.len() > 10, "this says nothing: {sentence:?}");
}

fn outcome(fault: Fault, check: Check, mode: Mode) -> Result<(), String> {
    outcome_of(&Planted(Arc::new(Double::new(fault))), check, mode)
}

fn outcome_of(fixture: &Planted, check: Check, mode: Mode) -> Result<(), String> {
    keep_checks_quiet();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(check.outcome(fixture, mode))
}

/// The panics of the checks are what is asked for; only those of the tests are printed.
fn keep_checks_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let of_a_check = std::thread::current()
                .name()
                .is_some_and(|name| name.starts_with("tokio"));
            if !of_a_check {
                print(panic);
            }
        }));
    });
}
