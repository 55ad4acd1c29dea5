//! The exports and the import of the module: texts in its memory (`wit/module.md`). The only file
//! with unsafe code.

#![allow(unsafe_code, reason = "texts are passed as addresses in the memory")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

use crate::call;

/// The version of the interface; raised when an existing host could no longer use it.
const VERSION: u32 = 1;

#[link(wasm_import_module = "scimlet")]
unsafe extern "C" {
    #[link_name = "call"]
    fn host_call(address: *const u8, length: usize) -> u64;
}

#[unsafe(no_mangle)]
extern "C" fn abi_version() -> u32 {
    VERSION
}

#[unsafe(no_mangle)]
extern "C" fn allocate(length: usize) -> *mut u8 {
    let Some(layout) = layout(length) else { return std::ptr::dangling_mut() };
    // SAFETY: the layout's size is not 0.
    let address = unsafe { alloc(layout) };
    if address.is_null() {
        handle_alloc_error(layout);
    }
    address
}

/// # Safety
/// `address` is from [`allocate`] with this length, or an answer of [`call`], and not freed yet.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(address: *mut u8, length: usize) {
    if let Some(layout) = layout(length) {
        // SAFETY: by this function's contract, it was allocated with this layout.
        unsafe { dealloc(address, layout) };
    }
}

/// # Safety
/// `address` is from [`allocate`] with this length, and given up by the caller.
#[unsafe(no_mangle)]
unsafe extern "C" fn call(address: *mut u8, length: usize) -> u64 {
    // SAFETY: by this function's contract.
    let text = unsafe { taken(address, length) };
    let answer = call::run(text).into_boxed_slice();
    let length = answer.len();
    let address = Box::into_raw(answer).cast::<u8>();
    (address as u64) << 32 | length as u64
}

/// Sends a text to the host and returns its answer.
pub fn ask(text: &[u8]) -> Vec<u8> {
    // SAFETY: the host reads the text before it returns, and its answer is from `allocate` with the
    // length that it returns.
    unsafe {
        let answer = host_call(text.as_ptr(), text.len());
        taken((answer >> 32) as usize as *mut u8, (answer & 0xffff_ffff) as usize)
    }
}

/// # Safety
/// `address` is from [`allocate`] with this length.
unsafe fn taken(address: *mut u8, length: usize) -> Vec<u8> {
    if length == 0 {
        return Vec::new();
    }
    // SAFETY: `allocate` uses the layout of a vector of bytes with this capacity.
    unsafe { Vec::from_raw_parts(address, length, length) }
}

/// Returns the layout of a text; `None` if it is empty.
fn layout(length: usize) -> Option<Layout> {
    let layout = Layout::array::<u8>(length).expect("a text is smaller than the memory");
    (length > 0).then_some(layout)
}
