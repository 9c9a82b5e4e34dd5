//! Edits and maskings in every company: a model says what the log holds, and every way of reading must say the same.

use std::sync::Arc;

use souk_chat::log::{Body, Seq};
use souk_chat::ports::store::{Appended, StoreError};
use souk_chat::{ChatState, Message, Side};
use souk_moderation::Categories;

use super::Engine;
use super::chat::{own_key, step};
use super::refusals::assert_refused;
use super::scene::Scene;

pub async fn several_messages_are_masked_at_once(engine: &dyn Engine) {
    let mut scene = Scene::new(engine).await;
    scene.fill(6).await;
    scene.send_whole(|scene| scene.mask(&[Seq(5), Seq(2), Seq(4)])).await;
    scene.assert_read(engine).await;
    let entry = scene.chat.store.entries(scene.chat.id(), Seq(6), 9).await.unwrap().pop().unwrap();
    let Body::Masking(masked) = &entry.body else { panic!("{entry:?}") };
    // In the order they were given.
    assert_eq!(masked.iter().map(|message| message.seq.0).collect::<Vec<_>>(), [5, 2, 4]);
    for message in masked {
        assert_eq!((message.version, message.rev, message.edited_at), (2, Seq(7), None));
        assert!(message.is_moderated && message.content.ends_with("***"));
        assert_ne!(message.flags, Categories::EMPTY);
    }
    // Nobody wrote anything: counts stay.
    assert_eq!(scene.chat.head.counts, scene.model.log[5].counts);
}

pub async fn a_message_is_edited_and_masked_in_turns(engine: &dyn Engine) {
    let mut scene = Scene::new(engine).await;
    scene.fill(3).await;
    // The second half stands in another volume than the message, where there are several.
    for n in 0..6 {
        scene.send_whole(|scene| if n % 2 == 0 { scene.edit(Seq(2)) } else { scene.mask(&[Seq(2), Seq(1)]) }).await;
        scene.assert_read(engine).await;
    }
    let (one, two) = (scene.model.now[&Seq(1)].clone(), scene.model.now[&Seq(2)].clone());
    assert_eq!((two.version, two.edited_at.is_some(), two.is_moderated), (7, true, true));
    assert_eq!((one.version, one.edited_at, one.is_moderated), (4, None, true));
    assert_eq!(scene.chat.message(Seq(2)).await, *two);
}

pub async fn a_batch_mixes_messages_and_changes(engine: &dyn Engine) {
    let mut scene = Scene::new(engine).await;
    scene.fill(2).await;
    // What `completing a number` does: the message, and what came before it is masked after the fact; all of it one write.
    scene
        .send_whole(|scene| {
            let made = scene.say(Side::Client);
            scene.mask(&[Seq(1), made]);
            scene.edit(Seq(1));
            scene.edit(made);
            scene.say(Side::Contractor);
        })
        .await;
    scene.assert_read(engine).await;
    // The same message three times in one batch, between others; here or in the next volume.
    scene.fill(9).await;
    scene
        .send_whole(|scene| {
            scene.mask(&[Seq(1), Seq(2)]);
            scene.edit(Seq(2));
            scene.nothing();
            scene.mask(&[Seq(2)]);
        })
        .await;
    assert_eq!(scene.chat.message(Seq(2)).await.version, 4);
    scene.assert_read(engine).await;
}

pub async fn changes_reach_over_volumes_ends(engine: &dyn Engine) {
    let mut scene = Scene::new(engine).await;
    let size = engine.volume().unwrap_or(8);
    scene.fill(2 * size + 3).await;
    // One message of each volume, the current one included, and one made by the batch itself.
    scene
        .send_whole(|scene| {
            let made = scene.say(Side::Client);
            scene.mask(&[Seq(1), Seq(size), Seq(size + 1), Seq(2 * size + 1), made]);
        })
        .await;
    scene.assert_read(engine).await;
    // The same ones, now that their overlays are there; then from one volume farther, where they are not.
    scene.send_whole(|scene| scene.mask(&[Seq(1), Seq(size + 1), Seq(2 * size + 1)])).await;
    scene.fill(3 * size + 1).await;
    scene
        .send_whole(|scene| {
            scene.edit(Seq(1));
            scene.mask(&[Seq(size + 1), Seq(1), Seq(2 * size + 1), Seq(3 * size + 1)]);
        })
        .await;
    scene.assert_read(engine).await;
}

pub async fn a_batch_is_cut_before_a_change(engine: &dyn Engine) {
    let Some(size) = engine.volume() else { return };
    // The entries of the batch that still fit: the message alone, the message and its masking, …
    for room in 1..=4 {
        let mut scene = Scene::new(engine).await;
        scene.fill(size - room).await;
        let draw = |scene: &mut Scene| {
            let made = scene.say(Side::Client);
            scene.mask(&[Seq(1), made]);
            scene.edit(made);
            scene.mask(&[made, Seq(1)]);
            scene.say(Side::Contractor);
        };
        draw(&mut scene);
        let (batch, fits) = (scene.batch.clone(), usize::try_from(room).unwrap());
        assert_eq!(scene.send().await, fits, "as many as fit");
        scene.assert_read(engine).await;
        // The rest follows under the same numbers, in the next volume.
        assert_eq!(scene.chat.try_append(&batch[fits..]).await.unwrap(), Appended::Refused);
        scene.chat.look().await;
        assert!(matches!(scene.chat.try_append(&batch[fits..]).await.unwrap(), Appended::Applied(_)));
        scene.model.apply(&batch[fits..]);
        scene.forget();
        scene.assert_read(engine).await;
    }
}

