//! Operations 11, 12 and 15: source text to code, and the scripts every network knows.

use miden_protocol::assembly::Library;
use miden_protocol::utils::serde::{ByteReader, Serializable, SliceReader};
use miden_standards::code_builder::CodeBuilder;
use miden_standards::errors::CodeBuilderError;
use miden_standards::note::StandardNote;

use crate::abi::{Reply, Slice, answer};
use crate::failure::Failure;
use crate::stack::on_deep_stack;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_assemble(
    kind: u8,
    path: Slice,
    source: Slice,
    context: Slice,
    reply: *mut Reply,
) {
    unsafe {
        let (path, source, context) = (path.bytes(), source.bytes(), context.bytes());
        answer(reply, || on_deep_stack(|| assemble(kind, text(path)?, text(source)?, context)))
    }
}

fn assemble(kind: u8, path: &str, source: &str, context: &[u8]) -> Result<Vec<u8>, Failure> {
    let builder = code_builder(context)?;
    Ok(match kind {
        0 => {
            let script = builder.compile_note_script(source)?;
            rooted(script.root(), script)
        }
        1 => {
            let script = builder.compile_tx_script(source)?;
            rooted(script.root(), script)
        }
        2 | 3 => builder.compile_component_code(path, source)?.as_library().to_bytes(),
        _ => return Err(Failure::new(1, "DeserializationError", "unknown kind of code")),
    })
}

/// vec of (string path, string source) ‖ vec of static libraries ‖ vec of dynamic libraries, each
/// library length-prefixed.
fn code_builder(context: &[u8]) -> Result<CodeBuilder, Failure> {
    let mut reader = SliceReader::new(context);
    let mut builder = CodeBuilder::new();
    // Libraries first: modules may use what they define.
    let module_count = reader.read_usize()?;
    let mut modules: Vec<(String, String)> = Vec::new();
    for _ in 0..module_count {
        modules.push((reader.read()?, reader.read()?));
    }
    for _ in 0..reader.read_usize()? {
        builder.link_static_library(&library(&mut reader)?)?;
    }
    for _ in 0..reader.read_usize()? {
        builder.link_dynamic_library(&library(&mut reader)?)?;
    }
    for (path, source) in modules {
        builder.link_module(path, source)?;
    }
    Ok(builder)
}

fn library(reader: &mut SliceReader) -> Result<Library, Failure> {
    let length = reader.read_usize()?;
    crate::failure::decode(reader.read_slice(length)?)
}

fn rooted(root: impl Serializable, script: impl Serializable) -> Vec<u8> {
    let mut bytes = root.to_bytes();
    script.write_into(&mut bytes);
    bytes
}

fn text(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes).map_err(|error| Failure::of(1, "DeserializationError", &error))
}

impl From<CodeBuilderError> for Failure {
    fn from(error: CodeBuilderError) -> Self {
        Self::of(70, "AssemblyFailed", &error)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn me_standard_note_script(kind: u8, reply: *mut Reply) {
    unsafe {
        answer(reply, || {
            let note = match kind {
                0 => StandardNote::P2ID,
                1 => StandardNote::P2IDE,
                2 => StandardNote::SWAP,
                3 => StandardNote::PSWAP,
                4 => StandardNote::MINT,
                5 => StandardNote::BURN,
                _ => return Err(Failure::new(81, "UnknownNoteKind", "unknown kind of note")),
            };
            Ok(rooted(note.script_root(), note.script()))
        })
    }
}
