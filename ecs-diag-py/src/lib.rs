//! The native half of the Python package `ecs_diag`: it converts and drives, and decides nothing.
//!
//! Reports cross the border as text; their Python classes are in `ecs_diag/_report.py`.

#![forbid(unsafe_code)]

use pyo3::prelude::*;

/// The module `ecs_diag._native`.
#[pymodule]
mod _native {
    use std::{path::PathBuf, sync::Arc};

    use ecs_diag::{Diagnosis, Error, Kind, Report, render, signature, sources};
    use pyo3::{import_exception, prelude::*};
    use serde::Serialize;

    import_exception!(ecs_diag._errors, EcsDiagError);
    import_exception!(ecs_diag._errors, NoSuchCheckError);
    import_exception!(ecs_diag._errors, NoSuchTargetError);
    import_exception!(ecs_diag._errors, SnapshotError);

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Saved answers of an account, read once: a folder or one file.
    ///
    /// Raises `SnapshotError` if it cannot be used.
    #[pyclass(frozen, module = "ecs_diag")]
    struct Snapshot {
        path: PathBuf,
        source: Arc<sources::Snapshot>,
    }

    #[pymethods]
    impl Snapshot {
        #[new]
        fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
            let source = py
                .detach(|| sources::Snapshot::open(&path))
                .map_err(|error| SnapshotError::new_err(error.to_string()))?;
            Ok(Self { path, source: Arc::new(source) })
        }

        /// What was not used, and why.
        #[getter]
        fn warnings(&self) -> Vec<String> {
            self.source.warnings().to_vec()
        }

        fn __repr__(&self) -> String {
            format!("Snapshot({:?})", self.path.to_string_lossy())
        }
    }

    /// Diagnoses a target: the report as JSON, as text and as Markdown.
    #[pyfunction]
    #[pyo3(signature = (snapshot, cluster=None, task=None, service=None, only=None, skip=None))]
    #[allow(clippy::needless_pass_by_value)]
    fn diagnose(
        py: Python<'_>,
        snapshot: &Snapshot,
        cluster: Option<String>,
        task: Option<String>,
        service: Option<String>,
        only: Option<Vec<String>>,
        skip: Option<Vec<String>>,
    ) -> PyResult<(String, String, String)> {
        py.detach(|| -> Result<_, Error> {
            let mut diagnosis = Diagnosis::new();
            if let Some(only) = only {
                diagnosis = diagnosis.only(only)?;
            }
            if let Some(skip) = skip {
                diagnosis = diagnosis.skip(skip)?;
            }
            let target =
                snapshot.source.find(cluster.as_deref(), task.as_deref(), service.as_deref())?;
            // A snapshot answers at once: nothing is waited for.
            let report = pollster::block_on(diagnosis.run(&target, &*snapshot.source))?;
            Ok(rendered(&report))
        })
        .map_err(|error| raised(&error))
    }

    /// What a failure text says, as JSON.
    #[pyfunction]
    fn explain(py: Python<'_>, text: &str) -> PyResult<String> {
        json(&py.detach(|| signature::read(text)))
    }

    /// What is known of the checks, as JSON.
    #[pyfunction]
    fn checks() -> PyResult<String> {
        json(&Diagnosis::new().checks().collect::<Vec<_>>())
    }

    fn rendered(report: &Report) -> (String, String, String) {
        (
            report.to_json(),
            render::text(report, &render::Style::default()),
            render::markdown(report),
        )
    }

    fn json(value: &impl Serialize) -> PyResult<String> {
        serde_json::to_string(value).map_err(|error| EcsDiagError::new_err(error.to_string()))
    }

    fn raised(error: &Error) -> PyErr {
        let message = error.to_string();
        match error.kind() {
            Kind::NoSuchTarget => NoSuchTargetError::new_err(message),
            Kind::NoSuchCheck => NoSuchCheckError::new_err(message),
            _ => EcsDiagError::new_err(message),
        }
    }
}
