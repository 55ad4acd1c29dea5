//! Calls that end in the middle: the import fails, or the memory is used up. What was committed
//! stands whole, and the instance answers nothing more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{bail, ensure};
use libtest_mimic::Trial;
use scimlet::store::Store;
use scimlet_tests::module::{Instance, over};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::calls::{ADA, blocking, call, configured, request};
use super::trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        trial("module::a_trap_leaves_nothing_half_written", traps),
        trial("module::too_little_memory_leaves_nothing_half_written", no_memory),
        trial("module::a_call_within_a_call_gets_an_error", nested),
    ]
}

/// Fails at each call of the store in turn, before it and after it, until the request succeeds.
async fn traps() -> anyhow::Result<()> {
    let mut committed = 0;
    for position in 0.. {
        for before in [true, false] {
            let store = configured().await?;
            let fault = Fault { position, before };
            let (made, ended) = blocking(move |runtime| fault.create(store, runtime)).await?;
            if ended {
                ensure!(made == 1 && position > 2 && committed == 1, "{position}: {made} users");
                return Ok(());
            }
            ensure!(made <= 1, "{made} users");
            committed += made;
        }
    }
    Ok(())
}

/// A call of the store that fails.
struct Fault {
    position: usize,
    /// Whether the store does not even see the call.
    before: bool,
}

impl Fault {
    /// Creates a user. Returns how many are there then, and whether there was no fault.
    fn create(self, store: Arc<dyn Store>, runtime: Handle) -> anyhow::Result<(u64, bool)> {
        let mut instance = Instance::new()?;
        let calls = AtomicUsize::new(0);
        let mut stored = over(store.clone(), runtime.clone());
        instance.answered_by(Box::new(move |text| {
            let fails = calls.fetch_add(1, Ordering::Relaxed) == self.position;
            if fails && self.before {
                bail!("the store did not get the call");
            }
            let answer = stored(text)?;
            if fails {
                bail!("the module did not get the answer");
            }
            Ok(answer)
        }));
        let create = call("provider.handle", 7, &request("POST", "/Users", ADA));
        let ended = instance.call(&create).is_ok();
        if !ended {
            refuses(&mut instance)?;
        }
        Ok((whole_users(store, runtime)?, ended))
    }
}

/// After a trap the instance answers each call with an error.
fn refuses(instance: &mut Instance) -> anyhow::Result<()> {
    let answer = instance.call(&call("provider.handle", 8, &request("GET", "/Users", "")))?;
    let answer: Value = serde_json::from_slice(&answer)?;
    ensure!(answer["error"].is_string(), "{answer}");
    Ok(())
}

/// How many users a fresh instance finds; each can be looked up by its userName, and no seat is
/// taken without a user.
fn whole_users(store: Arc<dyn Store>, runtime: Handle) -> anyhow::Result<u64> {
    let mut instance = Instance::new()?;
    instance.answered_by(over(store, runtime));
    let mut total = |query: &str| {
        let mut arguments = request("GET", "/Users", "");
        arguments["request"]["query"] = json!(query);
        let answer = instance.call(&call("provider.handle", 9, &arguments))?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let body = answer["return"]["body"].as_str().unwrap_or_default();
        let body: Value = serde_json::from_str(body)?;
        anyhow::Ok(body["totalResults"].as_u64())
    };
    let all = total("")?;
    let found = total("filter=userName%20eq%20%22ada%22")?;
    ensure!(all.is_some() && all == found, "{all:?} users, of which {found:?} are found");
    Ok(all.unwrap_or_default())
}

/// Has a page of memory more each time, until the request succeeds.
async fn no_memory() -> anyhow::Result<()> {
    for pages in 0.. {
        let store = configured().await?;
        let create = move |runtime: Handle| {
            let mut instance = Instance::new()?;
            instance.answered_by(over(store.clone(), runtime.clone()));
            instance.limit(pages * 65536);
            let create = call("provider.handle", 7, &request("POST", "/Users", ADA));
            let ended = instance.call(&create).is_ok();
            Ok((whole_users(store, runtime)?, ended))
        };
        let (made, ended) = blocking(create).await?;
        if ended {
            ensure!(made == 1 && pages > 0, "{pages}: {made} users");
            return Ok(());
        }
        ensure!(made <= 1, "{made} users");
    }
    Ok(())
}

/// The import calls the instance that called it: an error, and the outer call goes on.
async fn nested() -> anyhow::Result<()> {
    let store = configured().await?;
    blocking(move |runtime| {
        let mut instance = Instance::new()?;
        instance.answered_by(over(store.clone(), runtime.clone()));
        instance.nest(call("provider.handle", 8, &request("GET", "/Users", "")));
        let create = call("provider.handle", 7, &request("POST", "/Users", ADA));
        let answer: Value = serde_json::from_slice(&instance.call(&create)?)?;
        ensure!(answer["return"]["status"] == json!(201), "{answer}");
        let nested: Value = serde_json::from_slice(instance.nested_answer())?;
        ensure!(nested["error"].is_string(), "{nested}");
        ensure!(whole_users(store, runtime)? == 1, "another number of users");
        Ok(())
    })
    .await
}
