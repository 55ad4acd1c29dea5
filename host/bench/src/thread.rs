//! How the load generator shares a machine with the service that it measures.

/// Stops this thread from preempting other processes when a response arrives: on the same machine a
/// service would otherwise lose its processor after each response, and mainly context switches
/// would be measured. Only Linux has such a policy (`SCHED_BATCH`); elsewhere, and where it is
/// refused, nothing changes.
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

    /// Niceness 0 in the crate's scale; the crate sets it together with the policy.
    const UNCHANGED: u8 = 48;

    pub(super) fn yield_to_the_service() {
        let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);
        let Ok(unchanged) = ThreadPriorityValue::try_from(UNCHANGED) else {
            return;
        };
        let set = set_thread_priority_and_policy(
            thread_native_id(),
            ThreadPriority::Crossplatform(unchanged),
            policy,
        );
        if let Err(error) = set {
            tracing::debug!("the load generator interrupts the service: {error}");
        }
    }
}
