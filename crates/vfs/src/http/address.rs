//! Which addresses of the network a mount may reach.
//!
//! Every connection takes the addresses that are looked at here and no others, so that a name cannot lead elsewhere between the
//! look and the connection.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

use super::fault::RemoteFault;

/// Finds hosts by name, and refuses those at addresses that are not public.
#[derive(Debug)]
pub(super) struct PublicResolver {
    system: DefaultResolver,
    /// The one host that may be anywhere, in lower case.
    private_host: Option<String>,
}

impl PublicResolver {
    /// A resolver to which the host `private_host` may be anywhere, and everything else only at a public address.
    pub(super) fn new(private_host: Option<String>) -> Self {
        PublicResolver { system: DefaultResolver::default(), private_host }
    }
}

impl Resolver for PublicResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.system.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default();
        if self.private_host.as_deref().is_some_and(|private| private.eq_ignore_ascii_case(host)) {
            return Ok(found);
        }
        match found.iter().map(|address| address.ip()).find(|address| !is_public(*address)) {
            Some(address) => {
                let fault = RemoteFault::PrivateAddress { host: host.to_owned(), address };
                Err(Error::Io(io::Error::from(fault)))
            }
            None => Ok(found),
        }
    }
}

/// Whether an address is one of the open internet: none of this machine, of a private network, of a link or of a provider's
/// inside (the special-purpose registries of IANA), also when it is an IPv4 address written as an IPv6 one.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 => true,
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || (b, c) == (0, 0) || (b, c) == (0, 2) || (b, c) == (88, 99),
        198 => b == 18 || b == 19 || (b, c) == (51, 100),
        203 => (b, c) == (0, 113),
        _ => a >= 224,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let words = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match words {
        // IPv4-mapped, and NAT64.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        // 6to4.
        [0x2002, high, low, ..] => inner(high, low),
        // Teredo and other protocols' own, then documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_open_internet_are_public() {
        for (public, addresses) in [
            (true, "1.1.1.1 100.63.0.1 172.32.0.1 192.0.1.1 223.255.255.255 2606:4700::1 ::ffff:8.8.8.8"),
            (true, "64:ff9b::808:808 2002:808:808::1"),
            (
                false,
                "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 169.254.169.254",
            ),
            (
                false,
                "172.16.0.1 172.31.255.255 192.168.1.1 192.0.0.8 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255",
            ),
            (false, ":: ::1 ::7f00:1 fe80::1 febf::1 fc00::1 fdff::1 fec0::1 ff02::1 2001::1 2001:db8::1"),
            (
                false,
                "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe",
            ),
            (false, "64:ff9b:1::808:808 2002:7f00:1::1 2002:a00:1::1 2002:a9fe:a9fe:: 100::1 5f00::1"),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
            }
        }
    }
}
