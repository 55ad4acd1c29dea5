//! Preinitialization (wizer): a component whose memory is as it is after an instance has parsed the
//! built-in data, so that no instance has to parse it again.

use std::borrow::Cow;
use std::path::Path;

use futures_util::FutureExt;
use wasmtime::component::{Component, Instance, Lift, Linker, WasmList};
use wasmtime::error::Context;
use wasmtime::{Error, Result, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use super::engine;
use super::limits::Limits;
use crate::bindings::Plugin as Guest;

/// The most fuel that preparing may use: many times what it needs.
const STEPS: u64 = 200_000_000;

/// Returns the component with the state after `provider.prepare` as its initial state; the
/// unchanged component, after a warning, if that fails.
pub(super) fn preinitialized<'c>(
    component: &'c [u8],
    limits: &Limits,
    cache: Option<&Path>,
) -> Cow<'c, [u8]> {
    let prepared = prepared(component, limits, cache).now_or_never();
    let prepared = prepared.context("it waits for something").flatten();
    prepared.map_or_else(
        |error| {
            tracing::warn!("every instance starts unprepared: {error:#}");
            component.into()
        },
        Cow::Owned,
    )
}

/// Runs one instance whose imports all trap, and takes its snapshot.
async fn prepared(component: &[u8], limits: &Limits, cache: Option<&Path>) -> Result<Vec<u8>> {
    let mut wizer = Wizer::new();
    wizer.keep_init_func(true);
    let (context, instrumented) = wizer.instrument_component(component)?;
    let engine = engine::of_image(cache)?;
    let instrumented = Component::new(&engine, &instrumented)?;
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&instrumented)?;
    let memory = StoreLimitsBuilder::new().memory_size(limits.memory).build();
    let mut store = Store::new(&engine, memory);
    store.limiter(|memory| memory);
    store.set_fuel(STEPS)?;
    let instance = linker.instantiate_async(&mut store, &instrumented).await?;
    let guest = Guest::new(&mut store, &instance)?;
    let provider = guest.scimlet_plugin_provider();
    provider.call_prepare(&mut store).await?;
    let mut accessors = Accessors { store, instance, failure: None };
    let image = wizer.snapshot_component(&context, &mut accessors).await;
    accessors.failure.map_or(image, Err)
}

/// Wizer's access to the prepared instance. Its interface has no errors, so the first one is kept
/// here.
struct Accessors {
    store: Store<StoreLimits>,
    instance: Instance,
    failure: Option<Error>,
}

impl Accessors {
    async fn read<R: Lift + 'static>(&mut self, instance: &str, function: &str) -> Option<R> {
        let read = self.call(instance, function).await;
        read.map_err(|error| self.failure.get_or_insert(error)).ok()
    }

    async fn call<R: Lift + 'static>(&mut self, instance: &str, function: &str) -> Result<R> {
        let Self { store, instance: of, .. } = self;
        let none = || format!("`{instance}` has no `{function}`");
        let (_, index) = of.get_export(&mut *store, None, instance).with_context(none)?;
        let index = of.get_export(&mut *store, Some(&index), function);
        let (_, index) = index.with_context(none)?;
        let function = of.get_typed_func::<(), (R,)>(&mut *store, index)?;
        Ok(function.call_async(store, ()).await?.0)
    }
}

impl ComponentInstanceState for Accessors {
    async fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        func: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
        if let Some(bytes) = self.read::<WasmList<u8>>(instance, func).await {
            contents(bytes.as_le_slice(&self.store));
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.read(instance, func).await.unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.read(instance, func).await.unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        let value: Option<f32> = self.read(instance, func).await;
        value.unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        let value: Option<f64> = self.read(instance, func).await;
        value.unwrap_or_default().to_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::COMPONENT;

    #[test]
    fn the_component_can_be_prepared() {
        let image = prepared(COMPONENT, &Limits::default(), None).now_or_never();
        let image = image.expect("it waits for nothing").expect("it is prepared");
        // The policies of the presets are part of it.
        assert!(image.len() > COMPONENT.len() + 50_000, "{}", image.len());
    }
}
