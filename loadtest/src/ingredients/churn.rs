//! Phones that come and go.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::context::{Context, exponential};
use crate::crowd::Crowd;
use crate::device::Command;
use crate::scenario::Churn;

/// Lets devices go away and come back, until dropped.
pub(crate) async fn churn(churn: Churn, crowd: Arc<Crowd>, context: Arc<Context>) {
    let mut random = StdRng::seed_from_u64(context.seed ^ 0xc0de);
    let mean = Duration::from_secs_f64(1.0 / churn.rate);
    let mut next = tokio::time::Instant::now();
    loop {
        next += exponential(mean, random.random());
        tokio::time::sleep_until(next).await;
        let Some(commands) = crowd.any_phone(random.random()) else { continue };
        let away = exponential(churn.away, random.random());
        let half_open = random.random::<f64>() < churn.half_open;
        // A device that is busy coming back is not sent away again.
        drop(commands.try_send(Command::Leave { away, half_open }));
    }
}
