//! Operations 13, 14 and 18 for one purpose: the accounts of a genesis block, built in the order and
//! with the effects of the reference's bootstrap (spec/node-and-validator.md §4.3).

use std::collections::BTreeMap;

use miden_protocol::account::auth::{AuthScheme, AuthSecretKey};
use miden_protocol::account::{
    Account, AccountBuilder, AccountDelta, AccountFile, AccountId, AccountStorageDelta,
    AccountType, AccountVaultDelta, FungibleAssetDelta, NonFungibleAssetDelta,
};
use miden_protocol::asset::{AssetAmount, FungibleAsset, TokenSymbol};
use miden_protocol::crypto::dsa::falcon512_poseidon2::SecretKey;
use miden_protocol::crypto::rand::RandomCoin;
use miden_protocol::errors::{AccountDeltaError, AccountError, AssetError, TokenSymbolError};
use miden_protocol::utils::serde::{
    ByteReader, ByteWriter, Deserializable, DeserializationError, Serializable, SliceReader,
};
use miden_protocol::{Felt, ONE, Word};
use miden_standards::AuthMethod;
use miden_standards::account::auth::AuthSingleSig;
use miden_standards::account::faucets::{FungibleFaucet, FungibleFaucetError, TokenName};
use miden_standards::account::policies::{
    BurnPolicyConfig, MintPolicyConfig, PolicyRegistration, TokenPolicyManager,
    TokenPolicyManagerError,
};
use miden_standards::account::wallets::{BasicWalletError, create_basic_wallet};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::abi::{Reply, Slice, answer};
use crate::failure::Failure;
use crate::stack::on_deep_stack;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_genesis_accounts(spec: Slice, reply: *mut Reply) {
    unsafe {
        let bytes = spec.bytes();
        answer(reply, || {
            on_deep_stack(|| {
                let spec = Spec::read_from_bytes(bytes)?;
                Ok(encode(&build(spec)?))
            })
        })
    }
}

// WHAT IS ASKED FOR
// ================================================================================================

struct FaucetSpec {
    symbol: String,
    decimals: u8,
    max_supply: u64,
    is_public: bool,
}

struct WalletSpec {
    is_public: bool,
    assets: Vec<(String, u64)>,
}

struct FileSpec {
    path: String,
    contents: Vec<u8>,
}

/// option of native faucet file ‖ vec of faucets ‖ vec of wallets ‖ vec of account files ‖ option of
/// seed (32 bytes).
struct Spec {
    native_faucet: Option<FileSpec>,
    faucets: Vec<FaucetSpec>,
    wallets: Vec<WalletSpec>,
    files: Vec<FileSpec>,
    seed: Option<[u8; 32]>,
}

impl Deserializable for FaucetSpec {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        Ok(Self {
            symbol: source.read()?,
            decimals: source.read_u8()?,
            max_supply: source.read_u64()?,
            is_public: source.read_bool()?,
        })
    }
}

impl Deserializable for WalletSpec {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        Ok(Self { is_public: source.read_bool()?, assets: source.read()? })
    }
}

impl Deserializable for FileSpec {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        let path = source.read()?;
        let length = source.read_usize()?;
        Ok(Self { path, contents: source.read_slice(length)?.to_vec() })
    }
}

impl Deserializable for Spec {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        Ok(Self {
            native_faucet: source.read()?,
            faucets: source.read()?,
            wallets: source.read()?,
            files: source.read()?,
            seed: source.read()?,
        })
    }

    fn read_from_bytes(bytes: &[u8]) -> Result<Self, DeserializationError> {
        Self::read_from(&mut SliceReader::new(bytes))
    }
}

// WHAT IS BUILT
// ================================================================================================

struct Built {
    account: Account,
    /// File name and key of a generated account.
    secret: Option<(String, SecretKey)>,
}

struct Faucet {
    symbol: String,
    built: Built,
    issued: u64,
}

fn build(spec: Spec) -> Result<Vec<Built>, Failure> {
    let mut seeds = Seeds(spec.seed.map(ChaCha20Rng::from_seed));

    let files = spec
        .files
        .iter()
        .map(|file| Ok(Built { account: read_account_file(file)?, secret: None }))
        .collect::<Result<Vec<_>, Failure>>()?;

    let mut faucets = vec![native_faucet(spec.native_faucet, &mut seeds)?];
    for faucet in spec.faucets {
        if faucets.iter().any(|known| known.symbol == faucet.symbol) {
            return Err(Failure::new(
                80,
                "DuplicateFaucetDefinition",
                format!("Found duplicate faucet definition for token symbol '{}'", faucet.symbol),
            ));
        }
        faucets.push(new_faucet(faucet, &mut seeds)?);
    }

    let digits = spec.wallets.len().max(10).ilog10() as usize;
    let mut wallets = Vec::new();
    for (index, wallet) in spec.wallets.into_iter().enumerate() {
        let name = format!("wallet_{index:0digits$}.mac");
        wallets.push(new_wallet(wallet, name, &mut faucets, &mut seeds)?);
    }

    let mut accounts = Vec::new();
    for faucet in faucets {
        accounts.push(deploy_faucet(faucet)?);
    }
    accounts.extend(wallets);
    accounts.extend(files);
    Ok(accounts)
}