pub async fn one_moved_version_refuses_the_whole_batch(engine: &dyn Engine) {
    let mut scene = Scene::new(engine).await;
    let size = engine.volume().unwrap_or(8);
    // 1 stands in an earlier volume, 9 and 10 in the current one, 11 is an entry that made no message.
    scene.fill(size + 2).await;
    scene.send_whole(Scene::nothing).await;
    scene.send_whole(|scene| scene.mask(&[Seq(1), Seq(size + 1)])).await;
    let (near, far, calm, none) = (Seq(size + 1), Seq(1), Seq(size + 2), Seq(size + 3));
    for (target, version) in [(near, 2), (near, 4), (far, 2), (far, 4), (none, 2), (Seq(2), 3)] {
        for place in 0..3 {
            // Another message of the same masking, whose version is right, does not help, nor does a new message beside it.
            let mut masked = vec![scene.masked(calm), scene.masked(Seq(3))];
            let of = scene.drawn.now.get(&target).unwrap_or(&scene.drawn.now[&calm]).clone();
            let moved = Message { seq: target, version, rev: scene.head.seq.next(), ..(*of).clone() };
            masked.insert(place, Arc::new(moved));
            scene.add(scene.chat.entry_after(&scene.head, own_key("moved"), Body::Masking(masked)));
            scene.say(Side::Client);
            assert_refused(&scene.chat, &scene.chat.head, &scene.batch).await;
            scene.forget();
        }
    }
    scene.assert_read(engine).await;
    // With the right versions all of it goes through.
    scene.send_whole(|scene| scene.mask(&[calm, near, far])).await;
    scene.assert_read(engine).await;
}

pub async fn changes_that_make_no_sense_are_invalid(engine: &dyn Engine) {
    let mut scene = Scene::new(engine).await;
    scene.fill(2).await;
    let one = scene.masked(Seq(1));
    let entry = |scene: &Scene, id: &str, body| scene.chat.entry_after(&scene.head, own_key(id), body);
    let changed = |change: fn(&mut Message)| {
        let mut message = (*one).clone();
        change(&mut message);
        Arc::new(message)
    };
    let skipped = {
        let first = entry(&scene, "a", Body::Edit(one.clone()));
        let head = step(&scene.head, &first);
        let second = Message { rev: head.seq.next(), version: one.version + 2, ..(*one).clone() };
        vec![first, scene.chat.entry_after(&head, own_key("b"), Body::Edit(Arc::new(second)))]
    };
    for (what, batch) in [
        ("the same message twice in one masking", {
            let again = changed(|message| message.version += 1);
            vec![entry(&scene, "twice", Body::Masking(vec![one.clone(), again]))]
        }),
        ("a version that skips one inside the batch", skipped),
        ("a first version", vec![entry(&scene, "v1", Body::Edit(changed(|message| message.version = 1)))]),
        ("another entry's number", vec![entry(&scene, "rev", Body::Edit(changed(|message| message.rev = Seq(2))))]),
        ("a message that comes later", vec![entry(&scene, "seq", Body::Edit(changed(|message| message.seq = Seq(3))))]),
    ] {
        let answer = scene.chat.store.append(scene.chat.id(), &scene.chat.head, &batch).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{what}: {answer:?}");
    }
    scene.assert_read(engine).await;
}

pub async fn a_closed_chat_can_be_masked(engine: &dyn Engine) {
    let mut scene = Scene::new(engine).await;
    scene.fill(7).await;
    scene.add(scene.chat.entry_after(&scene.head, own_key("close"), Body::Closing));
    assert_eq!(scene.send().await, 1);
    scene.send_whole(|scene| scene.mask(&[Seq(3), Seq(7)])).await;
    assert_eq!(scene.chat.head.state, ChatState::Closed);
    scene.assert_read(engine).await;
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

pub async fn a_long_life_reads_as_it_was_lived(engine: &dyn Engine) {
    for seed in [0x51ED, 0x71CE] {
        let mut dice = Dice(seed);
        let mut scene = Scene::new(engine).await;
        scene.fill(3).await;
        for round in 0..30 {
            let wanted = 1 + dice.roll(8);
            while scene.batch.len() < wanted {
                let known = scene.drawn.now.len();
                let pick = |dice: &mut Dice, scene: &Scene| scene.drawn.nth(dice.roll(known)).seq;
                match dice.roll(8) {
                    0..=2 => drop(scene.say(Side::Client)),
                    3 => drop(scene.say(Side::Contractor)),
                    4 => scene.nothing(),
                    5 | 6 => {
                        let target = pick(&mut dice, &scene);
                        scene.edit(target);
                    }
                    _ => {
                        let mut targets: Vec<Seq> = (0..1 + dice.roll(4)).map(|_| pick(&mut dice, &scene)).collect();
                        targets.sort_unstable();
                        targets.dedup();
                        scene.mask(&targets);
                    }
                }
            }
            // Two nodes take turns, each with the head that the other left.
            scene.chat.store = if round % 2 == 0 { engine.rival() } else { engine.store() };
            scene.send().await;
            if round % 10 == 9 {
                scene.model.assert_read(&scene.chat).await;
            }
        }
        scene.assert_read(engine).await;
        let changed = scene.model.now.values().filter(|message| message.version > 2).count();
        assert!(changed > 5 && scene.model.log.len() > 60, "too little happened to say anything: {changed} changed");
    }
}
