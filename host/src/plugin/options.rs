//! The options of a plugin.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use super::cache;
use super::journal::{Journal, TracingJournal};
use super::limits::Limits;
use super::pool::PoolOptions;
use super::random::{OsRandom, Random};
use crate::COMPONENT;
use crate::clock::{Clock, SystemClock};

/// The options of a [`Plugin`](super::Plugin); the defaults suit production.
///
/// ```
/// use std::time::Duration;
/// use scimlet::PluginOptions;
/// use scimlet::plugin::{Limits, PoolOptions};
///
/// let mut limits = Limits::default();
/// limits.request = Duration::from_secs(5);
/// let options = PluginOptions::default().with_limits(limits).with_pool(PoolOptions::default());
/// # assert_eq!(options.limits.request.as_secs(), 5);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct PluginOptions {
    /// The component's bytes.
    pub component: Cow<'static, [u8]>,
    /// The limits of each request.
    pub limits: Limits,
    /// The folder where compiled code is cached for the next start; `None` compiles at each start.
    /// The folder is created if necessary, accessible only to its owner. A folder that other users
    /// can write to is not used, because cached code is executed.
    pub cache: Option<PathBuf>,
    /// How instances are pooled for further requests of their tenant; `None` creates a fresh
    /// instance for each request.
    pub pool: Option<PoolOptions>,
    /// The source of the time for guests.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes for guests.
    pub random: Arc<dyn Random>,
    /// The destination of guests' journal entries.
    pub journal: Arc<dyn Journal>,
}

impl Default for PluginOptions {
    fn default() -> Self {
        Self {
            component: COMPONENT.into(),
            limits: Limits::default(),
            cache: cache::default_folder(),
            pool: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            journal: Arc::new(TracingJournal),
        }
    }
}

impl PluginOptions {
    /// Sets the component's bytes.
    #[must_use]
    pub fn with_component(self, component: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { component: component.into(), ..self }
    }

    /// Sets the limits of each request.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the folder of compiled code, or none.
    #[must_use]
    pub fn with_cache(self, folder: impl Into<Option<PathBuf>>) -> Self {
        Self { cache: folder.into(), ..self }
    }

    /// Pools instances, or with `None` does not.
    #[must_use]
    pub fn with_pool(self, pool: impl Into<Option<PoolOptions>>) -> Self {
        Self { pool: pool.into(), ..self }
    }

    /// Sets the source of the time.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Sets the source of random bytes.
    #[must_use]
    pub fn with_random(self, random: Arc<dyn Random>) -> Self {
        Self { random, ..self }
    }

    /// Sets the destination of journal entries.
    #[must_use]
    pub fn with_journal(self, journal: Arc<dyn Journal>) -> Self {
        Self { journal, ..self }
    }
}
