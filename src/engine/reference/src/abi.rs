//! What crosses the boundary: borrowed slices in, one owned reply out, never a panic.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::Failure;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    ptr: *const u8,
    len: usize,
}

impl Slice {
    const EMPTY: Self = Self { ptr: std::ptr::null(), len: 0 };

    fn of_static(text: &'static str) -> Self {
        Self { ptr: text.as_ptr(), len: text.len() }
    }

    /// For the time of a callback.
    pub fn borrow(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len() }
    }

    /// # Safety
    /// The caller of the export promised `len` readable bytes at `ptr` until the export returns.
    pub unsafe fn bytes<'call>(self) -> &'call [u8] {
        if self.len == 0 {
            return &[];
        }
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
}

#[repr(C)]
pub struct Buffer {
    ptr: *mut u8,
    len: usize,
    capacity: usize,
}

impl Buffer {
    const EMPTY: Self = Self { ptr: std::ptr::null_mut(), len: 0, capacity: 0 };

    fn own(bytes: Vec<u8>) -> Self {
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        Self { ptr: bytes.as_mut_ptr(), len: bytes.len(), capacity: bytes.capacity() }
    }

    /// # Safety
    /// `self` came out of `own` and is not used again.
    unsafe fn release(&mut self) {
        if !self.ptr.is_null() {
            drop(unsafe { Vec::from_raw_parts(self.ptr, self.len, self.capacity) });
        }
        *self = Self::EMPTY;
    }
}

#[repr(C)]
pub struct Reply {
    status: i32,
    name: Slice,
    bytes: Buffer,
    payload: Buffer,
}

impl Reply {
    fn success(bytes: Vec<u8>) -> Self {
        Self { status: 0, name: Slice::EMPTY, bytes: Buffer::own(bytes), payload: Buffer::EMPTY }
    }

    fn failure(failure: Failure) -> Self {
        Self {
            status: failure.status,
            name: Slice::of_static(failure.name),
            bytes: Buffer::own(failure.message.into_bytes()),
            payload: Buffer::own(failure.payload),
        }
    }
}

/// Runs one export's work and writes its outcome, whatever happens inside.
///
/// # Safety
/// `reply` points to memory for one reply, whose former content is not looked at.
pub unsafe fn answer(reply: *mut Reply, work: impl FnOnce() -> Result<Vec<u8>, Failure>) {
    let outcome = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Failure::panic(panic_text(panic.as_ref()))));
    let value = match outcome {
        Ok(bytes) => Reply::success(bytes),
        Err(failure) => Reply::failure(failure),
    };
    unsafe { reply.write(value) };
}

pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a text".to_owned()
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_reply_free(reply: *mut Reply) {
    unsafe {
        (*reply).bytes.release();
        (*reply).payload.release();
    }
}
