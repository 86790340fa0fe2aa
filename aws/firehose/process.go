package firehose

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose/prefix"
)

// Error output types of what processing fails.
const (
	processingFailed        = "processing-failed"
	decompressionFailed     = "decompression-failed"
	activePartitionExceeded = "activePartitionExceeded"
)

// processing is what a configuration makes of a record on its way from the spool to a lane. Whatever
// order the processors are declared in, they run as AWS runs them: de-aggregation, decompression,
// extraction of log messages, the function, the partition keys. (A delimiter is put in at delivery.)
type processing struct {
	version    int    // of the configuration
	apart      string // how records are taken apart
	decompress bool
	messages   bool // of CloudWatch Logs
	lambda     *transform
	query      *query
	// The keys that the prefix asks for, where the destination is partitioned.
	queryKeys, lambdaKeys []string
	literal               int // bytes of the evaluated prefix without them
}

// unit is one record on its way through the processors.
type unit struct {
	raw   *hydrant.Record // in the spool
	sub   int             // which of those taken out of it
	input []byte          // as it was put; error objects show this
	data  []byte          // as it has become

	outcome   outcome
	keys      map[string]string // partition keys a function gave
	partition string

	errorType, code, message string
	attempts                 int
	ended                    int64
	function                 string
}

// fail ends the way of a record.
func (u *unit) fail(errorType, code, message string, attempts int) {
	u.outcome, u.errorType, u.code, u.message = failed, errorType, code, message
	u.attempts, u.ended = attempts, time.Now().UnixMilli()
}

func (s *Service) newProcessing(v *state) (*processing, error) {
	d := &v.Destination
	p := &processing{version: v.Version}
	for _, c := range activeProcessors(d) { // a stage that is declared twice runs once
		switch c.Type {
		case deaggregation:
			p.apart = c.apart()
		case decompression:
			p.decompress = true
		case cloudWatchLogs:
			p.messages = c.parameter("DataMessageExtraction") == "true"
		case lambdaProcessor:
			p.lambda = s.newTransform(v, c)
		case metadataExtract:
			q, err := newQuery(c.parameter("MetadataExtractionQuery"))
			if err != nil {
				return nil, &failure{"DynamicPartitioning.InvalidQuery", "The metadata extraction query is invalid.", err}
			}
			p.query = q
		}
	}
	if isTrue(partitioning(d)) {
		parsed, err := prefix.Parse(prefix.Data, deref(d.Prefix))
		if err != nil {
			return nil, &failure{"InternalError", "The prefix could not be evaluated.", err}
		}
		p.queryKeys, p.lambdaKeys = parsed.PartitionKeys()
		p.literal = len(parsed.DataKeyPrefix(prefix.Vars{Time: time.Now(), Random: randomString}))
	}
	return p, nil
}

// stages reports whether a destination has records processed before they are delivered.
func stages(d *ExtendedS3DestinationConfiguration) bool {
	for _, c := range activeProcessors(d) {
		if c.Type != appendDelimiter {
			return true
		}
	}
	return isTrue(partitioning(d))
}

func (p *processing) partitioned() bool { return len(p.queryKeys)+len(p.lambdaKeys) > 0 }

// hints tell when a round is due. Without a function there is nothing to wait for.
func (p *processing) hints() (size int64, interval time.Duration) {
	if p.lambda == nil {
		return scanPage, 0
	}
	return p.lambda.size, p.lambda.interval
}

// run processes records. An error means that none of them has an outcome, and that it is worth
// trying again.
func (p *processing) run(ctx context.Context, v *state, units []*unit) error {
	if p.decompress {
		for _, u := range units {
			u.decompress(p.messages)
		}
	}
	if p.lambda != nil {
		if err := p.lambda.run(ctx, v, units); err != nil {
			return err
		}
	}
	if !p.partitioned() {
		return nil
	}
	began := time.Now()
	for _, u := range units {
		if u.outcome == good {
			p.partition(ctx, u)
		}
	}
	if p.query != nil && len(units) > 0 {
		p.query.took = time.Since(began)
	}
	return ctx.Err()
}

// token waits for leave to hold the records of a round in memory. Functions may take minutes: who
// waits for one does not keep those from their work that need only a moment.
func (s *Service) token(ctx context.Context, slow bool) (release func(), err error) {
	tokens := s.turns.sound
	if slow {
		tokens = s.transforms
	}
	select {
	case tokens <- struct{}{}:
		return func() { <-tokens }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
