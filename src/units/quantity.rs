//! Amounts in words, as all parts show them.

/// Bytes: `812 B`, `4.1 kB`, `1.0 GB`.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// A time in microseconds: `0.4 ms`, `12 ms`, `4.2 s`.
pub fn micros(micros: u64) -> String {
    match micros {
        0..10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_words() {
        assert_eq!([0, 999, 1000, 5120, 2_000_000, 3_100_000_000].map(bytes), ["0 B", "999 B", "1.0 kB", "5.1 kB", "2.0 MB", "3.1 GB"]);
        assert_eq!([0, 400, 12_345, 4_200_000].map(micros), ["0.0 ms", "0.4 ms", "12 ms", "4.2 s"]);
    }
}
