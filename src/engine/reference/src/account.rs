//! Operation 13: new accounts out of components.

use std::collections::BTreeSet;

use miden_protocol::Word;
use miden_protocol::account::auth::{AuthScheme, AuthSecretKey};
use miden_protocol::account::component::{AccountComponentCode, AccountComponentMetadata};
use miden_protocol::account::{
    Account, AccountBuilder, AccountComponent, AccountType, StorageSlot,
};
use miden_protocol::assembly::Library;
use miden_protocol::note::NoteScriptRoot;
use miden_protocol::transaction::TransactionScriptRoot;
use miden_protocol::utils::serde::{
    ByteReader, ByteWriter, Deserializable, DeserializationError, Serializable, SliceReader,
};
use miden_standards::account::auth::{AuthNetworkAccount, AuthSingleSig};
use miden_standards::account::wallets::BasicWallet;

use crate::abi::{Reply, Slice, answer};
use crate::failure::Failure;
use crate::genesis::key_and_init_seed;
use crate::stack::on_deep_stack;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_account_build(spec: Slice, reply: *mut Reply) {
    unsafe {
        let bytes = spec.bytes();
        answer(reply, || {
            on_deep_stack(|| {
                let (account, key) = build(Spec::read_from(&mut SliceReader::new(bytes))?)?;
                let account = account.to_bytes();
                let mut out = Vec::new();
                out.write_usize(account.len());
                out.write_bytes(&account);
                out.write_bytes(&key.map(|key| key.to_bytes()).unwrap_or_default());
                Ok(out)
            })
        })
    }
}

enum Auth {
    SingleSig,
    NetworkAccount { note_scripts: Vec<Word>, tx_scripts: Vec<Word> },
}

struct Component {
    code: Library,
    slots: Vec<StorageSlot>,
}

/// seed (32 bytes) ‖ bool public ‖ u8 authentication: 0 for one signature, 1 for a network account
/// with vec of note script roots ‖ vec of transaction script roots; then bool whether it is a basic
/// wallet, too ‖ vec of (Library ‖ vec of StorageSlot).
struct Spec {
    seed: [u8; 32],
    is_public: bool,
    auth: Auth,
    has_basic_wallet: bool,
    components: Vec<Component>,
}

impl Deserializable for Component {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        Ok(Self { code: source.read()?, slots: source.read()? })
    }
}

impl Deserializable for Spec {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        Ok(Self {
            seed: source.read()?,
            is_public: source.read_bool()?,
            auth: match source.read_u8()? {
                0 => Auth::SingleSig,
                1 => Auth::NetworkAccount {
                    note_scripts: source.read()?,
                    tx_scripts: source.read()?,
                },
                _ => {
                    let text = "unknown kind of authentication".to_owned();
                    return Err(DeserializationError::InvalidValue(text));
                }
            },
            has_basic_wallet: source.read_bool()?,
            components: source.read()?,
        })
    }
}

fn build(spec: Spec) -> Result<(Account, Option<AuthSecretKey>), Failure> {
    let (key, init_seed) = key_and_init_seed(spec.seed);
    let (auth, key) = match spec.auth {
        Auth::SingleSig => {
            let public_key = key.public_key().into();
            let auth = AuthSingleSig::new(public_key, AuthScheme::Falcon512Poseidon2);
            (AccountComponent::from(auth), Some(AuthSecretKey::Falcon512Poseidon2(key)))
        }
        Auth::NetworkAccount { note_scripts, tx_scripts } => {
            let notes: BTreeSet<_> =
                note_scripts.into_iter().map(NoteScriptRoot::from_raw).collect();
            let scripts = tx_scripts.into_iter().map(TransactionScriptRoot::from_raw).collect();
            let auth = AuthNetworkAccount::with_allowed_notes(notes)
                .map_err(|error| Failure::of(80, "NetworkAccountNoteAllowlist", &error))?
                .with_allowed_tx_scripts(scripts);
            (AccountComponent::from(auth), None)
        }
    };

    let account_type = if spec.is_public { AccountType::Public } else { AccountType::Private };
    let mut builder =
        AccountBuilder::new(init_seed).account_type(account_type).with_auth_component(auth);
    if spec.has_basic_wallet {
        builder = builder.with_component(BasicWallet);
    }
    for (index, Component { code, slots }) in spec.components.into_iter().enumerate() {
        // Metadata describes components for those who install them; it is no part of the account.
        let metadata = AccountComponentMetadata::new(format!("component-{index}"));
        let component = AccountComponent::new(AccountComponentCode::from(code), slots, metadata)
            .map_err(|error| Failure::of(80, "Account", &error))?;
        builder = builder.with_component(component);
    }
    let account = builder.build().map_err(|error| Failure::of(80, "Account", &error))?;
    Ok((account, key))
}