fn native_faucet(file: Option<FileSpec>, seeds: &mut Seeds) -> Result<Faucet, Failure> {
    let Some(file) = file else {
        let miden = FaucetSpec {
            symbol: "MIDEN".to_owned(),
            decimals: 6,
            max_supply: 100_000_000_000_000_000,
            is_public: true,
        };
        return new_faucet(miden, seeds);
    };
    let account = read_account_file(&file)?;
    let Ok(faucet) = FungibleFaucet::try_from(&account) else {
        return Err(Failure::new(
            80,
            "NativeFaucetNotFungible",
            format!("native faucet from file {} is not a fungible faucet", file.path),
        ));
    };
    let symbol = faucet.symbol().to_string();
    Ok(Faucet { symbol, built: Built { account, secret: None }, issued: 0 })
}

fn new_faucet(spec: FaucetSpec, seeds: &mut Seeds) -> Result<Faucet, Failure> {
    let symbol = TokenSymbol::new(&spec.symbol)?;
    let (secret_key, init_seed) = seeds.next_key_and_init_seed();
    let name = TokenName::new(&spec.symbol)
        .map_err(|error| account_failure("FungibleFaucet", FAUCET_CONTEXT, &error))?;
    let faucet = FungibleFaucet::builder()
        .name(name)
        .symbol(symbol)
        .decimals(spec.decimals)
        .max_supply(AssetAmount::new(spec.max_supply)?)
        .build()?;
    let policies = TokenPolicyManager::new()
        .with_mint_policy(MintPolicyConfig::AllowAll, PolicyRegistration::Active)?
        .with_burn_policy(BurnPolicyConfig::AllowAll, PolicyRegistration::Active)?;
    let auth = AuthSingleSig::new(secret_key.public_key().into(), AuthScheme::Falcon512Poseidon2);

    let account = AccountBuilder::new(init_seed)
        .account_type(account_type(spec.is_public))
        .with_auth_component(auth)
        .with_component(faucet)
        .with_components(policies)
        .build()?;
    let file_name = format!("faucet_{}.mac", spec.symbol.to_lowercase());
    let built = Built { account, secret: Some((file_name, secret_key)) };
    Ok(Faucet { symbol: spec.symbol, built, issued: 0 })
}

fn new_wallet(
    spec: WalletSpec,
    file_name: String,
    faucets: &mut [Faucet],
    seeds: &mut Seeds,
) -> Result<Built, Failure> {
    let (secret_key, init_seed) = seeds.next_key_and_init_seed();
    let auth = AuthMethod::SingleSig {
        approver: (secret_key.public_key().into(), AuthScheme::Falcon512Poseidon2),
    };
    let mut account = create_basic_wallet(init_seed, auth, account_type(spec.is_public))?;

    let holdings = issue(&spec.assets, faucets)?;
    deploy(
        &mut account,
        AccountStorageDelta::default(),
        AccountVaultDelta::new(holdings, NonFungibleAssetDelta::default()),
    )?;
    Ok(Built { account, secret: Some((file_name, secret_key)) })
}

/// The assets of one wallet, and their amounts added to what their faucets have issued.
fn issue(assets: &[(String, u64)], faucets: &mut [Faucet]) -> Result<FungibleAssetDelta, Failure> {
    let mut holdings = FungibleAssetDelta::default();
    let mut amounts = BTreeMap::<AccountId, u64>::new();
    for (symbol, amount) in assets {
        let Some(faucet) = faucets.iter().find(|faucet| faucet.symbol == *symbol) else {
            return Err(Failure::new(
                80,
                "MissingFaucetDefinition",
                format!(
                    "the defined asset '{symbol}' has no corresponding faucet, or the faucet was \
                     provided as an account file"
                ),
            ));
        };
        let faucet_id = faucet.built.account.id();
        holdings.add(FungibleAsset::new(faucet_id, *amount)?)?;
        let sum = amounts.entry(faucet_id).or_default();
        *sum = add_issuance(*sum, *amount)?;
    }
    for faucet in faucets {
        if let Some(amount) = amounts.get(&faucet.built.account.id()) {
            faucet.issued = add_issuance(faucet.issued, *amount)?;
        }
    }
    Ok(holdings)
}

fn add_issuance(total: u64, amount: u64) -> Result<u64, Failure> {
    total
        .checked_add(amount)
        .ok_or_else(|| Failure::new(80, "IssuanceOverflow", "Total issuance overflowed u64"))
}

