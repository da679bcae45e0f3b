//! Ed25519 keys (RFC 8032) and the forms in which they are kept.

use crate::{Error, Sha256};
use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER_PERMISSIVE};
use ed25519_dalek::pkcs8::{self, DecodePublicKey, PrivateKeyInfoRef, SecretDocument, spki};
use ed25519_dalek::{Signer, VerifyingKey};
use std::fmt;
use zeroize::Zeroizing;

/// The length of a seed and of a public key, in bytes.
const LENGTH: usize = 32;

/// A SubjectPublicKeyInfo in DER up to the key itself (RFC 8410 §4): the sequence, the algorithm 1.3.101.112 without
/// parameters, and the head of a bit string of 32 bytes.
const DER_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A private key. It is wiped from memory when it is dropped, it cannot be copied, and `Debug` shows nothing of it.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Reads a key: PKCS#8 in PEM (RFC 8410, RFC 7468), as `openssl genpkey -algorithm ed25519` writes it, or the seed of
    /// 32 bytes in hexadecimal (64 digits) or base64 (44 characters, standard or URL-safe, with padding). White space
    /// around it is ignored. The text is the caller's to wipe.
    ///
    /// # Errors
    /// [`Error::KeyForm`] when it is none of these, [`Error::KeyLabel`] for PEM of something else, such as an encrypted
    /// or an OpenSSH key, [`Error::KeyAlgorithm`] for a key of another algorithm, [`Error::KeyEncoding`] when the block
    /// is damaged, [`Error::KeyInvalid`] when the public key in it belongs to another private key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if !is_pem(text) {
            return Ok(Self::of(&*bytes(text)?));
        }
        check_label(text, "PRIVATE KEY")?;
        let (_, document) =
            SecretDocument::from_pem(text).map_err(|error| Error::KeyEncoding(error.into()))?;
        let info = document
            .decode_msg::<PrivateKeyInfoRef<'_>>()
            .map_err(|error| Error::KeyEncoding(error.into()))?;
        if info.algorithm.oid != pkcs8::ALGORITHM_OID {
            return Err(Error::KeyAlgorithm);
        }
        // RFC 8410 §7: the seed is an octet string of its own within the octet string.
        let seed = match info.private_key.as_bytes() {
            [0x04, 0x20, seed @ ..] => seed.try_into().ok(),
            _ => None,
        };
        let key =
            Self::of(seed.ok_or(Error::KeyEncoding(pkcs8::Error::KeyMalformed(pkcs8::KeyError::Invalid)))?);
        let stated = info.public_key.map(|public| public.raw_bytes());
        match stated {
            Some(stated) if stated != key.public_key().0.as_bytes() => Err(Error::KeyInvalid),
            _ => Ok(key),
        }
    }

    fn of(seed: &[u8; LENGTH]) -> Self {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The key with which others check what this one signs.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signature over these bytes: 64 bytes, always the same for the same bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// A public key, a point of the curve that is not of small order.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a key: SubjectPublicKeyInfo in PEM (RFC 8410, RFC 7468), as `openssl pkey -pubout` writes it, or its 32
    /// bytes in hexadecimal (64 digits) or base64 (44 characters, standard or URL-safe, with padding). White space around
    /// it is ignored.
    ///
    /// # Errors
    /// As for [`SigningKey::parse`]; [`Error::KeyInvalid`] when the bytes are no point of the curve, or one with which
    /// anything could pass as signed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let key = if is_pem(text) {
            check_label(text, "PUBLIC KEY")?;
            let (_, document) =
                pkcs8::Document::from_pem(text).map_err(|error| Error::KeyEncoding(error.into()))?;
            VerifyingKey::from_public_key_der(document.as_bytes()).map_err(|error| match error {
                spki::Error::OidUnknown { .. } => Error::KeyAlgorithm,
                spki::Error::KeyMalformed => Error::KeyInvalid,
                error => Error::KeyEncoding(error.into()),
            })?
        } else {
            VerifyingKey::from_bytes(&*bytes(text)?).map_err(|_| Error::KeyInvalid)?
        };
        if key.is_weak() { Err(Error::KeyInvalid) } else { Ok(PublicKey(key)) }
    }

    /// The key as SubjectPublicKeyInfo in PEM, as `openssl pkey -pubout` writes it.
    pub fn to_pem(&self) -> String {
        let lines = BASE64.encode(&self.to_der());
        format!("-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n")
    }

    /// The `keyid` of signatures: the SHA-256 of the SubjectPublicKeyInfo in DER, in lower-case hexadecimal. It is what
    /// `openssl pkey -pubin -in KEY.pem -outform DER | sha256sum` prints.
    pub fn id(&self) -> String {
        Sha256::of(&self.to_der()).to_string()
    }

    fn to_der(&self) -> Vec<u8> {
        [DER_HEAD.as_slice(), self.0.as_bytes()].concat()
    }

    /// Whether this is the signature over these bytes (RFC 8032 §5.1.7, without the leniency towards points of small
    /// order). Anything that is not 64 bytes long is none.
    pub(crate) fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(bytes, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN ")
}

