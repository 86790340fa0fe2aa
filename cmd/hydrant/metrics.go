package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/wire"
)

// metrics is what /metrics tells: calls as the wire saw them, and what the rooms count themselves.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hydrant_calls_total", Help: "Calls answered, by service, operation and error code (empty: success)."},
			[]string{"service", "operation", "status", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hydrant_call_seconds", Help: "Time from the request's head to the end of its reply.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}},
			[]string{"service", "operation"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hydrant_call_bytes_total", Help: "Bytes of bodies, by direction (in, out)."},
			[]string{"service", "operation", "direction"}),
	}
	m.registry.MustRegister(m.calls, m.seconds, m.bytes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// done counts one call.
func (m *metrics) done(c *wire.Call, status int, code string, d time.Duration, in, out int64) {
	m.calls.WithLabelValues(c.Service, c.Op, strconv.Itoa(status), code).Inc()
	m.seconds.WithLabelValues(c.Service, c.Op).Observe(d.Seconds())
	m.bytes.WithLabelValues(c.Service, c.Op, "in").Add(float64(in))
	m.bytes.WithLabelValues(c.Service, c.Op, "out").Add(float64(out))
}

// handler tells the metrics; those of the rooms are read when asked.
func (m *metrics) handler(house func() *house) http.Handler {
	m.registry.MustRegister(&rooms{house})
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// rooms collects what the rooms of the house count.
type rooms struct{ house func() *house }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	logGroups  = desc("hydrant_log_groups_total", "Group commits of the shard log: one write and one fsync each.")
	logRecords = desc("hydrant_log_records_total", "Records committed to the shard log.")
	logBytes   = desc("hydrant_log_bytes_total", "Bytes written to the shard log.")
	logSync    = desc("hydrant_log_fsync_seconds_total", "Time spent in fsync of the shard log.")
	logCalls   = desc("hydrant_log_calls_per_fsync", "Appends that one fsync of the shard log made durable together.")
	logVolume  = desc("hydrant_log_bytes_per_fsync", "Bytes that one fsync of the shard log made durable together.")
	oldest     = desc("hydrant_firehose_oldest_undelivered_seconds", "Age of the oldest record not yet delivered.", "account", "region", "stream")
	delivered  = desc("hydrant_firehose_delivered_records_total", "Records delivered to the table's objects.", "account", "region", "stream")
	rejected   = desc("hydrant_firehose_rejected_records_total", "Records that could not be converted and went to error objects.", "account", "region", "stream")
	lag        = desc("hydrant_event_source_lag_records", "Records between a mapping's checkpoint and the end of its shard.", "uuid", "function", "shard")
)

func (r *rooms) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{logGroups, logRecords, logBytes, logSync, logCalls, logVolume, oldest, delivered, rejected, lag} {
		ch <- d
	}
}

func (r *rooms) Collect(ch chan<- prometheus.Metric) {
	h := r.house()
	if h == nil {
		return
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	st := h.records.Stats()
	counter(logGroups, float64(st.Groups))
	counter(logRecords, float64(st.Records))
	counter(logBytes, float64(st.Bytes))
	counter(logSync, st.SyncTime.Seconds())
	ch <- histogram(logCalls, st.Calls, 0, 7)
	ch <- histogram(logVolume, st.Volume, 8, 26)
	for _, b := range h.firehose.Backlogs() {
		age := 0.0
		if !b.Oldest.IsZero() {
			age = time.Since(b.Oldest).Seconds()
		}
		gauge(oldest, age, b.Scope.Account, b.Scope.Region, b.Name)
		counter(delivered, float64(b.Delivered-b.Rejected), b.Scope.Account, b.Scope.Region, b.Name)
		counter(rejected, float64(b.Rejected), b.Scope.Account, b.Scope.Region, b.Name)
	}
	progress, err := h.lambda.Progress(context.Background())
	if err != nil {
		ch <- prometheus.NewInvalidMetric(lag, err)
		return
	}
	for _, p := range progress {
		gauge(lag, float64(p.Behind), p.Mapping, p.Function, p.Shard)
	}
}

// histogram tells a spread, in buckets from 1<<from to 1<<to.
func histogram(d *prometheus.Desc, s segment.Spread, from, to int) prometheus.Metric {
	buckets := map[float64]uint64{}
	for i := from; i <= to; i++ {
		buckets[float64(uint64(1)<<i)] = s.UpTo[i]
	}
	return prometheus.MustNewConstHistogram(d, s.Count, float64(s.Sum), buckets)
}
