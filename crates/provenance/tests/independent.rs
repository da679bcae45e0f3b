//! Our envelopes as others see them: DSSE and in-toto by sigstore's reader, Ed25519 by a library that shares no code with
//! ours.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, too.

use ed25519_compact::{KeyPair, Seed};
use provenance::{
    Artifact, Build, Envelope, PAYLOAD_TYPE, Program, PublicKey, Sha256, SigningKey, StepRecord,
};
use provenance::{sign, statement, subjects, verify};
use sigstore_types::{DsseEnvelope, DsseSignature, KeyId, PayloadBytes, SignatureBytes, Statement};

/// RFC 8032 §7.1, test 2.
const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const PUBLIC: [u8; 32] = [
    0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c,
    0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c,
];

fn artifact(name: &str, content: &[u8]) -> Artifact {
    let blake3 = Some(base::BlobHash::of(content));
    Artifact { name: name.into(), sha256: Sha256::of(content), blake3, size: content.len() as u64 }
}

fn signed() -> String {
    let build = Build {
        subjects: vec![artifact("out/plakát.png", b"pixels"), artifact("out/small.png", b"fewer")],
        materials: vec![artifact("in/photo.jpg", b"light")],
        script: artifact("poster.json", b"{}"),
        settings: [("adapter".to_owned(), "cpu".into())].into_iter().collect(),
        variables: [("title".to_owned(), "Grüße".into())].into_iter().collect(),
        steps: vec![StepRecord {
            id: "photo".into(),
            command: "document.import".into(),
            arguments: [("path".to_owned(), "in/photo.jpg".into())].into_iter().collect(),
            inputs: vec!["in/photo.jpg".into()],
            key: "00ff".into(),
        }],
        byproducts: vec![artifact("run.log", b"done")],
        program: Program { name: "metabuilder".into(), version: "0.1.0".into() },
        started_ms: 1_700_000_000_000,
        finished_ms: 1_700_000_001_250,
        invocation: "run-1".into(),
    };
    sign(statement(&build).unwrap().as_bytes(), &SigningKey::parse(SEED).unwrap()).to_json()
}

/// Whether others believe the envelope.
fn believed(json: &str) -> bool {
    let Ok(envelope) = serde_json::from_str::<DsseEnvelope>(json) else { return false };
    let Ok(signature) = ed25519_compact::Signature::from_slice(envelope.signature.sig.as_bytes()) else {
        return false;
    };
    ed25519_compact::PublicKey::new(PUBLIC).verify(envelope.pae(), &signature).is_ok()
}

#[test]
fn others_believe_our_envelope_and_no_changed_one() {
    let json = signed();
    assert!(believed(&json));

    let whole = Envelope::parse(json.as_bytes()).unwrap();
    let changed = |change: fn(&mut Envelope)| {
        let mut envelope = whole.clone();
        change(&mut envelope);
        envelope.to_json()
    };
    assert!(!believed(&changed(|envelope| envelope.payload[9] ^= 1)));
    assert!(!believed(&changed(|envelope| envelope.payload_type.push('x'))));
    assert!(!believed(&changed(|envelope| envelope.signatures[0].sig[9] ^= 1)));
}

#[test]
fn others_read_in_our_statement_what_we_said() {
    let envelope: DsseEnvelope = serde_json::from_str(&signed()).unwrap();
    assert_eq!(envelope.payload_type, PAYLOAD_TYPE);
    let statement: Statement = serde_json::from_slice(envelope.payload.as_bytes()).unwrap();
    assert_eq!(statement.type_, Statement::TYPE_V1);
    assert_eq!(statement.predicate_type, "https://slsa.dev/provenance/v1");
    let names: Vec<_> = statement.subject.iter().map(|subject| subject.name.as_str()).collect();
    assert_eq!(names, ["out/plakát.png", "out/small.png"]);
    let digest = &statement.subject[0].digest;
    assert_eq!(digest.sha256.unwrap().as_bytes(), &Sha256::of(b"pixels").0);
    assert_eq!(digest.other["blake3"], base::BlobHash::of(b"pixels").to_string());
    assert_eq!(statement.predicate["runDetails"]["metadata"]["finishedOn"], "2023-11-14T22:13:21.250Z");
}

#[test]
fn we_believe_the_envelopes_of_others() {
    let ours = Envelope::parse(signed().as_bytes()).unwrap();
    let seed = data_encoding::HEXLOWER.decode(SEED.as_bytes()).unwrap();
    let pair = KeyPair::from_seed(Seed::from_slice(&seed).unwrap());
    let unsigned = DsseSignature::new(SignatureBytes::new(vec![]), KeyId::new("someone"));
    let mut theirs = DsseEnvelope::new(PAYLOAD_TYPE, PayloadBytes::from_bytes(&ours.payload), unsigned);
    theirs.signature.sig = SignatureBytes::from_bytes(pair.sk.sign(theirs.pae(), None).as_slice());

    let read = Envelope::parse(serde_json::to_string(&theirs).unwrap().as_bytes()).unwrap();
    let key = PublicKey::parse(&data_encoding::HEXLOWER.encode(&PUBLIC)).unwrap();
    let statement = verify(&read, &key).unwrap();
    assert_eq!(statement, ours.payload);
    let poster = &subjects(statement).unwrap()[0];
    assert!(poster.is(&Sha256::of(b"pixels"), &base::BlobHash::of(b"pixels")));
}