/// Sets the supply to what the wallets hold. A file's own supply is overwritten too, but only when
/// something was issued.
fn deploy_faucet(faucet: Faucet) -> Result<Built, Failure> {
    let Faucet { symbol, mut built, issued } = faucet;
    let mut storage = AccountStorageDelta::default();
    if issued != 0 {
        let current = FungibleFaucet::try_from(built.account.storage())?;
        let max_supply = current.max_supply().as_u64();
        if issued > max_supply {
            return Err(Failure::new(
                80,
                "MaxIssuanceExceeded",
                format!(
                    "Total issuance {issued} of '{symbol}' exceeds faucet's maximum issuance of \
                     {max_supply}"
                ),
            ));
        }
        let slot = current.with_token_supply(AssetAmount::new(issued)?)?.token_config_slot_value();
        storage.set_item(slot.name().clone(), slot.value())?;
    }
    deploy(&mut built.account, storage, AccountVaultDelta::default())?;
    Ok(built)
}

/// Genesis accounts exist without a transaction that created them, yet a nonce of 0 means "not on
/// chain": they get the increment that transaction would have brought.
fn deploy(
    account: &mut Account,
    storage: AccountStorageDelta,
    vault: AccountVaultDelta,
) -> Result<(), Failure> {
    let delta = AccountDelta::new(account.id(), storage, vault, ONE)?;
    Ok(account.apply_delta(&delta)?)
}

fn read_account_file(file: &FileSpec) -> Result<Account, Failure> {
    match AccountFile::read_from_bytes(&file.contents) {
        Ok(read) => Ok(read.account),
        Err(error) => Err(Failure::new(
            80,
            "AccountFileRead",
            format!("failed to read account file at {}\ncaused by: {error}", file.path),
        )),
    }
}

fn account_type(is_public: bool) -> AccountType {
    if is_public { AccountType::Public } else { AccountType::Private }
}

/// One seed an account: the system's randomness, or a reproducible series.
struct Seeds(Option<ChaCha20Rng>);

impl Seeds {
    fn next_key_and_init_seed(&mut self) -> (SecretKey, [u8; 32]) {
        let seed: [u8; 32] = match &mut self.0 {
            Some(series) => series.random(),
            None => rand::random(),
        };
        key_and_init_seed(seed)
    }
}

/// Of a new account: its key, and where the search for its id starts.
pub fn key_and_init_seed(seed: [u8; 32]) -> (SecretKey, [u8; 32]) {
    let mut rng = ChaCha20Rng::from_seed(seed);
    let coin_seed: [u64; 4] = rng.random();
    let mut coin = RandomCoin::new(Word::from(coin_seed.map(Felt::new_unchecked)));
    let secret_key = SecretKey::with_rng(&mut coin);
    (secret_key, rng.random())
}

/// vec of (account ‖ option of (string file name ‖ account file)), account and file length-prefixed.
/// The first account is the native faucet.
fn encode(accounts: &[Built]) -> Vec<u8> {
    let mut out = Vec::new();
    out.write_usize(accounts.len());
    for Built { account, secret } in accounts {
        let bytes = account.to_bytes();
        out.write_usize(bytes.len());
        out.write_bytes(&bytes);
        out.write_bool(secret.is_some());
        if let Some((file_name, key)) = secret {
            let keys = vec![AuthSecretKey::Falcon512Poseidon2(key.clone())];
            let file = AccountFile::new(account.clone(), keys).to_bytes();
            file_name.write_into(&mut out);
            out.write_usize(file.len());
            out.write_bytes(&file);
        }
    }
    out.extend(accounts[0].account.id().to_bytes());
    out
}

// HOW IT FAILS
// ================================================================================================

const FAUCET_CONTEXT: &str = "failed to create fungible faucet account";

fn account_failure(
    name: &'static str,
    context: &'static str,
    error: &dyn std::error::Error,
) -> Failure {
    Failure::new(80, name, format!("{context}\ncaused by: {}", crate::failure::report(error)))
}

macro_rules! account_failures {
    ($($error:ty => $name:literal, $context:expr;)*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                account_failure($name, $context, &error)
            }
        })*
    };
}

account_failures! {
    AccountError => "Account", "account translation from config to state failed";
    AccountDeltaError => "AccountDelta", "adding assets to account failed";
    AssetError => "Asset", "asset translation from config to state failed";
    BasicWalletError => "BasicWallet", "failed to create basic wallet account";
    FungibleFaucetError => "FungibleFaucet", FAUCET_CONTEXT;
    TokenPolicyManagerError => "TokenPolicyManager", "token policy manager error";
}

impl From<TokenSymbolError> for Failure {
    fn from(error: TokenSymbolError) -> Self {
        Self::of(80, "TokenSymbol", &error)
    }
}
