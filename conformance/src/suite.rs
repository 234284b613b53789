//! The macro [`suite!`](crate::suite!), and the one table of all checks that it and
//! [`checks`](crate::checks) are made from.

/// Writes one `#[test]` for every check, twice: `plain::…` and `prefixed::…`.
///
/// It takes an async function (or closure) that returns a fresh [`Fixture`](crate::Fixture):
/// either one of your own, or simply an `Arc<dyn Storage>` that is empty.
///
/// ```no_run
/// use std::sync::Arc;
/// use storehouse_storage::Storage;
///
/// storehouse_conformance::suite!(async || empty());
///
/// fn empty() -> Arc<dyn Storage> {
///     unimplemented!("Arc::new(MyStorage::new())")
/// }
/// ```
#[macro_export]
macro_rules! suite {
    ($fixture:expr) => {
        async fn storehouse_conformance_fixture() -> impl $crate::Fixture {
            ($fixture)().await
        }

        /// The storage itself.
        mod plain {
            $crate::every_check!(write_tests, [Plain]);
        }

        /// One folder of the storage.
        mod prefixed {
            $crate::every_check!(write_tests, [Prefixed]);
        }
    };
}

/// Writes the tests of one mode, in a module for each group.
#[doc(hidden)]
#[macro_export]
macro_rules! write_tests {
    ([$mode:ident] $($group:ident { $($check:ident)* })*) => {
        $(
            mod $group {
                $(
                    #[test]
                    fn $check() {
                        $crate::run(
                            $crate::Mode::$mode,
                            stringify!($group),
                            stringify!($check),
                            super::super::storehouse_conformance_fixture,
                        );
                    }
                )*
            }
        )*
    };
}

/// Makes the list of all checks out of the table.
macro_rules! list_checks {
    ([] $($group:ident { $($check:ident)* })*) => {
        vec![$($(
            $crate::run::Check {
                group: stringify!($group),
                name: stringify!($check),
                body: |subject| Box::pin($crate::checks::$group::$check(subject)),
            },
        )*)*]
    };
}
pub(crate) use list_checks;

