//! The threads that proofs spread over.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::stack::STACK_BYTES;

/// Recursion goes on on the pool's threads, from less deep.
const POOL_STACK_BYTES: usize = 16 << 20;

/// Of proofs that are not being made.
static FREE: Mutex<Vec<Arc<ThreadPool>>> = Mutex::new(Vec::new());

/// One pool of the whole process, for everything; and when several proofs are made at once, another
/// one for each of them with its part of the threads. Two proofs on half of the threads each are
/// done sooner than two that share all: what cannot be spread of one does not wait for the other.
/// The first call decides.
pub fn build(threads: usize, proofs_at_once: usize) {
    let is_first = ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(POOL_STACK_BYTES)
        .thread_name(|index| format!("prove-{index}"))
        .build_global()
        .is_ok();
    if !is_first || proofs_at_once < 2 {
        return;
    }
    let threads = rayon::current_num_threads();
    let pools = (0..proofs_at_once).filter_map(|pool| {
        let with_one_more = usize::from(pool < threads % proofs_at_once);
        ThreadPoolBuilder::new()
            .num_threads((threads / proofs_at_once + with_one_more).max(1))
            // The whole proof runs here.
            .stack_size(STACK_BYTES)
            .thread_name(move |index| format!("prove-{pool}-{index}"))
            .build()
            .ok()
            .map(Arc::new)
    });
    FREE.lock().unwrap_or_else(PoisonError::into_inner).extend(pools);
}

/// Runs a proof on threads of its own, where there are any left.
pub fn on_own_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    match free {
        Some(pool) => GivenBack(pool).0.install(work),
        None => work(),
    }
}

/// Also when a proof panics.
struct GivenBack(Arc<ThreadPool>);

impl Drop for GivenBack {
    fn drop(&mut self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.0.clone());
    }
}
