//! Which requests a command is about.

use crate::requests::Filter;
use crate::requests::filter::Statuses;

#[derive(Debug, Clone, clap::Args)]
pub struct Selection {
    /// Only requests with this status: 404, 5xx, or several separated by commas
    #[arg(long, value_name = "STATUS", value_parser = |text: &str| text.parse::<Statuses>())]
    status: Option<Statuses>,

    /// Only requests for this path; `*` matches any text
    #[arg(long, value_name = "PATTERN")]
    path: Option<String>,

    /// Only requests with this method
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,

    /// Only requests that took longer
    #[arg(long, value_name = "MILLISECONDS")]
    slower_than: Option<u64>,

    /// Only requests that contain this text in URL, headers, bodies, exception or SQL
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,

    /// Only the newest NUMBER of them
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
            after: None,
        }
    }

    /// Nothing was said.
    pub fn is_all(&self) -> bool {
        self.filter() == Filter::default()
    }
}
