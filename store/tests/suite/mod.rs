//! The conformance suite: what every engine of the store's ports does. Each case works on orders and people of its own, so
//! that cases can share one database.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]
#![allow(clippy::print_stdout, reason = "one test runs many cases, and says which")]
#![allow(unreachable_pub, reason = "a module of a test program is reached by that program alone")]

mod audit;
mod changes;
pub mod chat;
mod epochs;
mod lists;
mod log;
mod orders;
mod originals;
pub mod outbox;
mod pages;
mod races;
mod refusals;
mod scene;
mod settings;
mod volumes;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use souk_chat::ports::{KeptSettings, Store};
use souk_chat::{Head, NewEntry, OrderId};

/// An engine under test.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;
    /// The same data as another node sees it.
    fn rival(&self) -> Arc<dyn Store>;
    /// The settings, as each of two nodes sees them.
    fn settings(&self) -> [Arc<dyn KeptSettings>; 2];
    /// Entries of a volume; `None`: the engine has one volume only.
    fn volume(&self) -> Option<u64>;
    /// Appends, so that the write is applied and its answer lost. Fails when the answer was not lost.
    async fn append_losing_the_answer(&self, order: &OrderId, head: &Head, entries: &[NewEntry]);
}

type Case = for<'a> fn(&'a dyn Engine) -> BoxFuture<'a, ()>;

macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($case)), |engine| Box::pin($module::$case(engine)))),*]
    };
}

const CASES: &[(&str, Case)] = cases![
    orders::an_order_is_made_once_and_changed_after,
    orders::of_many_that_make_an_order_one_does,
    orders::of_two_pairs_one_gets_the_order,
    orders::an_order_that_is_not_there_has_nothing,
    log::every_kind_of_entry_comes_back,
    log::a_change_is_seen_wherever_the_message_is_read,
    log::a_batch_may_change_what_it_makes,
    log::texts_of_every_script_come_back,
    log::a_head_knows_when_its_last_entry_was_written,
    log::an_absent_key_is_told_beside_a_known_one,
    refusals::a_stale_head_writes_nothing,
    refusals::a_known_id_writes_nothing,
    refusals::a_moved_version_writes_nothing,
    refusals::what_makes_no_sense_is_invalid,
    refusals::a_closed_chat_is_another_head,
    changes::several_messages_are_masked_at_once,
    changes::a_message_is_edited_and_masked_in_turns,
    changes::a_batch_mixes_messages_and_changes,
    changes::changes_reach_over_volumes_ends,
    changes::a_batch_is_cut_before_a_change,
    changes::one_moved_version_refuses_the_whole_batch,
    changes::changes_that_make_no_sense_are_invalid,
    changes::a_closed_chat_can_be_masked,
    changes::a_long_life_reads_as_it_was_lived,
    races::two_writers_fight_over_one_order,
    races::two_writers_of_one_id_make_one_message,
    races::two_editors_of_one_message_take_turns,
    races::an_edit_never_shows_what_was_before_it,
    races::a_look_shows_one_state,
    races::a_lost_answer_is_found_by_looking,
    races::a_lost_answer_of_a_change_is_found_by_looking,
    pages::a_long_log_reads_the_same_both_ways,
    pages::messages_are_found_by_number,
    volumes::a_volumes_end_is_crossed_both_ways,
    volumes::the_newest_messages_are_found_by_who_lags_behind,
    volumes::an_id_of_an_earlier_volume_is_known,
    volumes::a_message_of_an_earlier_volume_is_changed,
    volumes::two_writers_cross_a_volumes_end,
    volumes::a_closed_chat_stays_closed_in_the_next_volume,
    lists::marks_only_rise,
    lists::concurrent_marks_end_at_the_highest,
    lists::a_list_shows_both_parties_their_chat,
    lists::what_nobody_sees_moves_no_chat,
    lists::a_list_is_cut_at_its_limit,
    outbox::owed_rows_come_in_order_and_whole,
    outbox::an_intent_is_found_until_it_is_settled,
    outbox::heartbeats_are_kept_until_forgotten,
    epochs::an_epoch_goes_on_until_one_begins_and_voids_it,
    epochs::of_two_that_begin_an_epoch_one_does,
    originals::rows_come_in_the_order_of_their_names,
    originals::a_row_that_is_there_is_overwritten,
    originals::each_order_has_its_own,
    originals::an_order_of_many_volumes_has_all_of_them,
    originals::a_node_that_lags_behind_overwrites_as_well,
    originals::as_many_as_one_batch_needs_are_kept_at_once,
    originals::rows_that_make_no_sense_are_invalid,
    audit::rows_come_newest_first_from_any_time,
    audit::repeating_adds_nothing,
    audit::everybody_sees_what_was_recorded,
    audit::a_row_says_little,
    settings::the_first_value_stands,
    settings::of_many_that_keep_one_is_kept,
    settings::a_value_is_replaced_only_by_who_knows_it,
    settings::of_many_that_replace_one_does,
    settings::what_makes_no_sense_is_invalid,
];

/// Runs every case, each to its end whatever the others do; fails with the names of those that failed.
pub async fn run(engine: &dyn Engine) {
    let only = std::env::var("SOUK_CASE").unwrap_or_default();
    let mut failed = Vec::new();
    for (name, case) in CASES.iter().filter(|(name, _)| name.contains(&only)) {
        let started = std::time::Instant::now();
        let passed = AssertUnwindSafe(case(engine)).catch_unwind().await.is_ok();
        println!("{} {name} ({:?})", if passed { "ok    " } else { "FAILED" }, started.elapsed());
        if !passed {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "cases that failed: {failed:#?}");
}
