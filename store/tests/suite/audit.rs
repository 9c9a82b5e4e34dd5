//! The audit log. It is one for the whole store: each case looks at the rows of its own people.

use futures_util::future::join_all;
use souk_chat::ports::{AuditAction, AuditId, AuditRow, Store, StoreError};
use souk_chat::{OrderId, Role, Timestamp, UserId};

use super::Engine;
use super::chat::fresh;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const NOW: i64 = 1_790_000_000_000;

fn admin() -> UserId {
    UserId::new(&fresh("admin")).unwrap()
}

fn row(actor: &UserId, at: i64, number: u64) -> AuditRow {
    AuditRow {
        id: AuditId { at: Timestamp(at), number },
        actor: actor.clone(),
        role: Role::Admin,
        action: AuditAction::OriginalsRead,
        order: Some(OrderId::new(&format!("o-{}", number % 7)).unwrap()),
        details: format!("page {number} 😀").into(),
    }
}

/// The rows of `actor`, read with all others in pages of `page`.
async fn all(store: &dyn Store, actor: &UserId, page: usize) -> Vec<AuditRow> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let rows = store.audit(before, page).await.unwrap();
        assert!(rows.len() <= page, "{} rows where at most {page} were asked for", rows.len());
        assert!(rows.is_sorted_by(|one, next| one.id > next.id), "not newest first");
        assert!(rows.first().is_none_or(|first| before.is_none_or(|before| first.id < before)), "a row is told twice");
        before = rows.last().map(|row| row.id).or(before);
        let last = rows.len() < page;
        all.extend(rows.into_iter().filter(|row| row.actor == *actor));
        if last {
            return all;
        }
    }
}

pub async fn rows_come_newest_first_from_any_time(engine: &dyn Engine) {
    let actor = admin();
    let mut rows: Vec<_> = [
        // The ends of an hour, a day, and what lies years and more apart; before 1970 as well.
        [NOW / HOUR * HOUR, NOW / HOUR * HOUR - 1, NOW / DAY * DAY, NOW / DAY * DAY - 1, NOW, NOW + 1, NOW + 40 * DAY],
        [NOW - 400 * DAY, NOW - 4_000 * DAY, 0, -1, -HOUR, -HOUR - 1, NOW - HOUR],
    ]
    .as_flattened()
    .iter()
    .map(|at| row(&actor, *at, 5))
    .collect();
    // Of one millisecond, by number, over all 64 bits.
    rows.extend([0, 1, 4, 6, (1 << 63) - 1, 1 << 63, u64::MAX].map(|number| row(&actor, NOW, number)));
    // More hours than are read at once, with one row each.
    rows.extend((1..=30).map(|n| row(&actor, NOW - 50 * DAY - n * 3 * HOUR, n.unsigned_abs())));
    let mut shuffled = rows.clone();
    shuffled.sort_by_key(|row| (row.id.at.0 % 7, row.id.number));
    for (n, row) in shuffled.iter().enumerate() {
        let store = if n % 3 == 0 { engine.rival() } else { engine.store() };
        store.record(row).await.unwrap();
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    for store in [engine.store(), engine.rival()] {
        for page in [1, 2, 3, 10, 100] {
            assert_eq!(all(&*store, &actor, page).await, rows, "by {page}");
        }
        // From a place where no row is.
        let before = AuditId { at: Timestamp(NOW), number: 3 };
        assert_eq!(store.audit(Some(before), 2).await.unwrap(), [row(&actor, NOW, 1), row(&actor, NOW, 0)]);
        assert!(store.audit(None, 0).await.unwrap().is_empty());
    }
}

pub async fn repeating_adds_nothing(engine: &dyn Engine) {
    let actor = admin();
    let one = AuditRow { order: None, details: "".into(), role: Role::Service, ..row(&actor, NOW - 7 * DAY, 1 << 63) };
    for _ in 0..3 {
        engine.store().record(&one).await.unwrap();
        engine.rival().record(&one).await.unwrap();
    }
    assert_eq!(all(&*engine.store(), &actor, 10).await, [one]);
}

pub async fn everybody_sees_what_was_recorded(engine: &dyn Engine) {
    let actor = admin();
    let (store, rival) = (engine.store(), engine.rival());
    // Several write into one hour and beside it.
    let rows: Vec<_> = (0..40).map(|n| row(&actor, NOW - 9 * DAY + (n % 4) * HOUR, n.unsigned_abs())).collect();
    let writes = rows.iter().enumerate().map(async |(n, row)| {
        let (mine, theirs) = if n % 2 == 0 { (&store, &rival) } else { (&rival, &store) };
        mine.record(row).await.unwrap();
        // At once, wherever it is read.
        let from = AuditId { at: row.id.at, number: row.id.number + 1 };
        assert_eq!(theirs.audit(Some(from), 1).await.unwrap(), std::slice::from_ref(row));
    });
    join_all(writes).await;
    let mut rows = rows.clone();
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    assert_eq!(all(&*rival, &actor, 7).await, rows);
}

pub async fn a_row_says_little(engine: &dyn Engine) {
    let actor = admin();
    let longest = AuditRow { details: "é".repeat(256).into(), ..row(&actor, NOW - 11 * DAY, 1) };
    engine.store().record(&longest).await.unwrap();
    let longer = AuditRow { details: format!("{}.", longest.details).into(), ..row(&actor, NOW - 11 * DAY, 2) };
    let refused = engine.store().record(&longer).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert_eq!(all(&*engine.store(), &actor, 10).await, [longest]);
}
