//! One suite run by every engine: a test per numbered guarantee, and random operations compared
//! with the memory engine.
//!
//! An engine's tests name a function that opens an empty store of it and hand that to
//! `conformance!`. What only an engine with a disk can be asked (crashes, damage, full disks) is
//! tested beside that engine.

pub mod fixture;
pub mod journal;
pub mod schedule;
pub mod ledger;
pub mod deliveries;
pub mod index;
pub mod issues;
pub mod series;
pub mod replays;
pub mod catalog;
pub mod audit;
pub mod accounts;
pub mod model;

use std::any::Any;

use crate::Store;

/// An opened store of the engine under test, with whatever must live as long as it.
pub struct Subject {
    /// The store.
    pub store: Store,
    /// Dropped after the store.
    pub _keep: Box<dyn Any>,
}

macro_rules! conformance {
    ($open:path => $($room:ident :: $test:ident),+ $(,)?) => {
        $(#[test]
        fn $test() {
            $crate::conformance::$room::$test(&$open);
        })+
    };
    ($open:path) => {
        $crate::conformance::conformance!($open =>
            journal::j1_an_answered_event_can_be_read,
            journal::j1_answers_of_many_callers_at_once_are_true,
            journal::j2_places_rise_in_the_order_of_acceptance,
            journal::j2_a_trimmed_place_is_not_given_away_again,
            journal::j3_a_read_yields_everything_in_order,
            journal::j3_a_read_reports_what_was_trimmed,
            journal::j3_unwanted_sources_are_passed_over,
            journal::j3_at_the_head_a_read_is_empty,
            journal::j4_bytes_come_out_as_they_went_in,
            journal::j5_a_trim_cuts_only_whole_frames_before_its_place,
            journal::j5_a_trim_to_a_size_cuts_the_oldest_frames,
            journal::an_empty_batch_takes_no_place,
            schedule::s1_a_settlement_is_carried_out_as_a_whole,
            schedule::s1_settlements_are_carried_out_in_order,
            schedule::s2_the_cursor_does_not_move_back,
            schedule::s2_what_is_filtered_is_counted_with_the_cursor,
            schedule::s3_a_delivery_is_open_once_or_not_at_all,
            schedule::s3_shelved_deliveries_come_back_line_by_line,
            schedule::a_destination_without_a_commit_has_no_state,
            schedule::a_forgotten_destination_begins_anew_and_its_history_stays,
            ledger::l1_searches_find_what_the_model_finds,
            ledger::l1_pages_follow_each_other_to_the_end,
            ledger::l1_a_trace_comes_back_and_its_answer_only_when_asked_for,
            ledger::l1_rejections_come_newest_first,
            ledger::rejections_are_found_page_by_page,
            deliveries::what_is_known_of_deliveries_is_what_the_model_knows,
            deliveries::a_delivery_is_known_by_its_newest_row,
            deliveries::open_deliveries_come_newest_first,
            index::x1_searches_find_what_the_model_finds,
            index::x3_what_was_trimmed_is_not_found_for_long,
            index::x4_what_sources_send_is_counted,
            issues::failures_of_one_kind_are_one_issue,
            issues::an_issue_is_open_until_nothing_waits_and_something_was_delivered,
            issues::an_issue_that_lost_events_is_over_when_it_was_quiet,
            issues::users_are_counted_once_and_up_to_a_bound,
            issues::a_destination_has_a_bounded_number_of_issues,
            issues::an_issue_is_what_people_say_of_it_until_it_comes_again,
            issues::an_issue_knows_how_often_it_came_in_each_hour,
            ledger::what_is_known_is_what_the_model_knows,
            ledger::what_a_replay_delivered_is_known_without_a_cursor,
            ledger::what_ended_since_is_found_whenever_it_began,
            ledger::what_was_given_up_is_found_until_it_is_made,
            ledger::what_was_given_up_by_an_issue_is_found,
            series::l2_what_is_settled_is_counted_in_its_minute,
            series::l2_what_comes_in_is_counted_by_source,
            series::l2_series_are_those_of_the_model,
            replays::r1_a_replay_comes_back_as_it_was_made,
            replays::r1_watchers_see_what_has_not_ended,
            replays::r2_what_a_replay_counts_is_its_own,
            replays::r2_a_replay_that_has_ended_stays_as_it_ended,
            replays::r3_an_end_is_not_taken_back,
            catalog::c1_an_edit_of_an_old_version_is_refused_as_a_whole,
            catalog::c1_watchers_see_every_change,
            catalog::c1_a_version_is_never_used_twice,
            catalog::the_lists_are_sorted_by_id,
            catalog::a_removed_destination_is_an_object_of_its_own,
            audit::u1_an_edit_and_its_records_are_there_together,
            audit::u2_records_are_found_newest_first_page_by_page,
            accounts::a1_an_edit_and_its_deed_are_one,
            accounts::a1_tokens_come_and_go,
            accounts::a2_the_first_user_is_an_admin_and_the_last_admin_stays,
            accounts::a3_sessions_end_with_what_they_rest_on,
            model::random_operations_end_like_the_models,
        );
    };
}

pub(crate) use conformance;
