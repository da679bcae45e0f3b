//! Charts of the manifests, which are read when they are run for the first time.

use std::sync::{Arc, OnceLock};

use base::Limits;
use schema::ChartDeclaration;
use statechart::Chart;

use crate::CommandError;

/// A chart and what its manifest says of it.
pub struct LazyChart {
    /// What the manifest says of it.
    pub declaration: ChartDeclaration,
    text: &'static str,
    chart: OnceLock<Result<Arc<Chart>, String>>,
}

impl LazyChart {
    pub(crate) fn new(declaration: ChartDeclaration, text: &'static str) -> Self {
        LazyChart { declaration, text, chart: OnceLock::new() }
    }

    /// The chart, checked.
    ///
    /// # Errors
    /// [`CommandError::Failed`], which names the chart and the state that is wrong.
    pub fn get(&self) -> Result<&Arc<Chart>, CommandError> {
        let read = || {
            let chart = Chart::from_json(self.text, &Limits::default());
            chart.map(Arc::new).map_err(|error| format!("chart {}: {error}", self.declaration.id))
        };
        self.chart.get_or_init(read).as_ref().map_err(|error| CommandError::Failed(error.clone()))
    }
}
