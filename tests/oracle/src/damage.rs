//! Ways in which bytes of a good object go wrong on their way.

use rand::Rng;
use rand_chacha::ChaCha20Rng;

const P: u64 = 0xffff_ffff_0000_0001;

/// One damaged copy. The places near the start count as much as all others together: there stand the
/// lengths and tags that decide how the rest is read.
pub fn damage(rng: &mut ChaCha20Rng, good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let times = if rng.random_ratio(1, 4) { 2 } else { 1 };
    for _ in 0..times {
        damage_once(rng, &mut bytes);
    }
    bytes
}

fn damage_once(rng: &mut ChaCha20Rng, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        bytes.push(rng.random());
        return;
    }
    let len = bytes.len();
    let at = if rng.random() { rng.random_range(0..len) } else { rng.random_range(0..len.min(48)) };
    match rng.random_range(0..10) {
        0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
        2 => bytes[at] = rng.random(),
        3 => bytes[at] = bytes[at].wrapping_add(if rng.random() { 1 } else { 255 }),
        4 => bytes[at] = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff][rng.random_range(0..7)],
        5 => bytes.truncate(at),
        6 => {
            let tail = rng.random_range(1..40);
            bytes.extend((0..tail).map(|_| rng.random::<u8>()));
        }
        // What is no field element, or the largest that is.
        7 => {
            let value = [P, P - 1, P + 1, u64::MAX, 0, 1 << 63][rng.random_range(0..6)];
            let from = if rng.random() { at & !7 } else { at };
            for (byte, new) in bytes[from..].iter_mut().zip(value.to_le_bytes()) {
                *byte = new;
            }
        }
        // A piece is lost, or comes twice.
        8 => {
            let size = [1, 2, 8, 15, 32][rng.random_range(0..5)].min(len - at);
            bytes.drain(at..at + size);
        }
        _ => {
            let size = [1, 2, 8, 15, 32, 64][rng.random_range(0..6)].min(len - at);
            let piece = bytes[at..at + size].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}