/// The table: hands all groups with their checks to the macro called `$then`.
#[doc(hidden)]
#[macro_export]
macro_rules! every_check {
    ($then:ident, $argument:tt) => {
        $crate::$then! { $argument
            round_trip {
                bytes_come_back_as_they_went_in
                a_file_comes_back_as_it_went_in
                an_async_read_comes_back_as_it_went_in
                a_stream_comes_back_as_it_went_in
                an_empty_content_is_an_object
                twenty_mebibytes_come_back_as_they_went_in
                the_answer_of_a_save_tells_name_and_size
            }
            names {
                names_with_blanks_are_kept
                names_with_dots_are_kept
                names_with_percent_signs_are_kept
                names_with_characters_of_urls_are_kept
                names_with_quotes_and_brackets_are_kept
                names_beyond_ascii_are_kept
                control_characters_in_names_are_kept_or_refused
                composed_and_decomposed_letters_are_two_names
                capital_and_small_letters_are_two_names
                a_backslash_is_a_separator
                deep_folders_are_made
                the_longest_part_is_kept
                a_longer_part_is_refused
                the_longest_name_is_kept
                a_longer_name_is_refused
                a_taken_name_of_full_length_is_kept_and_another_is_shorter
                a_name_that_is_missing_is_not_found
            }
            ranges {
                a_range_from_a_byte_goes_to_the_end
                a_bounded_range_gives_its_bytes
                a_range_over_the_end_is_cut
                a_suffix_gives_the_last_bytes
                a_range_of_a_large_object_gives_its_bytes
                a_range_beyond_the_end_is_refused_at_once
                an_empty_range_is_refused
                an_empty_object_has_no_range
                a_range_of_a_missing_object_is_not_found
            }
            saving {
                a_free_name_is_used_as_it_is
                a_create_of_a_taken_name_fails_and_keeps_what_is_there
                a_replace_takes_the_place_of_what_is_there
                a_taken_name_gets_a_suffix
                many_puts_are_saved_each_under_its_name
                many_puts_end_with_the_first_that_fails
                a_large_content_gets_a_suffix_too
                a_one_pass_content_never_replaces_what_is_there
                the_caller_says_whether_a_save_replaces
                a_save_replaces_only_where_the_storage_is_set_to
                a_save_keeps_to_the_longest_name_allowed
                a_longest_name_without_room_fails_and_leaves_nothing
                an_available_name_is_free_and_not_taken_yet
                a_file_below_a_file_is_refused_where_folders_are_real
                a_folder_takes_up_its_name_where_folders_are_real
            }
            races {
                fifty_saves_of_one_name_get_fifty_names
                eight_large_saves_of_one_name_get_eight_names
                one_of_fifty_creates_of_one_name_wins
                one_of_eight_large_creates_of_one_name_wins
                readers_see_whole_versions_while_an_object_is_replaced
                readers_see_whole_versions_while_a_large_object_is_replaced
                the_last_of_many_replaces_is_whole
                deletes_of_one_name_at_once_all_succeed
                saves_and_deletes_at_once_leave_the_folder_usable
            }
            failures {
                a_content_that_fails_leaves_nothing
                a_large_content_that_fails_leaves_nothing
                a_replace_that_fails_keeps_what_is_there
                a_large_replace_that_fails_keeps_what_is_there
                a_content_of_another_length_than_declared_leaves_nothing
                a_failed_save_can_be_repeated
                a_dropped_save_leaves_nothing
                a_dropped_large_save_leaves_nothing
                a_dropped_replace_leaves_the_old_or_the_new_content
                a_name_is_free_after_a_dropped_save
            }
            attributes {
                attributes_come_back_as_they_went_in
                stat_and_open_tell_the_same
                a_content_type_is_guessed_where_none_is_given
                a_given_content_type_beats_the_guess
                a_replace_drops_the_old_attributes
                a_copy_keeps_the_attributes
                metadata_keys_are_in_lower_case
                strange_values_are_kept_or_refused
                a_line_break_in_a_value_is_kept_or_refused
                times_are_those_of_the_save
                a_replace_is_not_older_than_what_it_replaces
                an_etag_changes_with_the_content
                an_etag_is_made_by_the_rule_that_is_told
            }
            listing {
                an_empty_storage_lists_nothing
                a_listing_is_recursive
                a_listing_tells_the_sizes
                a_folder_is_not_the_start_of_a_name
                a_folder_lists_what_is_below_it
                a_file_is_no_folder
                folders_with_strange_names_are_listed
                list_dir_tells_what_lies_directly_in_a_folder
                folders_do_not_exist_as_objects
                more_than_a_page_is_listed_exactly_once
                more_than_a_page_of_folders_is_listed_exactly_once
                a_listing_that_is_left_early_harms_nobody
                what_stays_is_listed_once_while_others_come_and_go
                what_is_being_saved_is_not_listed
            }
            deleting {
                what_is_deleted_is_gone
                a_delete_of_what_is_missing_succeeds
                a_deleted_name_is_free
                a_delete_of_a_folder_keeps_what_is_in_it
                a_delete_below_a_file_keeps_the_file
                many_deletes_are_done_and_missing_names_are_no_failures
                many_deletes_take_names_with_strange_characters
                no_deletes_delete_nothing
                a_save_that_is_taken_back_is_gone
                what_replaced_a_save_is_not_taken_back
            }
            copying {
                a_copy_has_the_content_and_the_source_stays
                a_copy_to_a_taken_name_fails_and_keeps_it
                a_copy_can_replace
                a_copy_can_take_the_first_free_name
                a_copy_onto_itself_keeps_the_object
                a_copy_of_what_is_missing_leaves_nothing
                a_rename_moves_the_object
                a_rename_that_fails_keeps_both
                a_rename_onto_itself_keeps_the_object
                a_copy_to_another_storage_keeps_both
                a_move_to_another_storage_leaves_nothing_here
                a_move_to_a_taken_name_elsewhere_keeps_the_source
            }
            changing {
                attributes_are_replaced_and_the_content_stays
                attributes_that_are_left_out_are_gone
                attributes_of_what_is_missing_are_not_found
                a_copy_can_have_other_attributes
                a_copy_with_other_attributes_never_takes_a_taken_name
                a_content_that_was_replaced_meanwhile_is_left_alone
                an_etag_keeps_to_its_rule_when_attributes_change
            }
            urls {
                a_url_leads_to_its_object
                a_url_is_made_without_a_look_at_the_object
                two_names_have_two_urls
                a_url_with_an_expiry_is_signed_or_refused
                a_url_with_a_download_name_is_signed_or_refused
                a_url_with_a_content_type_is_signed_or_refused
                a_url_answers_with_the_attributes_that_were_saved
            }
            reading {
                a_reader_tells_what_it_reads
                a_reader_that_is_dropped_unread_harms_nobody
                a_reader_that_is_kept_open_keeps_nobody_waiting
                a_reader_stays_on_its_content_when_it_is_replaced
                a_reader_stays_on_its_content_when_it_is_deleted
                many_readers_at_once_all_get_everything
                a_reader_is_an_async_read
                a_reader_ends_once_and_for_all
                what_is_read_can_be_saved_at_the_same_time
                an_open_of_a_folder_says_so
                a_path_is_where_the_content_is
                nothing_shows_a_secret
            }
        }
    };
}
