//! The floor: what Python itself takes to import the application, timed inside the container.

use std::process::Command;

use crate::Result;
use crate::projects::Project;
use crate::server::Server;
use crate::stats::Samples;
use crate::workplace::output;

/// It times the interpreters that it starts, so what `docker exec` takes is not in it.
const PROGRAM: &str = include_str!("floor.py");

#[derive(Debug, Default)]
pub struct Floor {
    /// An interpreter that does nothing.
    pub nothing: Samples,
    pub import: Samples,
    /// The import and a first request, which Django resolves its URLs for.
    pub answer: Samples,
}

impl Floor {
    pub fn measure(&mut self, server: &Server, project: &Project) -> Result<()> {
        let said = output(Command::new("docker").args(["exec", &server.container, "python", "-c", PROGRAM, project.module]))?;
        for (samples, line) in [&mut self.nothing, &mut self.import, &mut self.answer].into_iter().zip(said.lines()) {
            samples.push(line.parse()?);
        }
        Ok(())
    }
}
