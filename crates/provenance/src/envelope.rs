//! The envelope: a payload, what it is, and who signs for it (DSSE v1).

use crate::{Error, PublicKey, SigningKey};
use data_encoding::{BASE64, BASE64URL};
use serde::Deserialize;
use serde_json::json;

/// What the payload of an envelope with an in-toto statement is
/// (<https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md>).
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A payload with signatures (<https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md>). Nothing in it is
/// to be believed before [`verify`] has returned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The bytes that are signed.
    pub payload: Vec<u8>,
    /// How to read them: [`PAYLOAD_TYPE`]. Signed along with the payload.
    pub payload_type: String,
    /// Who signs for it, in any order.
    pub signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Which key to try ([`PublicKey::id`]); may be empty. It is not signed, so that nothing is decided by it.
    pub keyid: String,
    /// The signature over [`pae`]: 64 bytes for Ed25519.
    pub sig: Vec<u8>,
}

/// The pre-authentication encoding: the bytes that are signed for a payload of this type. Lengths count bytes
/// (<https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md>).
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Puts the text of a statement into an envelope and signs it.
pub fn sign(statement: &[u8], key: &SigningKey) -> Envelope {
    let sig = key.sign(&pae(PAYLOAD_TYPE, statement)).to_vec();
    Envelope {
        payload: statement.to_vec(),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: vec![Signature { keyid: key.public_key().id(), sig }],
    }
}

/// The text of the statement in an envelope, if one of its signatures is by this key. Signatures by others are passed
/// over, whatever they are; key ids are not looked at, since anyone can change them.
///
/// # Errors
/// [`Error::NotSigned`] when no signature is by the key, [`Error::PayloadType`] when what it signed is no in-toto
/// statement.
pub fn verify<'a>(envelope: &'a Envelope, key: &PublicKey) -> Result<&'a [u8], Error> {
    let signed = pae(&envelope.payload_type, &envelope.payload);
    if !envelope.signatures.iter().any(|signature| key.verifies(&signed, &signature.sig)) {
        let found: Vec<_> = envelope.signatures.iter().map(|signature| signature.keyid.as_str()).collect();
        let found = if found.is_empty() { "it is unsigned".to_owned() } else { found.join(", ") };
        return Err(Error::NotSigned { wanted: key.id(), found });
    }
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(Error::PayloadType(envelope.payload_type.clone()));
    }
    Ok(&envelope.payload)
}

impl Envelope {
    /// The envelope as JSON, in standard base64, without white space. The same envelope gives the same bytes.
    pub fn to_json(&self) -> String {
        let signature = |one: &Signature| json!({ "keyid": one.keyid, "sig": BASE64.encode(&one.sig) });
        let signatures: Vec<_> = self.signatures.iter().map(signature).collect();
        json!({
            "payload": BASE64.encode(&self.payload),
            "payloadType": self.payload_type,
            "signatures": signatures,
        })
        .to_string()
    }

