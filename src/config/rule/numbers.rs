//! Numbers: what Apache and mod_wsgi accept.

use super::Rule;

macro_rules! whole_number {
    ($($name:ident: $min:literal $max:literal;)+) => {
        $(pub const $name: Rule = Rule {
            expected: concat!("a whole number from ", $min, " to ", $max),
            holds: |text| text.parse::<u64>().is_ok_and(|number| ($min..=$max).contains(&number)),
        };)+
    };
}

whole_number! {
    PROCESSES: 1 1000;
    THREADS: 1 1000;
    CLIENTS: 1 100000;
    SLOW_CLIENTS: 0 100000;
    BACKLOG: 1 65535;
    SECONDS: 1 2147483647;
    SECONDS_OR_NEVER: 0 2147483647;
    STATUS: 400 599;
    IMAGES: 0 1000;
}

macro_rules! buffer {
    ($($name:ident: $min:literal;)+) => {
        $(pub const $name: Rule = Rule {
            expected: concat!("0, or a number of bytes from ", $min),
            holds: |text| text.parse::<u32>().is_ok_and(|bytes| bytes == 0 || ($min..=0x7fff_ffff).contains(&bytes)),
        };)+
    };
}

// mod_wsgi refuses to start with less.
buffer! {
    SOCKET_BUFFER: 512;
    HEADER_BUFFER: 8192;
    RESPONSE_BUFFER: 65536;
}
