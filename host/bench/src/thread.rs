//! How the load generator shares a machine with the service that it asks.

/// From here on this thread interrupts nobody when an answer arrives for it: on the same machine a service would be thrown off its
/// processor after each answer, and only the switching would be measured. Linux alone has such a policy (`SCHED_BATCH`); elsewhere, and
/// where it is refused, all stays as it is.
pub(super) fn yield_to_the_service() {
    #[cfg(target_os = "linux")]
    linux::yield_to_the_service();
}

#[cfg(target_os = "linux")]
mod linux {
    use thread_priority::unix::{set_thread_priority_and_policy, thread_native_id};
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    };

    /// Niceness 0 as the crate counts, which sets it beside the policy.
    const AS_IT_IS: u8 = 48;

    pub(super) fn yield_to_the_service() {
        let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);
        let Ok(as_it_is) = ThreadPriorityValue::try_from(AS_IT_IS) else {
            return;
        };
        let set = set_thread_priority_and_policy(
            thread_native_id(),
            ThreadPriority::Crossplatform(as_it_is),
            policy,
        );
        if let Err(error) = set {
            tracing::debug!("the load generator interrupts the service: {error}");
        }
    }
}
