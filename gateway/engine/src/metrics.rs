//! Metrics behind a facade of our own, so that the library under it can be exchanged.
//!
//! Names begin with `jackfield_`. Label values come from closed sets: never an id, a number
//! somebody dialled, or a text from outside. Handles are kept, since a look-up takes a lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, TextEncoder, proto,
};

/// Seconds: from 5 ms to 10 s, with the objectives of a phone page (0.3 s) and a state (1 s).
const SECONDS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Where metrics of one process are registered.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<prometheus::Registry>,
}

/// Counts what happened.
#[derive(Clone, Debug)]
pub struct Counters(IntCounterVec);

/// Holds what is so now.
#[derive(Clone, Debug)]
pub struct Gauges(IntGaugeVec);

/// Sorts durations.
#[derive(Clone, Debug)]
pub struct Histograms(HistogramVec);

/// A histogram that is counted elsewhere and only shown here.
#[derive(Clone, Debug)]
pub struct ShownHistogram(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    desc: Desc,
    bounds: Vec<u64>,
    counts: Mutex<(Vec<u64>, u64)>,
}

/// What all metrics held at one moment.
#[derive(Clone, Debug)]
pub struct Gathered(Vec<proto::MetricFamily>);

/// Counts one thing.
#[derive(Clone, Debug)]
pub struct Counter(prometheus::IntCounter);

/// Holds one number.
#[derive(Clone, Debug)]
pub struct Gauge(prometheus::IntGauge);

/// Sorts durations of one thing.
#[derive(Clone, Debug)]
pub struct Histogram(prometheus::Histogram);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A registry of its own, so that several can live in one process.
    pub fn new() -> Self {
        Self { registry: Arc::new(prometheus::Registry::new()) }
    }

    /// The same with the process's own figures: CPU, memory, descriptors.
    pub fn with_process() -> Self {
        let metrics = Self::new();
        metrics.register(prometheus::process_collector::ProcessCollector::for_self());
        metrics
    }

    /// Counters under `name`, one for each combination of label values.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Counters {
        let counters = IntCounterVec::new(Opts::new(name, help), labels)
            .expect("names of metrics are constants that a test reads");
        self.register(counters.clone());
        Counters(counters)
    }

    /// Gauges under `name`, one for each combination of label values.
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Gauges {
        let gauges = IntGaugeVec::new(Opts::new(name, help), labels)
            .expect("names of metrics are constants that a test reads");
        self.register(gauges.clone());
        Gauges(gauges)
    }

    /// Histograms of seconds under `name`, one for each combination of label values.
    pub fn seconds(&self, name: &str, help: &str, labels: &[&str]) -> Histograms {
        let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
        let histograms = HistogramVec::new(options, labels)
            .expect("names of metrics are constants that a test reads");
        self.register(histograms.clone());
        Histograms(histograms)
    }

    /// A histogram under `name` whose classes end at `bounds`, none beyond the last.
    pub fn shown(&self, name: &str, help: &str, bounds: &[u64]) -> ShownHistogram {
        let desc = Desc::new(name.to_owned(), help.to_owned(), Vec::new(), HashMap::new())
            .expect("names of metrics are constants that a test reads");
        let counts = Mutex::new((vec![0; bounds.len()], 0));
        let shown = ShownHistogram(Arc::new(Shown { desc, bounds: bounds.to_vec(), counts }));
        self.register(shown.clone());
        shown
    }

    /// All metrics in the text format 0.0.4.
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be written");
        }
        text
    }

    /// Name and kind of every family that has a value, by name.
    pub fn families(&self) -> Vec<(String, String)> {
        let kind =
            |family: &proto::MetricFamily| format!("{:?}", family.get_field_type()).to_lowercase();
        self.registry
            .gather()
            .iter()
            .map(|family| (family.name().to_owned(), kind(family)))
            .collect()
    }

    /// What all of them hold now.
    pub fn gathered(&self) -> Gathered {
        Gathered(self.registry.gather())
    }

    fn register(&self, collector: impl Collector + 'static) {
        if let Err(error) = self.registry.register(Box::new(collector)) {
            tracing::error!(%error, "a metric is registered twice");
        }
    }
}

impl Gathered {
    /// The sum of a family's counters or gauges whose label `label` has a value that `keep` wants, or of all
    /// where no label is named; `None` where there is no such family.
    pub fn sum(&self, family: &str, label: &str, keep: impl Fn(&str) -> bool) -> Option<f64> {
        let family = self.0.iter().find(|it| it.name() == family)?;
        let is_kept = |metric: &&proto::Metric| {
            let mut labels = metric.get_label().iter();
            label.is_empty() || labels.any(|it| it.name() == label && keep(it.value()))
        };
        let values = family.get_metric().iter().filter(is_kept);
        Some(values.map(|it| it.get_counter().get_value() + it.get_gauge().get_value()).sum())
    }
}

