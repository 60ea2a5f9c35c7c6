//! `parity requests open`

use std::io::Read;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{Context, Requests};
use crate::commands::replay;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::page::{Page, serve};
use crate::session::Interrupts;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Print the link only
    #[arg(long)]
    no_browser: bool,

    /// The port on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Open the page again for each byte on standard input, and end with it: for `parity up`
    #[arg(long, hide = true)]
    on_demand: bool,
}

const AFTER_HELP: &str = "\
The page is served by this command, on this machine and to whoever has the link, until Ctrl-C. Passwords, tokens and
cookies are hidden as in `parity requests show`.";

pub async fn run(context: &Context<'_>, args: &Args) -> Result<ExitCode> {
    let requests = Requests::of(context, false)?;
    let interrupts = Interrupts::listen()?;
    interrupts.also(context.ui.until_unread());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await;
    let (listener, port) =
        listener.and_then(|listener| listener.local_addr().map(|address| (listener, address.port()))).map_err(|error| {
            let kind = if error.kind() == std::io::ErrorKind::AddrInUse { Kind::PortTaken } else { Kind::Other };
            Failure::new(kind, format!("cannot listen at 127.0.0.1:{}", args.port))
                .caused_by(&error)
                .hint("`--port` takes another one; without it a free one is taken")
        })?;
    let page = Page::new(requests.path.clone(), requests.redaction.clone(), context.root.clone())?;
    context.ui.result(&page.link(port));
    if args.on_demand {
        show(context, &page, port);
    } else {
        if !args.no_browser {
            show(context, &page, port);
        }
        context.ui.note("serving the page of recorded requests: Ctrl-C ends");
    }
    let again = |id| replay::one(context, &requests, id);
    tokio::select! {
        () = interrupts.reached(1) => {}
        () = serve(listener, &page, async |id| again(id).await) => {}
        () = demanded(context, &page, port), if args.on_demand => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the browser for each byte that comes, until nobody can ask any more.
async fn demanded(context: &Context<'_>, page: &Page, port: u16) {
    let (sender, mut demands) = mpsc::channel(1);
    // A read that blocks, of which nothing is left when the program ends.
    std::thread::spawn(move || {
        let wanted = std::io::stdin().lock().bytes().map_while(std::result::Result::ok);
        wanted.take_while(|_| sender.blocking_send(()).is_ok()).for_each(drop);
    });
    while demands.recv().await.is_some() {
        show(context, page, port);
    }
}

fn show(context: &Context<'_>, page: &Page, port: u16) {
    let opened = page
        .link_for_once(port)
        .and_then(|link| open::that_detached(link).map_err(|error| Failure::new(Kind::Other, "cannot open a browser").caused_by(&error)));
    if let Err(failure) = opened {
        let why = failure.causes.first().map(|cause| format!(": {cause}")).unwrap_or_default();
        context.ui.report(Event::Warning { text: format!("{}{why}", failure.message), hint: Some("open the link above".into()) });
    }
}
