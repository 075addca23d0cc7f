//! Asks a live account: one query a line in, one answer a line out, in the same order.
//!
//! ```text
//! echo '{"service": "sts", "operation": "GetCallerIdentity", "input": {}}' |
//!     cargo run --example ask --features live -- --region eu-west-1
//! ```

use std::{
    env,
    error::Error,
    io::{self, Write},
    time::Duration,
};

use ecs_diag::{Access, DataSource, Query, sources::Live};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let access = access(env::args().skip(1))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let _entered = runtime.enter();
    let live = pollster::block_on(Live::connect(&access))?;

    let queries = io::stdin().lines().map(|line| query(&line?));
    let queries = queries.collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    // Together, so that what one call can answer shares it; the answers come in any order.
    let answers = pollster::block_on(live.fetch_all(queries.clone()));
    let mut output = io::stdout().lock();
    for query in queries {
        let answer = answers.iter().find(|(answered, _)| *answered == query);
        let shown = match &answer.ok_or("a query was not answered")?.1 {
            Ok(output) => json!({ "output": output }),
            Err(error) => json!({ "error": error }),
        };
        writeln!(output, "{shown}")?;
    }
    Ok(())
}

/// `--region`, `--profile`, `--endpoint-url` and `--timeout` (seconds), each with its value.
fn access(mut arguments: impl Iterator<Item = String>) -> Result<Access, Box<dyn Error>> {
    let mut access = Access::default();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--region" => access.region = Some(value),
            "--profile" => access.profile = Some(value),
            "--endpoint-url" => access.endpoint_url = Some(value),
            "--timeout" => access.timeout = Some(Duration::try_from_secs_f64(value.parse()?)?),
            _ => return Err(format!("no option is called `{name}`").into()),
        }
    }
    Ok(access)
}

/// `{"service": …, "operation": …, "input": …}`, and `"region"` where it is another.
fn query(line: &str) -> Result<Query, Box<dyn Error>> {
    let line: Value = serde_json::from_str(line)?;
    let name = |member: &str| {
        let name = line[member].as_str().ok_or_else(|| format!("no `{member}`"));
        name.map(str::to_owned)
    };
    let query = Query::new(name("service")?, name("operation")?, &line["input"]);
    Ok(query.in_region(line["region"].as_str()))
}
