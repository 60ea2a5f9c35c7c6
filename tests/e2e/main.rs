//! What people do with parity, from its command line to the real engine and back.
//!
//! Everything with an engine is in this one binary, so that the base image is looked for or made once.
//! Each test has its own copy of a project, and leaves no container, no image of its own and no file behind.

#[path = "../common/mod.rs"]
mod common;
mod engine;
mod environment;
mod http;
mod project;
mod python;

mod again;
mod attaching;
mod build_secrets;
mod building;
mod cleaning;
mod compare;
mod coverage;
mod debug;
mod deploying;
mod ending;
mod failing;
mod fidelity;
mod flame;
mod foreground;
mod httpd_syntax;
mod instruments;
mod output;
mod packages;
mod pictures;
mod profiling;
mod refusals;
mod reload;
mod request_log;
mod requests;
mod running;
mod secrets;
mod services;
mod serving;
mod slow_clients;
mod smoke;
mod special_files;
mod startup;
