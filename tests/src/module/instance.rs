//! The module's memory protocol: texts that go in and come out of an instance.

use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, anyhow};
use wasmtime::{
    Cache, CacheConfig, Caller, Config, Engine, Extern, ExternType, Func, InstancePre, Linker,
    Memory, Module, Store, StoreLimits, StoreLimitsBuilder, TypedFunc,
};

use crate::contract;

/// The module as the build script built it.
pub const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimlet-module.wasm"));

/// Answers a call of the module; an error ends the instance.
pub type Import = Box<dyn FnMut(&[u8]) -> anyhow::Result<Vec<u8>> + Send>;

struct Host {
    import: Import,
    /// A call that the import makes of the instance that called it, before it answers.
    nested: Option<Vec<u8>>,
    nested_answer: Vec<u8>,
    limits: StoreLimits,
}

/// An instance. After an error it is of no use.
pub struct Instance {
    store: Store<Host>,
    memory: Memory,
    allocate: TypedFunc<u32, u32>,
    free: TypedFunc<(u32, u32), ()>,
    call: TypedFunc<(u32, u32), u64>,
}

impl Instance {
    /// A fresh instance, whose calls nobody answers yet.
    ///
    /// # Errors
    /// If the module has other exports than `wit/module.md` says.
    pub fn new() -> anyhow::Result<Self> {
        Self::of(linked()?)
    }

    /// A fresh instance of the contract of stores.
    ///
    /// # Errors
    /// As of [`Self::new`].
    pub fn of_contract() -> anyhow::Result<Self> {
        static LINKED: LazyLock<anyhow::Result<InstancePre<Host>>> =
            LazyLock::new(|| compiled(contract::MODULE));
        Self::of(LINKED.as_ref().map_err(|error| anyhow!("{error:#}"))?)
    }

    fn of(linked: &InstancePre<Host>) -> anyhow::Result<Self> {
        let (nested, nested_answer) = (None, Vec::new());
        let limits = StoreLimits::default();
        let host = Host { import: unanswered(), nested, nested_answer, limits };
        let mut store = Store::new(linked.module().engine(), host);
        store.limiter(|host| &mut host.limits);
        let instance = linked.instantiate(&mut store).map_err(plain)?;
        let version = instance.get_typed_func::<(), u32>(&mut store, "abi_version");
        let version = version.and_then(|version| version.call(&mut store, ())).map_err(plain)?;
        anyhow::ensure!(version == 1, "version {version}");
        Ok(Self {
            memory: instance.get_memory(&mut store, "memory").context("no memory")?,
            allocate: instance.get_typed_func(&mut store, "allocate").map_err(plain)?,
            free: instance.get_typed_func(&mut store, "free").map_err(plain)?,
            call: instance.get_typed_func(&mut store, "call").map_err(plain)?,
            store,
        })
    }

    /// Sets who answers the module's calls.
    pub fn answered_by(&mut self, import: Import) {
        self.store.data_mut().import = import;
    }

    /// Lets the next answer of the import first call the instance that asks, which is forbidden.
    pub fn nest(&mut self, call: Vec<u8>) {
        self.store.data_mut().nested = Some(call);
    }

    /// The answer to the call of [`Self::nest`].
    #[must_use]
    pub fn nested_answer(&self) -> &[u8] {
        &self.store.data().nested_answer
    }

    /// Lets the memory grow by so many bytes and no more.
    pub fn limit(&mut self, bytes: usize) {
        let most = self.memory.data_size(&self.store) + bytes;
        self.store.data_mut().limits = StoreLimitsBuilder::new().memory_size(most).build();
    }

