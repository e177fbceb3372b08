//! Hashes, signatures, texts: what everything else stands on.

use miden_protocol::account::{AccountId, AccountType};
use miden_protocol::address::NetworkId;
use miden_protocol::crypto::dsa::ecdsa_k256_keccak::{PublicKey, Signature, SigningKey};
use miden_protocol::note::{NoteAttachment, NoteAttachmentScheme, NoteAttachments};
use miden_protocol::utils::serde::{Deserializable, Serializable};
use miden_protocol::{Felt, Hasher, Word, ZERO};
use miden_standards::note::NetworkAccountTarget;
use rand::Rng;
use rand_chacha::ChaCha20Rng;

use crate::Outcome;
use crate::record::Oracle;
use crate::values::{account_id, any_account_id, felt, pick, word};

type R = ChaCha20Rng;

pub fn emit(oracle: &mut Oracle) -> Outcome {
    let mut own = oracle.rng.clone();
    own.set_stream(8);
    let rng = &mut own;
    hashes(oracle, rng)?;
    for _ in 0..4 {
        signature(oracle, rng)?;
        texts(oracle, rng)?;
        network_target(oracle, rng)?;
    }
    Ok(())
}

/// Question: felt domain, elements to the end. Words: their hash, the same in the domain, the merge
/// of the first two words in the domain.
fn hashes(oracle: &mut Oracle, rng: &mut R) -> Outcome {
    let count = if rng.random_ratio(1, 10) { 500 } else { rng.random_range(8..40) };
    let elements: Vec<Felt> = (0..count).map(|_| felt(rng)).collect();
    let domain = felt(rng);
    let mut question = domain.to_bytes();
    elements.iter().for_each(|element| element.write_into(&mut question));
    let halves = [0, 4].map(|i| Word::from([0, 1, 2, 3].map(|j| elements[i + j])));
    oracle.question("Hash", &question, || {
        let words = vec![
            Hasher::hash_elements(&elements),
            Hasher::hash_elements_in_domain(&elements, domain),
            Hasher::merge(&halves),
            Hasher::merge_in_domain(&halves, domain),
        ];
        Ok((vec![], words))
    })
}

fn yes_or_no(yes: bool) -> Word {
    Word::from([u32::from(yes), 0, 0, 0])
}