/// Looks at the label ahead of the content, which is laid out in another way in OpenSSH's blocks.
fn check_label(pem: &str, wanted: &'static str) -> Result<(), Error> {
    let found = spki::der::pem::decode_label(pem.as_bytes())
        .map_err(|error| Error::KeyEncoding(spki::der::Error::from(error).into()))?;
    let hint = match found {
        _ if found == wanted => return Ok(()),
        "ENCRYPTED PRIVATE KEY" => ": decrypt it with `openssl pkey -in KEY.pem`",
        "PUBLIC KEY" => ": this is the half for those who check",
        "PRIVATE KEY" => ": take its public half with `openssl pkey -in KEY.pem -pubout`",
        _ => ": make a key with `openssl genpkey -algorithm ed25519`",
    };
    Err(Error::KeyLabel { found: found.to_owned(), wanted, hint })
}

/// 32 bytes from hexadecimal or base64, which the length tells apart.
fn bytes(text: &str) -> Result<Zeroizing<[u8; LENGTH]>, Error> {
    let decoded = |encoding: &Encoding| -> Option<Zeroizing<[u8; LENGTH]>> {
        // Room for the bytes that padding stands for, too.
        let mut room = Zeroizing::new([0; LENGTH + 1]);
        let length = encoding.decode_len(text.len()).ok()?;
        let length = encoding.decode_mut(text.as_bytes(), room.get_mut(..length)?).ok()?;
        let mut bytes = Zeroizing::new([0; LENGTH]);
        (length == LENGTH).then(|| bytes.copy_from_slice(&room[..LENGTH]))?;
        Some(bytes)
    };
    let key = match text.len() {
        64 => decoded(&HEXLOWER_PERMISSIVE),
        // The decoder also reads padding in the middle.
        44 if text.find('=') == Some(43) => decoded(&BASE64).or_else(|| decoded(&BASE64URL)),
        _ => None,
    };
    key.ok_or(Error::KeyForm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    /// RFC 8032 §7.1, test 1: the seed, and what belongs to it.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const SIGNATURE: &str = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    /// What OpenSSL 3.0 makes of it.
    const SEED_PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    const ID: &str = "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9";

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    fn pem(label: &str, der: &str) -> String {
        let text = BASE64.encode(&hex(der));
        let lines: Vec<_> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    #[test]
    fn every_form_of_a_key_is_the_same_key() {
        let base64 = BASE64.encode(&hex(SEED));
        let url = BASE64URL.encode(&hex(SEED));
        let with_public =
            pem("PRIVATE KEY", &format!("3051020101300506032b657004220420{SEED}812100{PUBLIC}"));
        for text in [SEED, &SEED.to_uppercase(), &format!("  {base64}\n"), &url, SEED_PEM, &with_public] {
            let key = SigningKey::parse(text).unwrap();
            assert_eq!(HEXLOWER.encode(&key.sign(b"")), SIGNATURE, "{text}");
            assert_eq!(key.public_key().to_pem(), PUBLIC_PEM);
        }
        let crlf = PUBLIC_PEM.replace('\n', "\r\n");
        for text in [PUBLIC, &BASE64.encode(&hex(PUBLIC)), &BASE64URL.encode(&hex(PUBLIC)), PUBLIC_PEM, &crlf]
        {
            let key = PublicKey::parse(text).unwrap();
            assert_eq!(key.id(), ID, "{text}");
            assert!(key.verifies(b"", &hex(SIGNATURE)));
            assert!(!key.verifies(b"x", &hex(SIGNATURE)));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_reason() {
        for text in [
            "",
            "x",
            &SEED[..62],
            &format!("{SEED}00"),
            &SEED.replace('d', "g"),
            &"=".repeat(44),
            &format!("AA=={}=", "A".repeat(39)),
        ] {
            assert!(matches!(SigningKey::parse(text), Err(Error::KeyForm)), "{text}");
            assert!(matches!(PublicKey::parse(text), Err(Error::KeyForm)), "{text}");
        }
        for label in ["ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY"] {
            // OpenSSH writes lines of 70 characters, which RFC 7468 has no room for.
            let text = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", "A".repeat(70));
            let error = SigningKey::parse(&text).unwrap_err();
            assert!(matches!(&error, Error::KeyLabel { found, .. } if found == label), "{error}");
        }
        let error = PublicKey::parse(SEED_PEM).unwrap_err();
        assert!(
            error.to_string().ends_with("take its public half with `openssl pkey -in KEY.pem -pubout`"),
            "{error}"
        );

        let x25519 = pem("PRIVATE KEY", &format!("302e020100300506032b656e04220420{SEED}"));
        assert!(matches!(SigningKey::parse(&x25519), Err(Error::KeyAlgorithm)));
        let x25519 = pem("PUBLIC KEY", &format!("302a300506032b656e032100{PUBLIC}"));
        assert!(matches!(PublicKey::parse(&x25519), Err(Error::KeyAlgorithm)));

        let short = pem("PRIVATE KEY", &format!("302d020100300506032b65700421041f{}", &SEED[2..]));
        let cut = &SEED_PEM[..SEED_PEM.len() - 12];
        for text in [&short, cut, &SEED_PEM.replace("IJ1h", "IJ!h"), &pem("PRIVATE KEY", "3000")] {
            assert!(matches!(SigningKey::parse(text), Err(Error::KeyEncoding(_))), "{text}");
        }
        let other = PUBLIC.replace('d', "e");
        let mixed = pem("PRIVATE KEY", &format!("3051020101300506032b657004220420{SEED}812100{other}"));
        assert!(matches!(SigningKey::parse(&mixed), Err(Error::KeyInvalid)));
    }

    #[test]
    fn weak_public_keys_are_refused() {
        // The neutral element, a point of order 4, and 2, which is the y of no point.
        for start in ["01", "00", "02"] {
            let text = format!("{start}{}", "00".repeat(31));
            assert!(matches!(PublicKey::parse(&text), Err(Error::KeyInvalid)), "{start}");
        }
    }

    #[test]
    fn nothing_of_a_signing_key_is_shown() {
        let key = SigningKey::parse(SEED).unwrap();
        assert_eq!(format!("{key:?} {key:#?}"), "SigningKey(..) SigningKey(..)");
        let damaged = format!("{}g", &SEED[..63]);
        let mut shown = String::new();
        for error in [SigningKey::parse(&damaged), SigningKey::parse(&SEED_PEM.replace("IJ1h", "IJ!h"))] {
            let error = error.unwrap_err();
            shown += &format!("{error} {error:?}");
        }
        assert!(!shown.contains(&SEED[..8]) && !shown.contains("sZ3v"), "{shown}");
    }
}
