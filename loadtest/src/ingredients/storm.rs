//! A cut of many connections at once.

use souk_testkit::proxy::{Fault, Proxy};
use tokio::time::sleep;

use crate::context::Context;
use crate::crowd::{Crowd, Target};
use crate::device::Command;
use crate::measure::watch::Watch;
use crate::recorder::Group;
use crate::scenario::{Cut, Storm};
use crate::target::{OwnNodes, TargetError};

/// The percentages whose time is told.
pub(crate) const MARKS: [usize; 4] = [50, 90, 99, 100];

/// What cuts: nodes of ours, and the proxies in front of them.
pub(crate) struct Cutter<'a> {
    pub(crate) own: Option<&'a mut OwnNodes>,
    pub(crate) proxies: &'a [Proxy],
    pub(crate) watch: &'a Watch,
    /// How many nodes there are.
    pub(crate) nodes: usize,
}

/// Waits for the storm's moment, cuts, ends the outage, and waits until everybody is back or the time for that is over.
pub(crate) async fn strike(storm: &Storm, mut cutter: Cutter<'_>, crowd: &Crowd, context: &Context) {
    sleep(storm.at).await;
    let victims = match storm.cut {
        Cut::Kill | Cut::Drain => crowd.victims(cutter.own.is_none(), |_, place| place % cutter.nodes == 0),
        Cut::None | Cut::Close | Cut::Network => crowd.victims(false, |group, _| group == Group::Cut),
    };
    let now = context.recorder.now();
    context.recorder.storm_begins(now);
    context.storm.begin(now, victims.iter().map(|victim| (victim.device, victim.live)));
    if let Err(why) = cutter.cut(storm.cut, &victims).await {
        context.remarks.add(|| format!("the storm did not break: {why}"));
    }
    let healing = async {
        if !storm.outage.is_zero() {
            sleep(storm.outage).await;
            if let Err(why) = cutter.heal(storm.cut).await {
                context.remarks.add(|| format!("the outage did not end: {why}"));
            }
        }
    };
    let returning = async {
        let back = context.storm.everybody(storm.within).await;
        context.recorder.storm_ends(context.recorder.now());
        back
    };
    let ((), back) = tokio::join!(healing, returning);
    if !back {
        let within = storm.within;
        context.remarks.add(|| format!("not everybody was back {within:?} after the cut"));
    }
}

impl Cutter<'_> {
    async fn cut(&mut self, how: Cut, victims: &[Target]) -> Result<(), TargetError> {
        match how {
            Cut::None => {}
            Cut::Close => {
                for victim in victims {
                    // One that is busy is told all the same: its turn comes.
                    let _ = victim.commands.send(Command::Cut).await;
                }
            }
            Cut::Network => self.proxies.iter().for_each(|proxy| {
                proxy.set(Fault::Down);
            }),
            // In a run of several processes the one that started the nodes cuts.
            Cut::Kill => {
                if let Some(own) = self.own.as_mut() {
                    own.kill(0)?;
                }
            }
            Cut::Drain => {
                if let Some(own) = self.own.as_mut() {
                    own.drain(0)?;
                }
            }
        }
        Ok(())
    }

    async fn heal(&mut self, how: Cut) -> Result<(), TargetError> {
        match how {
            Cut::None | Cut::Close => {}
            Cut::Network => self.proxies.iter().for_each(|proxy| {
                proxy.set(Fault::None);
            }),
            Cut::Kill | Cut::Drain => {
                if let Some(own) = self.own.as_mut() {
                    own.restart(0).await?;
                    self.watch.restarted(0, own.pid(0));
                }
            }
        }
        Ok(())
    }
}
