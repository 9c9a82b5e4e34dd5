//! Which faults bit. A run that met none of a kind has proved nothing about it.

use std::collections::BTreeMap;
use std::fmt;

/// Something that a run must have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Seen {
    AnswerLostThenFound,
    LandedLate,
    LandedLateRefused,
    RequestLost,
    StoreOutage,
    SlowAnswer,
    VolumeCrossed,
    HoleFilledFromStore,
    EnvelopeLost,
    DoubleDropped,
    EnvelopesOutOfOrder,
    PublishFailed,
    RouterCut,
    SubscriptionUnconfirmed,
    PresenceUnknown,
    LimitedButKnown,
    CrashWithSendsUnderWay,
    CrashBetweenWriteAndAnswer,
    HalfOpenConnection,
    JoinWithBacklog,
    JoinInParts,
    RetryAnswered,
    SameIdOnTwoNodes,
    ConflictAnswered,
    LeftWithSendOpen,
    RejoinedWithSendOpen,
    StrangerRefused,
    TextMasked,
    LossThatNothingShowed,
    MaskedAfterTheFact,
    MaskedByAnEdit,
    MaskingCutOff,
    Edited,
    EditUnchanged,
    EditOfAnothers,
    RefusedRecorded,
    SpamRefused,
    CameBackAfterRefusal,
    ClockWentBack,
    LossNoticed,
    DeviceToldOfLoss,
    NumbersGivenAgain,
    ViewReset,
    GoneUnseeing,
    NotifiedAfterwards,
    LanePanicked,
    CommandPanicked,
    ConnectionPanicked,
    PublishPanicked,
    FillPanicked,
    ComparePanicked,
    RepublishPanicked,
    EpochPanicked,
    AbsencesPanicked,
    /// What raises how far somebody got.
    MarksPanicked,
    /// Somebody was told how far another got.
    ToldOfMarks,
}

impl Seen {
    /// All of them.
    pub const ALL: [Self; 56] = [
        Self::AnswerLostThenFound,
        Self::LandedLate,
        Self::LandedLateRefused,
        Self::RequestLost,
        Self::StoreOutage,
        Self::SlowAnswer,
        Self::VolumeCrossed,
        Self::HoleFilledFromStore,
        Self::EnvelopeLost,
        Self::DoubleDropped,
        Self::EnvelopesOutOfOrder,
        Self::PublishFailed,
        Self::RouterCut,
        Self::SubscriptionUnconfirmed,
        Self::PresenceUnknown,
        Self::LimitedButKnown,
        Self::CrashWithSendsUnderWay,
        Self::CrashBetweenWriteAndAnswer,
        Self::HalfOpenConnection,
        Self::JoinWithBacklog,
        Self::JoinInParts,
        Self::RetryAnswered,
        Self::SameIdOnTwoNodes,
        Self::ConflictAnswered,
        Self::LeftWithSendOpen,
        Self::RejoinedWithSendOpen,
        Self::StrangerRefused,
        Self::TextMasked,
        Self::LossThatNothingShowed,
        Self::MaskedAfterTheFact,
        Self::MaskedByAnEdit,
        Self::MaskingCutOff,
        Self::Edited,
        Self::EditUnchanged,
        Self::EditOfAnothers,
        Self::RefusedRecorded,
        Self::SpamRefused,
        Self::CameBackAfterRefusal,
        Self::ClockWentBack,
        Self::LossNoticed,
        Self::DeviceToldOfLoss,
        Self::NumbersGivenAgain,
        Self::ViewReset,
        Self::GoneUnseeing,
        Self::NotifiedAfterwards,
        Self::LanePanicked,
        Self::CommandPanicked,
        Self::ConnectionPanicked,
        Self::PublishPanicked,
        Self::FillPanicked,
        Self::ComparePanicked,
        Self::RepublishPanicked,
        Self::EpochPanicked,
        Self::AbsencesPanicked,
        Self::MarksPanicked,
        Self::ToldOfMarks,
    ];

    /// That a task of this name panicked.
    pub fn of_panic(task: &str) -> Self {
        match task {
            "lane" => Self::LanePanicked,
            "command" => Self::CommandPanicked,
            "connection" => Self::ConnectionPanicked,
            "publish" => Self::PublishPanicked,
            "fill" => Self::FillPanicked,
            "compare" => Self::ComparePanicked,
            "republish" => Self::RepublishPanicked,
            "epoch" => Self::EpochPanicked,
            "absences" => Self::AbsencesPanicked,
            "marks" => Self::MarksPanicked,
            other => panic!("a task that nothing is known of: {other}"),
        }
    }
}

/// How often each thing was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<Seen, u64>);

impl Coverage {
    /// It was seen once more.
    pub fn saw(&mut self, what: Seen) {
        self.saw_times(what, 1);
    }

    /// It was seen some more times.
    pub fn saw_times(&mut self, what: Seen, times: u64) {
        if times > 0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// Adds what another run saw.
    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            self.saw_times(*what, *times);
        }
    }

    /// What was never seen.
    pub fn missing(&self) -> Vec<Seen> {
        Seen::ALL.into_iter().filter(|what| !self.0.contains_key(what)).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Seen::ALL.iter().try_for_each(|what| write!(f, "{what:?} {} ", self.0.get(what).copied().unwrap_or(0)))
    }
}
