//! Lists as no honest writer gives them: too long, out of order, with one element twice.

use miden_protocol::account::{
    AccountStorage, AccountStorageHeader, StorageMap, StorageSlotHeader,
};
use miden_protocol::asset::AssetVault;
use miden_protocol::crypto::merkle::smt::SmtLeaf;
use miden_protocol::note::{NoteAssets, NoteAttachments, NoteStorage, NoteType};
use miden_protocol::transaction::{
    InputNoteCommitment, InputNotes, OrderedTransactionHeaders, OutputNotes,
};
use miden_protocol::utils::serde::{ByteWriter, Serializable};
use rand::Rng;

use crate::Outcome;
use crate::record::{Oracle, Subject};
use crate::values::{
    asset, attachment, felt, named, note_header, output_note, slot, storage_map,
    transaction_header, word,
};

fn one_byte(count: usize, out: &mut Vec<u8>) {
    out.write_u8(count as u8);
}

fn two_bytes(count: usize, out: &mut Vec<u8>) {
    out.write_u16(count as u16);
}

fn vint(count: usize, out: &mut Vec<u8>) {
    out.write_usize(count);
}

fn list<T: Subject>(
    oracle: &mut Oracle,
    write_count: impl Fn(usize, &mut Vec<u8>),
    items: &[impl Serializable],
) -> Outcome {
    let items: Vec<Vec<u8>> = items.iter().map(Serializable::to_bytes).collect();
    let mut variants = vec![items.clone(), items.iter().rev().cloned().collect()];
    if let (Some(first), Some(last)) = (items.first(), items.last()) {
        variants.push([items.as_slice(), std::slice::from_ref(first)].concat());
        variants.push([items.as_slice(), std::slice::from_ref(last)].concat());
    }
    for variant in variants {
        let mut bytes = Vec::new();
        write_count(variant.len(), &mut bytes);
        bytes.extend(variant.concat());
        oracle.crafted::<T>(&bytes)?;
    }
    Ok(())
}

pub fn emit(oracle: &mut Oracle) -> Outcome {
    let mut own = oracle.rng.clone();
    own.set_stream(6);
    let rng = &mut own;
    // At a limit's two sides, or few.
    let limit = rng.random_ratio(1, 10);
    let few = rng.random_range(1..5);
    let mut size = |most: usize| if limit { most + rng.random_range(0..2) } else { few };
    let (assets, felts, attachments) = (size(64), size(1024), size(4));
    let (inputs, outputs, entries) = (size(1024), size(1024), size(1024));
    let rng = &mut own;

    let items: Vec<_> = (0..assets).map(|_| asset(rng)).collect();
    list::<NoteAssets>(oracle, one_byte, &items)?;
    list::<AssetVault>(oracle, vint, &items)?;
    let items: Vec<_> = (0..felts).map(|_| felt(rng)).collect();
    list::<NoteStorage>(oracle, two_bytes, &items)?;
    let items: Vec<_> = (0..attachments).map(|_| attachment(rng)).collect();
    list::<NoteAttachments>(oracle, one_byte, &items)?;
    let items: Vec<_> = (0..inputs)
        .map(|_| {
            let header = rng.random_ratio(1, 4).then(|| note_header(rng, NoteType::Public));
            InputNoteCommitment::from_parts_unchecked(named(rng), header)
        })
        .collect();
    list::<InputNotes<InputNoteCommitment>>(oracle, two_bytes, &items)?;
    // A note of its own for each would be large.
    let note = output_note(rng).to_bytes();
    let items: Vec<Vec<u8>> = (0..outputs.min(few)).map(|_| output_note(rng).to_bytes()).collect();
    let mut bytes = Vec::new();
    two_bytes(items.len() + 2, &mut bytes);
    bytes.extend([items.concat(), note.clone(), note].concat());
    oracle.crafted::<OutputNotes>(&bytes)?;
    let items: Vec<_> = (0..few).map(|_| slot(rng)).collect();
    list::<AccountStorage>(oracle, one_byte, &items)?;
    let items: Vec<_> = items
        .iter()
        .map(|slot| StorageSlotHeader::new(slot.name().clone(), slot.slot_type(), slot.value()))
        .collect();
    list::<AccountStorageHeader>(oracle, one_byte, &items)?;
    let items: Vec<_> = storage_map(rng).entries().map(|(key, value)| (*key, *value)).collect();
    list::<StorageMap>(oracle, vint, &items)?;
    let items: Vec<_> = (0..few).map(|_| transaction_header(rng)).collect();
    list::<OrderedTransactionHeaders>(oracle, vint, &items)?;

    let index = felt(rng);
    let items: Vec<_> = (0..entries)
        .map(|_| {
            let key = word(rng);
            ([key[0], key[1], key[2], index], word(rng))
        })
        .map(|(key, value)| (miden_protocol::Word::from(key), value))
        .collect();
    let with_index = |count: usize, out: &mut Vec<u8>| {
        vint(count, out);
        index.write_into(out);
    };
    list::<SmtLeaf>(oracle, with_index, &items)
}
