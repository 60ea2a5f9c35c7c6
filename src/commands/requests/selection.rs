//! Which requests a command is about.

use crate::requests::Filter;
use crate::requests::filter::Statuses;

#[derive(Debug, Clone, clap::Args)]
pub struct Selection {
    /// Those with this status: 404, 5xx, or several with commas
    #[arg(long, value_name = "STATUS", value_parser = |text: &str| text.parse::<Statuses>())]
    status: Option<Statuses>,

    /// Those of this path, in which `*` is any text
    #[arg(long, value_name = "PATTERN")]
    path: Option<String>,

    /// Those with this method
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,

    /// Those that took longer
    #[arg(long, value_name = "MILLISECONDS")]
    slower_than: Option<u64>,

    /// Those with this text anywhere in them: URL, headers, bodies, exception, SQL
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,

    /// The newest so many of these
    #[arg(long, value_name = "NUMBER")]
    last: Option<usize>,
}

impl Selection {
    /// As the store is asked.
    pub fn filter(&self) -> Filter {
        Filter {
            status: self.status.clone(),
            path: self.path.clone(),
            method: self.method.as_ref().map(|method| method.to_ascii_uppercase()),
            slower_than: self.slower_than.map(|milliseconds| milliseconds.saturating_mul(1000)),
            text: self.grep.clone().filter(|text| !text.is_empty()),
            last: self.last,
        }
    }

    /// Nothing was said.
    pub fn is_all(&self) -> bool {
        self.filter() == Filter::default()
    }
}
