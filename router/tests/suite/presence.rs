use souk_router::Parts;

use super::{World, eventually, user};

async fn online(parts: &Parts, names: &[&str]) -> Option<Vec<bool>> {
    let users: Vec<_> = names.iter().map(|name| user(name)).collect();
    parts.presence.online(&users).await.ok()
}

async fn sees(parts: &Parts, names: &[&str], wanted: &[bool]) {
    eventually(&format!("{names:?} are {wanted:?}"), async || online(parts, names).await.as_deref() == Some(wanted))
        .await;
}

pub(crate) async fn a_person_is_online_for_every_node(world: &impl World) {
    let (a, b) = (world.node("a"), world.node("b"));
    a.presence.set(&user("ann"), 1);
    b.presence.set(&user("bob"), 2);
    for parts in [&a, &b] {
        sees(parts, &["zoe", "ann", "bob", "zoe"], &[false, true, true, false]).await;
    }
    sees(&a, &[], &[]).await;
}

pub(crate) async fn the_count_is_absolute(world: &impl World) {
    let (a, b) = (world.node("a"), world.node("b"));
    a.presence.set(&user("ann"), 3);
    sees(&b, &["ann"], &[true]).await;
    a.presence.set(&user("ann"), 1);
    a.presence.set(&user("ann"), 0);
    sees(&b, &["ann"], &[false]).await;
    assert_eq!(a.metrics.people.get(), 0);
}

pub(crate) async fn a_person_on_two_nodes_is_online_until_both_say_gone(world: &impl World) {
    let (a, b, c) = (world.node("a"), world.node("b"), world.node("c"));
    a.presence.set(&user("ann"), 1);
    b.presence.set(&user("ann"), 1);
    // Told after ann by the same node: when it is seen, so is she.
    a.presence.set(&user("mark-a"), 1);
    b.presence.set(&user("mark-b"), 1);
    sees(&c, &["ann", "mark-a", "mark-b"], &[true, true, true]).await;
    a.presence.set(&user("ann"), 0);
    a.presence.set(&user("mark-a"), 0);
    sees(&c, &["ann", "mark-a"], &[true, false]).await;
    b.presence.set(&user("ann"), 0);
    sees(&c, &["ann"], &[false]).await;
}

pub(crate) async fn a_node_that_leaves_takes_its_people(world: &impl World) {
    let (a, b) = (world.node("a"), world.node("b"));
    a.presence.set(&user("ann"), 1);
    b.presence.set(&user("bob"), 1);
    sees(&b, &["ann", "bob"], &[true, true]).await;
    a.presence.leave().await;
    sees(&b, &["ann", "bob"], &[false, true]).await;
}

pub(crate) async fn what_this_node_said_counts_at_once(world: &impl World) {
    let a = world.node("a");
    a.presence.set(&user("ann"), 1);
    assert_eq!(online(&a, &["ann"]).await, Some(vec![true]));
}
