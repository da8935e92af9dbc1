#include "control/metrics/families.h"

#include <limits>

namespace understudy::control {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

ClientMetric Labelled(std::initializer_list<Label> labels) {
  ClientMetric sample;
  sample.label.reserve(labels.size());
  for (const auto& [name, value] : labels) {
    sample.label.push_back({std::string(name), std::string(value)});
  }
  return sample;
}

}  // namespace

ClientMetric Counter(double value, std::initializer_list<Label> labels) {
  ClientMetric sample = Labelled(labels);
  sample.counter.value = value;
  return sample;
}

ClientMetric Gauge(double value, std::initializer_list<Label> labels) {
  ClientMetric sample = Labelled(labels);
  sample.gauge.value = value;
  return sample;
}

ClientMetric Sample(const Histogram& histogram, std::initializer_list<Label> labels) {
  ClientMetric sample = Labelled(labels);
  uint64_t total = 0;
  for (size_t i = 0; i < histogram.counts().size(); ++i) {
    total += histogram.counts()[i];
    const bool last = i == histogram.bounds_s().size();
    sample.histogram.bucket.push_back(
        {total, last ? std::numeric_limits<double>::infinity() : histogram.bounds_s()[i]});
  }
  sample.histogram.sample_count = total;
  sample.histogram.sample_sum = histogram.sum_s();
  return sample;
}

prometheus::MetricFamily CounterFamily(const char* name, const char* help, Samples samples) {
  return {name, help, MetricType::Counter, std::move(samples)};
}

prometheus::MetricFamily GaugeFamily(const char* name, const char* help, Samples samples) {
  return {name, help, MetricType::Gauge, std::move(samples)};
}

double Age_s(uint64_t since_ns, uint64_t now_ns) {
  return now_ns > since_ns ? static_cast<double>(now_ns - since_ns) / 1e9 : 0;
}

}  // namespace understudy::control