/// Questions: a secret key and a message, answer: public key, signature; a public key, a message and
/// a signature, word: 1 when valid, answer: the key that it recovers to, if any.
fn signature(oracle: &mut Oracle, rng: &mut R) -> Outcome {
    let key = SigningKey::with_rng(rng);
    let message = word(rng);
    let signed = key.sign(message);
    let public = key.public_key();
    oracle.question("Sign", &[key.to_bytes(), message.to_bytes()].concat(), || {
        Ok(([public.to_bytes(), signed.to_bytes()].concat(), vec![]))
    })?;

    // The order of the group, its half, and their neighbours.
    const N: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    const HALF: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
    let number = |hex: &str| -> Vec<u8> {
        (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect()
    };
    let mut bytes = signed.to_bytes();
    let mut message = message;
    match rng.random_range(0..8) {
        0 => bytes[rng.random_range(0..65)] ^= 1 << rng.random_range(0..8),
        1 => message = word(rng),
        2 => bytes[64] = rng.random_range(0..4),
        3 => {
            // n - s: as valid as s by the mathematics, but high.
            let (order, mut borrow) = (number(N), 0i32);
            for i in (0..32).rev() {
                let mut digit = i32::from(order[i]) - i32::from(bytes[32 + i]) - borrow;
                borrow = i32::from(digit < 0);
                digit += 256 * borrow;
                bytes[32 + i] = digit as u8;
            }
            bytes[64] ^= u8::from(rng.random::<bool>());
        }
        4 | 5 => {
            let mut edge = number(if rng.random() { N } else { HALF });
            edge[31] = edge[31].wrapping_add(rng.random_range(0..3)).wrapping_sub(1);
            if rng.random_ratio(1, 4) {
                edge = vec![[0, 0xff][rng.random_range(0..2)]; 32];
            }
            let at = [0, 32][rng.random_range(0..2)];
            bytes[at..at + 32].copy_from_slice(&edge);
        }
        _ => {}
    }
    let Ok(signature) = Signature::read_from_bytes(&bytes) else { return Ok(()) };
    let question = [public.to_bytes(), message.to_bytes(), bytes].concat();
    oracle.question("Verify", &question, || {
        let recovered = PublicKey::recover_from(message, &signature);
        let recovered = recovered.map(|key| key.to_bytes()).unwrap_or_default();
        Ok((recovered, vec![yes_or_no(public.verify(message, &signature))]))
    })
}

/// Questions: an account id, answer: its texts, each followed by a newline; a text, answer: the
/// account id; a text, word: itself.
fn texts(oracle: &mut Oracle, rng: &mut R) -> Outcome {
    let id = any_account_id(rng);
    let bech32 = [NetworkId::Mainnet, NetworkId::Testnet, NetworkId::Devnet]
        .map(|network| id.to_bech32(network));
    let all = format!("{}\n{}\n", id.to_hex(), bech32.join("\n"));
    oracle.question("AccountId to text", &id.to_bytes(), || Ok((all.into_bytes(), vec![])))?;

    let text = if rng.random() { id.to_hex() } else { pick(rng, &bech32).clone() };
    let text = scribble(rng, text);
    oracle.question("AccountId from text", text.as_bytes(), || {
        let (id, _) = AccountId::parse(&text).map_err(|error| error.to_string())?;
        Ok((id.to_bytes(), vec![]))
    })?;
    let text = word(rng).to_hex();
    let text = scribble(rng, text);
    oracle.question("Word from text", text.as_bytes(), || {
        let word = Word::try_from(text.as_str()).map_err(|error| error.to_string())?;
        Ok((word.to_hex().into_bytes(), vec![word]))
    })
}

fn scribble(rng: &mut R, text: String) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = rng.random_range(0..chars.len());
    match rng.random_range(0..10) {
        0 => chars[at] = *pick(rng, &['0', 'f', 'q', 'Z', '1', ' ', 'x', 'é']),
        1 => drop(chars.remove(at)),
        2 => chars.insert(at, *pick(rng, &['0', 'q'])),
        3 => chars.truncate(at),
        4 => return text.to_uppercase(),
        5 => chars[at] = chars[at].to_ascii_uppercase(),
        6 => return text.replacen("0x", "0X", 1),
        _ => {}
    }
    chars.into_iter().collect()
}

/// Question: attachments of a public note. Answer: the account it is for, u64 execution hint; refused
/// when it is for none.
fn network_target(oracle: &mut Oracle, rng: &mut R) -> Outcome {
    let kind = if rng.random_ratio(1, 6) { AccountType::Private } else { AccountType::Public };
    let id = account_id(rng, kind);
    let payload = [0, 1, 0xff_ffff, 0x100_0000, rng.random(), rng.random::<u64>() >> 40]
        [rng.random_range(0..6)];
    let hint = (payload << 8 | rng.random_range(0..5)) % 0xffff_ffff_0000_0001;
    let last = if rng.random_ratio(1, 4) { felt(rng) } else { ZERO };
    let mut target = [id.suffix(), id.prefix().as_felt(), Felt::new(hint)?, last];
    if rng.random_ratio(1, 10) {
        target[rng.random_range(0..2)] = felt(rng);
    }
    let words = vec![Word::from(target); if rng.random_ratio(1, 10) { 2 } else { 1 }];
    let scheme = |number| NoteAttachmentScheme::new(number);
    let mut attachments = vec![NoteAttachment::with_words(scheme(2)?, words)?];
    if rng.random_ratio(1, 3) {
        let other = scheme(rng.random_range(1..4))?;
        attachments.insert(rng.random_range(0..2), NoteAttachment::with_word(other, word(rng)));
    }
    let attachments = NoteAttachments::new(attachments)?;
    oracle.question("Network target", &attachments.to_bytes(), || {
        let target =
            NetworkAccountTarget::try_from(&attachments).map_err(|error| error.to_string())?;
        let hint = u64::from(target.execution_hint());
        Ok(([target.target_id().to_bytes(), hint.to_bytes()].concat(), vec![]))
    })
}