    /// Bytes of memory.
    #[must_use]
    pub fn size(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// The memory as it is between calls, for [`Self::restore`].
    #[must_use]
    pub fn image(&self) -> Vec<u8> {
        self.memory.data(&self.store).to_vec()
    }

    /// Continues a fresh instance from an image.
    ///
    /// # Errors
    /// If the memory cannot grow to it.
    pub fn restore(&mut self, image: &[u8]) -> anyhow::Result<()> {
        let missing = image.len().saturating_sub(self.size()).div_ceil(65536);
        self.memory.grow(&mut self.store, missing as u64).map_err(plain)?;
        self.memory.write(&mut self.store, 0, image)?;
        Ok(())
    }

    /// Passes a text to the module, and returns its answer.
    ///
    /// # Errors
    /// If the module traps, or an import fails.
    pub fn call(&mut self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        let length = u32::try_from(text.len())?;
        let address = self.allocate.call(&mut self.store, length).map_err(plain)?;
        self.memory.write(&mut self.store, address as usize, text)?;
        let answer = self.call.call(&mut self.store, (address, length)).map_err(plain)?;
        let (address, length) = parts(answer);
        let bytes = self.memory.data(&self.store)[address as usize..][..length as usize].to_vec();
        self.free.call(&mut self.store, (address, length)).map_err(plain)?;
        Ok(bytes)
    }
}

fn unanswered() -> Import {
    Box::new(|_| Err(anyhow!("nobody answers the module")))
}

/// The address of a text and its length.
fn parts(packed: u64) -> (u32, u32) {
    ((packed >> 32) as u32, packed as u32)
}

/// The module's imports and exports, as `import scimlet.call func`.
///
/// # Errors
/// If it is not WebAssembly.
pub fn interface() -> anyhow::Result<Vec<String>> {
    let module = linked()?.module();
    let kind = |of: ExternType| match of {
        ExternType::Func(_) => "func",
        ExternType::Memory(_) => "memory",
        _ => "other",
    };
    let imports = module.imports();
    let imports =
        imports.map(|of| format!("import {}.{} {}", of.module(), of.name(), kind(of.ty())));
    let exports = module.exports().map(|of| format!("export {} {}", of.name(), kind(of.ty())));
    Ok(imports.chain(exports).collect())
}

fn linked() -> anyhow::Result<&'static InstancePre<Host>> {
    static LINKED: LazyLock<anyhow::Result<InstancePre<Host>>> = LazyLock::new(|| compiled(MODULE));
    LINKED.as_ref().map_err(|error| anyhow!("{error:#}"))
}

fn compiled(module: &[u8]) -> anyhow::Result<InstancePre<Host>> {
    let mut cache = CacheConfig::new();
    cache.with_directory(Path::new(env!("OUT_DIR")).join("compiled"));
    let mut config = Config::new();
    config.cache(Cache::new(cache).ok());
    let engine = Engine::new(&config).map_err(plain)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("scimlet", "call", imported).map_err(plain)?;
    let module = Module::new(&engine, module).map_err(plain)?;
    linker.instantiate_pre(&module).map_err(plain)
}

fn imported(mut caller: Caller<'_, Host>, address: u32, length: u32) -> wasmtime::Result<u64> {
    let memory = memory(&mut caller)?;
    if let Some(call) = caller.data_mut().nested.take() {
        let (address, length) = put(&mut caller, memory, &call)?;
        let call = function(&mut caller, "call")?.typed::<(u32, u32), u64>(&caller)?;
        let (address, length) = parts(call.call(&mut caller, (address, length))?);
        let answer = memory.data(&caller)[address as usize..][..length as usize].to_vec();
        caller.data_mut().nested_answer = answer;
    }
    let (bytes, host) = memory.data_and_store_mut(&mut caller);
    let text = &bytes[address as usize..][..length as usize];
    let answer = (host.import)(text);
    let answer = answer.map_err(|error| wasmtime::Error::msg(format!("{error:#}")))?;
    let (address, length) = put(&mut caller, memory, &answer)?;
    Ok(u64::from(address) << 32 | u64::from(length))
}

/// Writes a text into room of its own.
fn put(caller: &mut Caller<'_, Host>, memory: Memory, text: &[u8]) -> wasmtime::Result<(u32, u32)> {
    let length = text.len() as u32;
    let allocate = function(caller, "allocate")?.typed::<u32, u32>(&caller)?;
    let address = allocate.call(&mut *caller, length)?;
    memory.write(caller, address as usize, text)?;
    Ok((address, length))
}

fn memory(caller: &mut Caller<'_, Host>) -> wasmtime::Result<Memory> {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    memory.ok_or_else(|| wasmtime::Error::msg("no memory"))
}

fn function(caller: &mut Caller<'_, Host>, name: &str) -> wasmtime::Result<Func> {
    let function = caller.get_export(name).and_then(Extern::into_func);
    function.ok_or_else(|| wasmtime::Error::msg(format!("no `{name}`")))
}

fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:?}")
}