    /// Reads an envelope from JSON. As the specification asks, either alphabet of base64 is read, a key id may be
    /// missing, and fields that it does not know are ignored; a field that is missing or there twice, base64 with wrong
    /// padding or left-over bits, and anything after the object are refused.
    ///
    /// # Errors
    /// [`Error::Envelope`] when it is no such JSON, [`Error::Base64`] when a field is no base64.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let wire: Wire = serde_json::from_slice(json).map_err(Error::Envelope)?;
        let signature = |(index, one): (usize, WireSignature)| {
            let sig = base64(&one.sig, || format!("signatures[{index}].sig"))?;
            Ok(Signature { keyid: one.keyid.unwrap_or_default(), sig })
        };
        Ok(Envelope {
            payload: base64(&wire.payload, || "payload".to_owned())?,
            payload_type: wire.payload_type,
            signatures: wire.signatures.into_iter().enumerate().map(signature).collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    payload: String,
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Deserialize)]
struct WireSignature {
    #[serde(default)]
    keyid: Option<String>,
    sig: String,
}

fn base64(text: &str, field: impl FnOnce() -> String) -> Result<Vec<u8>, Error> {
    // Written anew for comparison, because the decoder also reads padding in the middle.
    let decoded = [BASE64, BASE64URL].into_iter().find_map(|encoding| {
        encoding.decode(text.as_bytes()).ok().filter(|bytes| encoding.encode(bytes) == text)
    });
    decoded.ok_or_else(|| Error::Base64 { field: field() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 8032 §7.1, tests 1 and 2.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const OTHER: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const PAYLOAD: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;
    /// `openssl pkeyutl -sign -rawin` over the encoding of the payload with the first seed.
    const SIG: &str =
        "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA==";

    fn key(seed: &str) -> SigningKey {
        SigningKey::parse(seed).unwrap()
    }

    fn hex(seed: &[u8]) -> String {
        data_encoding::HEXLOWER.encode(seed)
    }

    #[test]
    fn lengths_in_the_encoding_count_bytes() {
        for (kind, payload, encoded) in [
            (
                "http://example.com/HelloWorld",
                "hello world",
                "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
            ),
            ("", "", "DSSEv1 0  0 "),
            ("é", "ü ü", "DSSEv1 2 é 5 ü ü"),
        ] {
            assert_eq!(pae(kind, payload.as_bytes()), encoded.as_bytes());
        }
        assert_eq!(pae("a", &[0, 0xff]), b"DSSEv1 1 a 2 \x00\xff");
    }

    #[test]
    fn the_signature_is_the_one_that_openssl_makes() {
        let envelope = sign(PAYLOAD, &key(SEED));
        let id = key(SEED).public_key().id();
        let json = format!(
            r#"{{"payload":"{}","payloadType":"{PAYLOAD_TYPE}","signatures":[{{"keyid":"{id}","sig":"{SIG}"}}]}}"#,
            BASE64.encode(PAYLOAD)
        );
        assert_eq!(envelope.to_json(), json);
        assert_eq!(
            verify(&Envelope::parse(json.as_bytes()).unwrap(), &key(SEED).public_key()).unwrap(),
            PAYLOAD
        );
    }

    #[test]
    fn whatever_is_signed_cannot_be_changed() {
        let whole = sign(PAYLOAD, &key(SEED));
        let public = key(SEED).public_key();
        let refused = |change: &dyn Fn(&mut Envelope)| {
            let mut envelope = whole.clone();
            change(&mut envelope);
            matches!(verify(&envelope, &public), Err(Error::NotSigned { .. }))
        };
        assert!(refused(&|envelope| envelope.payload[3] ^= 1));
        assert!(refused(&|envelope| envelope.payload.push(b' ')));
        assert!(refused(&|envelope| envelope.payload_type.push('x')));
        assert!(refused(&|envelope| envelope.payload_type = "application/json".into()));
        assert!(refused(&|envelope| envelope.signatures.clear()));
        assert!(refused(&|envelope| envelope.signatures[0].sig.clear()));
        assert!(refused(&|envelope| envelope.signatures[0].sig.push(0)));
        for byte in 0..64 {
            assert!(refused(&|envelope| envelope.signatures[0].sig[byte] ^= 0x10), "{byte}");
        }
        assert!(matches!(verify(&whole, &key(OTHER).public_key()), Err(Error::NotSigned { .. })));
        assert!(!refused(&|envelope| envelope.signatures[0].keyid = "x".into()), "a key id decides nothing");
    }

    #[test]
    fn one_signature_by_the_key_is_enough_among_others() {
        let mut envelope = sign(PAYLOAD, &key(OTHER));
        envelope.signatures.insert(0, Signature { keyid: String::new(), sig: vec![1, 2, 3] });
        let error = verify(&envelope, &key(SEED).public_key()).unwrap_err();
        assert!(error.to_string().contains(&key(OTHER).public_key().id()), "{error}");
        envelope.signatures.extend(sign(PAYLOAD, &key(SEED)).signatures);
        assert_eq!(verify(&envelope, &key(SEED).public_key()).unwrap(), PAYLOAD);
    }

    #[test]
    fn a_signed_payload_of_another_type_is_no_statement() {
        let payload_type = "application/vnd.example+json";
        let sig = key(SEED).sign(&pae(payload_type, PAYLOAD)).to_vec();
        let signatures = vec![Signature { keyid: String::new(), sig }];
        let envelope = Envelope { payload: PAYLOAD.to_vec(), payload_type: payload_type.into(), signatures };
        let error = verify(&envelope, &key(SEED).public_key()).unwrap_err();
        assert!(matches!(error, Error::PayloadType(found) if found == payload_type));
    }

    #[test]
    fn envelopes_are_read_as_the_specification_says_and_no_other_way() {
        let read = |json: &str| Envelope::parse(json.as_bytes());
        let envelope = |payload: &str, sig: &str| {
            read(&format!(r#"{{"payload":"{payload}","payloadType":"t","signatures":[{{"sig":"{sig}"}}]}}"#))
        };
        let expected = Envelope {
            payload: vec![0xfb, 0xff],
            payload_type: "t".into(),
            signatures: vec![Signature { keyid: String::new(), sig: vec![0xff] }],
        };
        assert_eq!(envelope("+/8=", "/w==").unwrap(), expected);
        assert_eq!(envelope("-_8=", "_w==").unwrap(), expected);
        let later = r#"{"later":{},"signatures":[{"sig":"/w==","keyid":null,"later":1}],"payloadType":"t","payload":"+/8="}"#;
        assert_eq!(read(later).unwrap(), expected);

        for payload in ["+/8", "+_8=", "+/9=", "+/8=\\n", " +/8=", "+/8=AA==", "é"] {
            let error = envelope(payload, "/w==").unwrap_err();
            assert!(matches!(&error, Error::Base64 { field } if field == "payload"), "{payload}: {error}");
        }
        let error = envelope("", "/x==").unwrap_err();
        assert!(matches!(&error, Error::Base64 { field } if field == "signatures[0].sig"), "{error}");
        for json in [
            "",
            "[]",
            r#"{"payload":"","payloadType":""}"#,
            r#"{"payload":"","signatures":[]}"#,
            r#"{"payloadType":"","signatures":[]}"#,
            r#"{"payload":"","payload":"","payloadType":"","signatures":[]}"#,
            r#"{"payload":"","payloadType":"","signatures":[{"keyid":""}]}"#,
            r#"{"payload":"","payloadType":"","signatures":[{"sig":"","sig":""}]}"#,
            r#"{"payload":"","payloadType":"","signatures":{}}"#,
            r#"{"payload":"","payloadType":"","signatures":[]} {}"#,
        ] {
            assert!(matches!(read(json), Err(Error::Envelope(_))), "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_is_signed_comes_back_and_nothing_else_does(
            payload in prop::collection::vec(any::<u8>(), 0..200),
            seed in any::<[u8; 32]>(),
            at in any::<prop::sample::Index>(),
            bit in 0..8u8,
        ) {
            let key = key(&hex(&seed));
            let public = PublicKey::parse(&key.public_key().to_pem()).unwrap();
            let json = sign(&payload, &key).to_json();
            let envelope = Envelope::parse(json.as_bytes()).unwrap();
            prop_assert_eq!(envelope.to_json(), json.as_str());
            prop_assert_eq!(verify(&envelope, &public).unwrap(), payload.as_slice());

            let mut damaged = json.into_bytes();
            let at = at.index(damaged.len());
            damaged[at] ^= 1 << bit;
            if let Ok(read) = Envelope::parse(&damaged)
                && let Ok(believed) = verify(&read, &public)
            {
                prop_assert_eq!(believed, payload.as_slice());
            }
        }
    }
}