impl Counters {
    /// The counter of these label values; it is shown from now on, with 0 at first.
    pub fn with(&self, values: &[&str]) -> Counter {
        Counter(self.0.get_metric_with_label_values(values).expect("label values match the labels"))
    }
}

impl Gauges {
    /// The gauge of these label values.
    pub fn with(&self, values: &[&str]) -> Gauge {
        Gauge(self.0.get_metric_with_label_values(values).expect("label values match the labels"))
    }
}

impl Gauges {
    /// No longer shows the gauge of these label values; what it stood for is gone.
    pub fn forget(&self, values: &[&str]) {
        // One that was never shown is not shown now either.
        let _ = self.0.remove_label_values(values);
    }
}

impl Histograms {
    /// The histogram of these label values.
    pub fn with(&self, values: &[&str]) -> Histogram {
        Histogram(
            self.0.get_metric_with_label_values(values).expect("label values match the labels"),
        )
    }
}

impl ShownHistogram {
    /// Shows what was counted so far in each class, and the sum of all that was sorted in.
    pub fn set(&self, counts: &[u64], sum: u64) {
        let counts = (counts.to_vec(), sum);
        *self.0.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }
}

impl Collector for ShownHistogram {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0.desc]
    }

    #[expect(clippy::cast_precision_loss, reason = "the library counts in floating point")]
    fn collect(&self) -> Vec<proto::MetricFamily> {
        let (counts, sum) = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut total = 0;
        let mut buckets = Vec::new();
        for (bound, count) in self.0.bounds.iter().zip(counts) {
            total += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(*bound as f64);
            bucket.set_cumulative_count(total);
            buckets.push(bucket);
        }
        let mut histogram = proto::Histogram::default();
        histogram.set_sample_count(total);
        histogram.set_sample_sum(sum as f64);
        histogram.set_bucket(buckets);
        let mut metric = proto::Metric::from_label(Vec::new());
        metric.set_histogram(histogram);
        let mut family = proto::MetricFamily::default();
        family.set_name(self.0.desc.fq_name.clone());
        family.set_help(self.0.desc.help.clone());
        family.set_field_type(proto::MetricType::HISTOGRAM);
        family.set_metric(vec![metric]);
        vec![family]
    }
}

impl Counter {
    /// Counts one.
    pub fn increment(&self) {
        self.0.inc();
    }

    /// Counts several.
    pub fn add(&self, count: u64) {
        self.0.inc_by(count);
    }

    /// How many were counted.
    pub fn value(&self) -> u64 {
        self.0.get()
    }
}

impl Gauge {
    /// Sets the number.
    pub fn set(&self, value: i64) {
        self.0.set(value);
    }

    /// Adds to the number.
    pub fn add(&self, value: i64) {
        self.0.add(value);
    }

    /// The number.
    pub fn value(&self) -> i64 {
        self.0.get()
    }
}

impl Histogram {
    /// Sorts one duration in.
    pub fn observe(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_gathered_is_summed_by_label() {
        let metrics = Metrics::new();
        let counters = metrics.counters("some_pushes_total", "Pushes.", &["result"]);
        counters.with(&["ok"]).add(5);
        counters.with(&["refused"]).add(2);
        counters.with(&["no_answer"]).add(1);
        metrics.gauges("some_level", "Level.", &[]).with(&[]).set(7);
        let gathered = metrics.gathered();
        assert_eq!(gathered.sum("some_pushes_total", "", |_| true), Some(8.0));
        assert_eq!(gathered.sum("some_pushes_total", "result", |it| it != "ok"), Some(3.0));
        assert_eq!(gathered.sum("some_level", "", |_| true), Some(7.0));
        assert_eq!(gathered.sum("jackfield_other", "", |_| true), None);
    }

    #[test]
    fn a_histogram_that_is_counted_elsewhere_is_shown_as_any_other() {
        let metrics = Metrics::new();
        let shown = metrics.shown("jackfield_sizes", "Sizes.", &[1, 4]);
        shown.set(&[3, 2], 9);
        let text = String::from_utf8(metrics.text()).unwrap();
        let expected = "# HELP jackfield_sizes Sizes.\n\
                        # TYPE jackfield_sizes histogram\n\
                        jackfield_sizes_bucket{le=\"1\"} 3\n\
                        jackfield_sizes_bucket{le=\"4\"} 5\n\
                        jackfield_sizes_bucket{le=\"+Inf\"} 5\n\
                        jackfield_sizes_sum 9\n\
                        jackfield_sizes_count 5\n";
        assert_eq!(text, expected);
    }
}
