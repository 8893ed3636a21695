"""Events: something is now a fact. Only events change state, and they carry results beside the change.

Fields are only ever added, with defaults. A name is never reused. Each file ends with the union of its own.
"""

from coxswain.messages.events.accounts import (
    AccountEvent,
)
from coxswain.messages.events.accounts import (
    AccountStateChanged as AccountStateChanged,
)
from coxswain.messages.events.accounts import (
    BalanceAdopted as BalanceAdopted,
)
from coxswain.messages.events.accounts import (
    DayStarted as DayStarted,
)
from coxswain.messages.events.algorithms import (
    AlgoAsked as AlgoAsked,
)
from coxswain.messages.events.algorithms import (
    AlgoEnded as AlgoEnded,
)
from coxswain.messages.events.algorithms import (
    AlgoEvent,
)
from coxswain.messages.events.algorithms import (
    AlgoStarted as AlgoStarted,
)
from coxswain.messages.events.archive import (
    ArchiveEvent,
)
from coxswain.messages.events.archive import (
    OrdersArchived as OrdersArchived,
)
from coxswain.messages.events.archive import (
    OrdersRecalled as OrdersRecalled,
)
from coxswain.messages.events.breakers import (
    BreakerChanged as BreakerChanged,
)
from coxswain.messages.events.breakers import (
    BreakerEvent,
)
from coxswain.messages.events.breakers import (
    BreakerTried as BreakerTried,
)
from coxswain.messages.events.contingent import (
    ContingentEvent,
)
from coxswain.messages.events.contingent import (
    SecondOrderDue as SecondOrderDue,
)
from coxswain.messages.events.control import (
    CommandRefused as CommandRefused,
)
from coxswain.messages.events.control import (
    ControlEvent,
)
from coxswain.messages.events.control import (
    FlatteningPlanned as FlatteningPlanned,
)
from coxswain.messages.events.control import (
    ModeChanged as ModeChanged,
)
from coxswain.messages.events.control import (
    ReleaseAsked as ReleaseAsked,
)
from coxswain.messages.events.control import (
    TradingResumed as TradingResumed,
)
from coxswain.messages.events.control import (
    TradingStopped as TradingStopped,
)
from coxswain.messages.events.engine import (
    CorrelationSet as CorrelationSet,
)
from coxswain.messages.events.engine import (
    EngineConfigured as EngineConfigured,
)
from coxswain.messages.events.engine import (
    EngineEvent,
)
from coxswain.messages.events.engine import (
    EngineStopped as EngineStopped,
)
from coxswain.messages.events.engine import (
    LiveConfirmed as LiveConfirmed,
)
from coxswain.messages.events.engine import (
    SessionSet as SessionSet,
)
from coxswain.messages.events.engine import (
    VolatilitySet as VolatilitySet,
)
from coxswain.messages.events.facts import (
    CommandNoted as CommandNoted,
)
from coxswain.messages.events.facts import (
    FactEvent,
)
from coxswain.messages.events.facts import (
    HostObserved as HostObserved,
)
from coxswain.messages.events.facts import (
    LeaseAdopted as LeaseAdopted,
)
from coxswain.messages.events.facts import (
    LeaseLost as LeaseLost,
)
from coxswain.messages.events.facts import (
    LocateSet as LocateSet,
)
from coxswain.messages.events.facts import (
    OrderPaced as OrderPaced,
)
from coxswain.messages.events.facts import (
    ReductionPaced as ReductionPaced,
)
from coxswain.messages.events.facts import (
    ReductionResumed as ReductionResumed,
)
from coxswain.messages.events.facts import (
    ReferencePriceSet as ReferencePriceSet,
)
from coxswain.messages.events.facts import (
    TradingHaltSet as TradingHaltSet,
)
from coxswain.messages.events.firms import (
    FirmDayStarted as FirmDayStarted,
)
from coxswain.messages.events.firms import (
    FirmEvent,
)
from coxswain.messages.events.firms import (
    FirmFlattened as FirmFlattened,
)
from coxswain.messages.events.firms import (
    FirmNoticed as FirmNoticed,
)
from coxswain.messages.events.firms import (
    FlatHoursSet as FlatHoursSet,
)
from coxswain.messages.events.kept import (
    CommandCarriedOut as CommandCarriedOut,
)
from coxswain.messages.events.kept import (
    CommandKept as CommandKept,
)
from coxswain.messages.events.kept import (
    CommandLapsed as CommandLapsed,
)
from coxswain.messages.events.kept import (
    CommandWithdrawn as CommandWithdrawn,
)
from coxswain.messages.events.kept import (
    KeptCommandsDue as KeptCommandsDue,
)
from coxswain.messages.events.kept import (
    KeptEvent,
)
from coxswain.messages.events.limits import (
    LimitChange as LimitChange,
)
from coxswain.messages.events.limits import (
    LimitEvent,
)
from coxswain.messages.events.limits import (
    LimitProposalEnded as LimitProposalEnded,
)
from coxswain.messages.events.limits import (
    LimitsChanged as LimitsChanged,
)
from coxswain.messages.events.limits import (
    LimitsProposed as LimitsProposed,
)
from coxswain.messages.events.losses import (
    LadderStepLeft as LadderStepLeft,
)
from coxswain.messages.events.losses import (
    LadderStepReached as LadderStepReached,
)
from coxswain.messages.events.losses import (
    LossEvent,
)
from coxswain.messages.events.orders import (
    CancelRefused as CancelRefused,
)
from coxswain.messages.events.orders import (
    CancelRequested as CancelRequested,
)
from coxswain.messages.events.orders import (
    OrderAccepted as OrderAccepted,
)
from coxswain.messages.events.orders import (
    OrderCanceled as OrderCanceled,
)
from coxswain.messages.events.orders import (
    OrderCreated as OrderCreated,
)
from coxswain.messages.events.orders import (
    OrderDenied as OrderDenied,
)
from coxswain.messages.events.orders import (
    OrderEvent,
)
from coxswain.messages.events.orders import (
    OrderExpired as OrderExpired,
)
from coxswain.messages.events.orders import (
    OrderFilled as OrderFilled,
)
from coxswain.messages.events.orders import (
    OrderRejected as OrderRejected,
)
from coxswain.messages.events.orders import (
    OrderReplaced as OrderReplaced,
)
from coxswain.messages.events.orders import (
    OrderRestated as OrderRestated,
)
from coxswain.messages.events.orders import (
    RenewalAsked as RenewalAsked,
)
from coxswain.messages.events.orders import (
    RenewalEnded as RenewalEnded,
)
from coxswain.messages.events.orders import (
    ReplaceRefused as ReplaceRefused,
)
from coxswain.messages.events.orders import (
    ReplaceRequested as ReplaceRequested,
)
from coxswain.messages.events.overrides import (
    OverrideApproved as OverrideApproved,
)
from coxswain.messages.events.overrides import (
    OverrideEnded as OverrideEnded,
)
from coxswain.messages.events.overrides import (
    OverrideEvent,
)
from coxswain.messages.events.overrides import (
    OverrideProposed as OverrideProposed,
)
from coxswain.messages.events.overrides import (
    OverrideUsed as OverrideUsed,
)
from coxswain.messages.events.plans import (
    ApprovalAwaited as ApprovalAwaited,
)
from coxswain.messages.events.plans import (
    AssignmentWithdrawn as AssignmentWithdrawn,
)
from coxswain.messages.events.plans import (
    CompletionEnded as CompletionEnded,
)
from coxswain.messages.events.plans import (
    CompletionScheduled as CompletionScheduled,
)
from coxswain.messages.events.plans import (
    PlanApproved as PlanApproved,
)
from coxswain.messages.events.plans import (
    PlanEvent,
)
from coxswain.messages.events.plans import (
    PlanExpired as PlanExpired,
)
from coxswain.messages.events.plans import (
    PlanModified as PlanModified,
)
from coxswain.messages.events.plans import (
    PlanProposed as PlanProposed,
)
from coxswain.messages.events.plans import (
    PlanRejected as PlanRejected,
)
from coxswain.messages.events.plans import (
    RecoveryAssigned as RecoveryAssigned,
)
from coxswain.messages.events.plans import (
    RecoveryFailed as RecoveryFailed,
)
from coxswain.messages.events.plans import (
    ReleasePostponed as ReleasePostponed,
)
from coxswain.messages.events.plans import (
    SignalAccepted as SignalAccepted,
)
from coxswain.messages.events.plans import (
    SignalDenied as SignalDenied,
)
from coxswain.messages.events.plans import (
    SignalDuplicated as SignalDuplicated,
)
from coxswain.messages.events.positions import (
    ExitEnded as ExitEnded,
)
from coxswain.messages.events.positions import (
    ExitRefused as ExitRefused,
)
from coxswain.messages.events.positions import (
    ExitStarted as ExitStarted,
)
from coxswain.messages.events.positions import (
    ExitTriedAgain as ExitTriedAgain,
)
from coxswain.messages.events.positions import (
    LessAtVenue as LessAtVenue,
)
from coxswain.messages.events.positions import (
    OrderTrailed as OrderTrailed,
)
from coxswain.messages.events.positions import (
    PositionChanged as PositionChanged,
)
from coxswain.messages.events.positions import (
    PositionEvent,
)
from coxswain.messages.events.positions import (
    ProtectionFailed as ProtectionFailed,
)
from coxswain.messages.events.positions import (
    ProtectionLevelsSet as ProtectionLevelsSet,
)
from coxswain.messages.events.positions import (
    ProtectionTriedAgain as ProtectionTriedAgain,
)
from coxswain.messages.events.positions import (
    StopTrailed as StopTrailed,
)
from coxswain.messages.events.positions import (
    SurplusFound as SurplusFound,
)
from coxswain.messages.events.reconciliation import (
    BalanceAdjusted as BalanceAdjusted,
)
from coxswain.messages.events.reconciliation import (
    BreakClosed as BreakClosed,
)
from coxswain.messages.events.reconciliation import (
    BreakFound as BreakFound,
)
from coxswain.messages.events.reconciliation import (
    CashBooked as CashBooked,
)
from coxswain.messages.events.reconciliation import (
    CashExplained as CashExplained,
)
from coxswain.messages.events.reconciliation import (
    ComparisonAsked as ComparisonAsked,
)
from coxswain.messages.events.reconciliation import (
    DifferenceGone as DifferenceGone,
)
from coxswain.messages.events.reconciliation import (
    OrderAdopted as OrderAdopted,
)
from coxswain.messages.events.reconciliation import (
    PositionAdopted as PositionAdopted,
)
from coxswain.messages.events.reconciliation import (
    Reconciled as Reconciled,
)
from coxswain.messages.events.reconciliation import (
    ReconciliationEvent,
)
from coxswain.messages.events.reconciliation import (
    ResolutionChosen as ResolutionChosen,
)
from coxswain.messages.events.reconciliation import (
    ResolutionRefused as ResolutionRefused,
)
from coxswain.messages.events.reversals import (
    FillBusted as FillBusted,
)
from coxswain.messages.events.reversals import (
    FillCorrected as FillCorrected,
)
from coxswain.messages.events.reversals import (
    ReversalEvent,
)
from coxswain.messages.events.reversals import (
    ReversalNoted as ReversalNoted,
)
from coxswain.messages.events.skips import (
    InputPassedOver as InputPassedOver,
)
from coxswain.messages.events.skips import (
    InputSkipped as InputSkipped,
)
from coxswain.messages.events.skips import (
    SkipEvent,
)
from coxswain.messages.events.spreads import (
    LeggingLimitReached as LeggingLimitReached,
)
from coxswain.messages.events.spreads import (
    LegStarted as LegStarted,
)
from coxswain.messages.events.spreads import (
    SpreadEnded as SpreadEnded,
)
from coxswain.messages.events.spreads import (
    SpreadEvent,
)
from coxswain.messages.events.spreads import (
    SpreadLeaving as SpreadLeaving,
)
from coxswain.messages.events.spreads import (
    SpreadLevelMissed as SpreadLevelMissed,
)
from coxswain.messages.events.spreads import (
    SpreadLevelReached as SpreadLevelReached,
)
from coxswain.messages.events.spreads import (
    SpreadLevelSeen as SpreadLevelSeen,
)
from coxswain.messages.events.spreads import (
    SpreadLevelsMoved as SpreadLevelsMoved,
)
from coxswain.messages.events.spreads import (
    SpreadMarked as SpreadMarked,
)
from coxswain.messages.events.spreads import (
    SpreadStarted as SpreadStarted,
)
from coxswain.messages.events.spreads import (
    SpreadStopped as SpreadStopped,
)
from coxswain.messages.events.spreads import (
    SpreadWatchChanged as SpreadWatchChanged,
)
from coxswain.messages.events.unknowns import (
    AbsenceNoted as AbsenceNoted,
)
from coxswain.messages.events.unknowns import (
    IncidentRaised as IncidentRaised,
)
from coxswain.messages.events.unknowns import (
    OrderFoundShort as OrderFoundShort,
)
from coxswain.messages.events.unknowns import (
    OrderResent as OrderResent,
)
from coxswain.messages.events.unknowns import (
    OrderSettled as OrderSettled,
)
from coxswain.messages.events.unknowns import (
    OutcomeResolved as OutcomeResolved,
)
from coxswain.messages.events.unknowns import (
    OutcomeUnknown as OutcomeUnknown,
)
from coxswain.messages.events.unknowns import (
    QuestionAsked as QuestionAsked,
)
from coxswain.messages.events.unknowns import (
    ReportQuarantined as ReportQuarantined,
)
from coxswain.messages.events.unknowns import (
    SettlementAsked as SettlementAsked,
)
from coxswain.messages.events.unknowns import (
    UnknownEvent,
)

Event = (
    EngineEvent
    | FactEvent
    | ControlEvent
    | KeptEvent
    | ContingentEvent
    | AccountEvent
    | PlanEvent
    | AlgoEvent
    | SpreadEvent
    | OrderEvent
    | UnknownEvent
    | PositionEvent
    | ReconciliationEvent
    | LimitEvent
    | LossEvent
    | BreakerEvent
    | OverrideEvent
    | FirmEvent
    | ReversalEvent
    | SkipEvent
    | ArchiveEvent
)
